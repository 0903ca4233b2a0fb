// What this GPU reaches at all, measured in the same run: copying memory, and multiplying matrices.
#include <cstdio>

#include "bench.h"
#include "cuda/cublaslt.h"
#include "kernels/matmul/product.cuda.h"

namespace bench {

void measure_ceilings(Report& report) {
  Stream& stream = report.stream();
  {
    constexpr int64_t kBytes = int64_t{2} << 30;
    const Memory from = random_matrix(POPE_F32, kBytes / 4, 1, 1), to(kBytes);
    const double ms = median_ms(stream, 1, [&](int) { stream.copy(to.as<void>(), from.as<void>(), kBytes); });
    report.ceilings.copy = 2.0 * kBytes / (ms * 1e-3);
    std::printf("copy: %.2f TB/s read and written\n", report.ceilings.copy * 1e-12);
  }
  constexpr int64_t kSize = 8192;
  const Memory a = random_matrix(POPE_BF16, kSize * kSize, 2, 1), b = random_matrix(POPE_BF16, kSize * kSize, 3, 1);
  const Array<float> c(kSize * kSize);
  const pope::cuda::Product square{.form = pope::cuda::ProductForm::b_transposed, .m = kSize, .n = kSize, .k = kSize,
                                   .a = a.as<void>(), .a_pitch = kSize, .b = b.as<void>(), .b_pitch = kSize,
                                   .c = c.data(), .c_pitch = kSize, .accumulate = false, .dtype = POPE_BF16};
  const double operations = 2.0 * kSize * kSize * kSize;
  const auto measure = [&](const char* name, auto multiply) {
    const double ms = median_ms(stream, 1, [&](int) { multiply(square, stream); });
    // By the library the result is the ceiling; our own product counts only where there is none.
    if (report.ceilings.matrix == 0) report.ceilings.matrix = operations / (ms * 1e-3);
    report.add({.group = "ceilings", .name = name, .shape = "8192 x 8192 x 8192", .dtype = "bf16", .ms = ms,
                .operations = operations});
  };
  if (pope::cuda::have_cublaslt()) {
    std::printf("products by %s\n", pope::cuda::cublaslt_search().library.c_str());
    measure("matrix product, cuBLASLt", pope::cuda::product);
  } else {
    for (const auto& rejection : pope::cuda::cublaslt_search().rejected) {
      std::printf("no cuBLASLt: %s: %s\n", rejection.library.c_str(), rejection.reason.c_str());
    }
  }
  measure("matrix product, own", pope::cuda::tensor_product);
}

}  // namespace bench
