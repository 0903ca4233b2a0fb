// What this GPU reaches at all, measured in the same run: copying memory, and multiplying matrices.
#include <cstdio>

#include "bench.h"
#include "cuda/cublaslt.h"
#include "kernels/matmul/product.cuda.h"

namespace bench {

void measure_ceilings(Report& report, const Options& options) {
  Stream& stream = report.stream();
  {
    const int64_t bytes = int64_t{options.small ? 1 : 2048} << 20;
    const Memory from = random_matrix(POPE_F32, bytes / 4, 1, 1), to(bytes);
    const double ms = median_ms(stream, 1, [&](int) { stream.copy(to.as<void>(), from.as<void>(), bytes); });
    report.ceilings.copy = 2.0 * static_cast<double>(bytes) / (ms * 1e-3);
    std::printf("copy: %.2f TB/s read and written\n", report.ceilings.copy * 1e-12);
  }
  const int64_t size = options.small ? 128 : 8192;
  const Memory a = random_matrix(POPE_BF16, size * size, 2, 1), b = random_matrix(POPE_BF16, size * size, 3, 1);
  const Array<float> c(size * size);
  const pope::cuda::Product square{.form = pope::cuda::ProductForm::b_transposed, .m = size, .n = size, .k = size,
                                   .a = a.as<void>(), .a_pitch = size, .b = b.as<void>(), .b_pitch = size,
                                   .c = c.data(), .c_pitch = size, .accumulate = false, .dtype = POPE_BF16};
  const double operations = 2.0 * static_cast<double>(size * size * size);
  const auto measure = [&](const char* name, auto multiply) {
    const double ms = median_ms(stream, 1, [&](int) { multiply(square, stream); });
    // By the library the result is the ceiling; our own product counts only where there is none.
    if (report.ceilings.matrix == 0) report.ceilings.matrix = operations / (ms * 1e-3);
    report.add({.group = "ceilings", .name = name, .shape = std::to_string(size) + " cubed", .dtype = "bf16", .ms = ms,
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
