// poisson_bootstrap against its definition in long double.
#include "kernel_check.h"
#include "kernels/bootstrap/poisson_bootstrap.cuda.h"
#include "kernels/bootstrap/poisson_bootstrap.reference.h"

using namespace pope;

namespace {

// All 16 bits, and what the bootstrap needs of their distribution: mean 1 and variance 1, exactly.
void counts_are_those_of_the_distribution() {
  int64_t total = 0, squares = 0;
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const int count = poisson_count(bits);
    CHECK(count == reference::poisson_count(bits));
    total += count;
    squares += (count - 1) * (count - 1);
  }
  CHECK(total == 0x10000 && squares == 0x10000);
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
