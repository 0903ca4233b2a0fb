// poisson_bootstrap against its definition in long double.
#include "kernel_check.h"
#include "kernels/bootstrap/poisson_bootstrap.cuda.h"
#include "kernels/bootstrap/poisson_bootstrap.reference.h"

using namespace pope;

namespace {

// Where the count changes, one word to either side.
void counts_are_those_of_the_distribution() {
  uint32_t word = 0;
  for (int count = 0; count < 13; ++count) {
    uint32_t above = 0xffffffffu;  // bisect for the first word with a larger count
    while (word < above) {
      const uint32_t middle = word + (above - word) / 2;
      if (poisson_count(middle) > count) {
        above = middle;
      } else {
        word = middle + 1;
      }
    }
    for (const uint32_t near : {word - 1, word}) CHECK(poisson_count(near) == reference::poisson_count(near));
  }
  for (int64_t i = 0; i < 10000; ++i) {
    const uint32_t any = philox({{static_cast<uint32_t>(i), 0, 0, 0}}, 5)[0];
    CHECK(poisson_count(any) == reference::poisson_count(any));
  }
}

void against_the_reference(cuda::Stream& stream, int64_t units, int64_t columns, int64_t resamples) {
  const HeapArray<double> x(units * columns, [](int64_t i) { return random_number(i, 21); });
  const HeapArray<double> sums(resamples * columns), expected(resamples * columns);
  PoissonBootstrap request{x.data(), expected.data(), units, columns, resamples, int64_t{1} << 33, 77};
  reference::poisson_bootstrap(request);
  request.sums = sums.data();
  cuda::poisson_bootstrap(request, stream);
  check_close("sums", sums, expected, {1e-11, 1e-12});
}

}  // namespace

void test_bootstrap() {
  cuda::Stream stream;
  if (brief) return against_the_reference(stream, 700, 5, 1);
  counts_are_those_of_the_distribution();
  against_the_reference(stream, 0, 2, 3);
  against_the_reference(stream, 1, 1, 1);
  against_the_reference(stream, 7, 0, 2);
  against_the_reference(stream, 5, 3, 0);
  against_the_reference(stream, 61, 1, 13);
  against_the_reference(stream, 1021, 7, 3);
  against_the_reference(stream, 4099, 4, 2);
}
