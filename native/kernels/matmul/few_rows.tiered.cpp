#include "kernels/matmul/few_rows_template.h"

namespace pope::POPE_ISA {

extern const FewRowsKernels<float> few_rows_kernels;
const FewRowsKernels<float> few_rows_kernels = FewRows<Floats>::kernels;

extern const FewRowsKernels<uint16_t> bf16_few_rows_kernels;
const FewRowsKernels<uint16_t> bf16_few_rows_kernels = FewRows<WidenedBf16>::kernels;

}  // namespace pope::POPE_ISA
