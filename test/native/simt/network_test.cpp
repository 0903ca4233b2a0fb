// The kernels of the network, of sampling and of the optimizer against their references in double, in heap blocks of exact
// size: what they compute is held closer by the op tests, here the sanitizers look on. Every shape exists twice, with
// widths that four floats at a time divide and with others.
#include <vector>

#include "cuda/device.h"
#include "kernel_check.h"
#include "kernels/activation/activation.cuda.h"
#include "kernels/activation/activation.reference.h"
#include "kernels/decode/scatter_rows.cuda.h"
#include "kernels/decode/scatter_rows.reference.h"
#include "kernels/elementwise/accumulate.reference.h"
#include "kernels/elementwise/add.cuda.h"
#include "kernels/elementwise/add.reference.h"
#include "kernels/elementwise/columns.cuda.h"
#include "kernels/elementwise/columns.reference.h"
#include "kernels/elementwise/columns_backward.reference.h"
#include "kernels/elementwise/dropout.cuda.h"
#include "kernels/elementwise/dropout.reference.h"
#include "kernels/embedding/add_rows.cuda.h"
#include "kernels/embedding/add_rows.reference.h"
#include "kernels/embedding/gather_rows.cuda.h"
#include "kernels/embedding/gather_rows.reference.h"
#include "kernels/matmul/matmul.cuda.h"
#include "kernels/matmul/matmul.reference.h"
#include "kernels/matmul/matmul_backward.reference.h"
#include "kernels/norm/layer_norm.reference.h"
#include "kernels/norm/layer_norm_backward.reference.h"
#include "kernels/norm/norm.cuda.h"
#include "kernels/norm/rms_norm.reference.h"
#include "kernels/norm/rms_norm_backward.reference.h"
#include "kernels/optimizer/adamw.reference.h"
#include "kernels/optimizer/optimizer.cuda.h"
#include "kernels/optimizer/squared_sum.reference.h"
#include "kernels/rope/rope.cuda.h"
#include "kernels/rope/rope.reference.h"
#include "kernels/sampling/sample.cuda.h"
#include "kernels/sampling/sample.reference.h"
#include "pope.h"

using namespace pope;

namespace {

// The same numbers for a kernel and for its reference; without a seed NaN, which both must overwrite.
struct Numbers {
  HeapArray<float> kernel;
  HeapArray<double> exact;

  explicit Numbers(int64_t count) : kernel(count), exact(count) {}
  Numbers(int64_t count, uint64_t seed)
      : kernel(count, [seed](int64_t i) { return random_number(i, seed); }),
        exact(count, [this](int64_t i) { return kernel[i]; }) {}

  float* f() const { return kernel.data(); }
  double* d() const { return exact.data(); }
  void check(const char* what) const {
    const HeapArray<double> values(kernel.count(), [this](int64_t i) { return kernel[i]; });
    check_close(what, values, exact, {2e-5, 2e-5});
  }
};

HeapArray<int32_t> spread(int64_t count, int64_t below) {
  return HeapArray<int32_t>(count, [below](int64_t i) { return (i * i + below - 1) % below; });
}

void elementwise(cuda::Stream& stream, int64_t n) {
  const Numbers a(n, 1), b(n, 2), c(n, 3), sum(n), filled(n), gated(n), bent(n);
  reference::add(a.d(), b.d(), sum.d(), n);
  cuda::add(a.f(), b.f(), sum.f(), n, stream);
  sum.check("add");
  reference::accumulate(a.d(), sum.d(), n, 0.5);
  cuda::accumulate(a.f(), sum.f(), n, 0.5f, stream);
  sum.check("accumulate");
  reference::fill(filled.d(), n, 3.0);
  cuda::fill(filled.f(), n, 3.0f, stream);
  filled.check("fill");
  reference::swiglu(a.d(), b.d(), gated.d(), n);
  cuda::swiglu(a.f(), b.f(), gated.f(), POPE_F32, n, stream);
  gated.check("swiglu");
  reference::swiglu_backward(a.d(), b.d(), c.d(), gated.d(), sum.d(), n);
  cuda::swiglu_backward(a.f(), b.f(), c.f(), gated.f(), sum.f(), n, stream);
  gated.check("swiglu_backward, gate");
  sum.check("swiglu_backward, up");
  reference::gelu_tanh(a.d(), bent.d(), n);
  cuda::gelu(a.f(), bent.f(), POPE_F32, n, GeluForm::tanh, stream);
  bent.check("gelu");
  reference::gelu_erf_backward(a.d(), b.d(), bent.d(), n);
  cuda::gelu_backward(a.f(), b.f(), bent.f(), n, GeluForm::erf, stream);
  bent.check("gelu_backward");
}

void matrices(cuda::Stream& stream, int64_t rows, int64_t width) {
  const int64_t count = rows * width, start = width / 4, part = width / 2;
  const Numbers x(count, 1), weight(width, 2), bias(width, 3), dy(count, 4), y(count), dweight(width, 5), dbias(width, 6);
  reference::rms_norm(x.d(), weight.d(), y.d(), rows, width, 1e-5);
  cuda::rms_norm(x.f(), weight.f(), y.f(), POPE_F32, rows, width, 1e-5, stream);
  y.check("rms_norm");
  reference::rms_norm_backward(x.d(), weight.d(), dy.d(), y.d(), dweight.d(), rows, width, 1e-5);
  cuda::rms_norm_backward(x.f(), weight.f(), dy.f(), y.f(), dweight.f(), rows, width, 1e-5, stream);
  y.check("rms_norm_backward");
  reference::layer_norm(x.d(), weight.d(), bias.d(), y.d(), rows, width, 1e-5);
  cuda::layer_norm(x.f(), weight.f(), bias.f(), y.f(), POPE_F32, rows, width, 1e-5, stream);
  y.check("layer_norm");
  reference::layer_norm_backward(x.d(), weight.d(), dy.d(), y.d(), dweight.d(), dbias.d(), rows, width, 1e-5);
  cuda::layer_norm_backward(x.f(), weight.f(), dy.f(), y.f(), dweight.f(), dbias.f(), rows, width, 1e-5, stream);
  y.check("layer_norm_backward");
  dweight.check("the gradients of both weights");
  reference::bias_gradient(dy.d(), dbias.d(), rows, width);
  cuda::bias_gradient(dy.f(), dbias.f(), rows, width, stream);
  dbias.check("the gradients of both biases");

  const Numbers taken(rows * part);
  reference::columns(x.d(), taken.d(), rows, width, start, part);
  cuda::columns(x.f(), taken.f(), rows, width, start, part, stream);
  taken.check("columns");
  reference::columns_backward(taken.d(), y.d(), rows, width, start, part);
  cuda::columns_backward(taken.f(), y.f(), rows, width, start, part, stream);
  y.check("columns_backward");
  const HeapArray<int32_t> places = spread(3 * rows, 1000);
  const DropoutMask mask{5, 6, 0.7f};
  reference::dropout(x.d(), places.data(), y.d(), rows, width, mask);
  cuda::dropout(x.f(), places.data(), y.f(), rows, width, mask, stream);
  y.check("dropout");
}

void rows_by_index(cuda::Stream& stream, int64_t rows, int64_t width, int64_t count) {
  const Numbers table(rows * width, 1), taken(count * width), gradient(rows * width, 2);
  const HeapArray<int32_t> index = spread(count, rows);
  reference::gather_rows("gather_rows", table.d(), POPE_F32, index.data(), taken.d(), rows, width, count);
  cuda::gather_rows("gather_rows", table.f(), POPE_F32, index.data(), taken.f(), rows, width, count, stream);
  taken.check("gather_rows");
  reference::add_rows("add_rows", taken.d(), index.data(), gradient.d(), rows, width, count);
  cuda::add_rows("add_rows", taken.f(), index.data(), gradient.f(), rows, width, count, stream);
  gradient.check("add_rows");
  const ScatterShape shape{count, width, rows};
  reference::scatter_rows(taken.d(), index.data(), gradient.d(), POPE_F32, shape);
  cuda::scatter_rows(taken.f(), index.data(), gradient.f(), POPE_F32, shape, stream);
  gradient.check("scatter_rows");
  CHECK(!refusal(stream));
  if (count == 0) return;
  index[count - 1] = static_cast<int32_t>(rows);
  cuda::gather_rows("gather_rows", table.f(), POPE_F32, index.data(), taken.f(), rows, width, count, stream);
  check_refused(stream, Status::out_of_range, count - 1);
  cuda::add_rows("add_rows", taken.f(), index.data(), gradient.f(), rows, width, count, stream);
  check_refused(stream, Status::out_of_range, count - 1);
  cuda::scatter_rows(taken.f(), index.data(), gradient.f(), POPE_F32, shape, stream);
  check_refused(stream, Status::out_of_range, count - 1);
}

void rotation(cuda::Stream& stream, const RopeShape& shape) {
  const int64_t count = shape.rows * shape.heads * shape.head, angles = shape.table * shape.rotary / 2;
  const Numbers x(count, 1), cos(angles, 2), sin(angles, 3), y(count);
  const HeapArray<int32_t> positions = spread(shape.rows, shape.table);
  reference::rope(x.d(), positions.data(), cos.d(), sin.d(), y.d(), shape);
  cuda::rope(x.f(), positions.data(), cos.f(), sin.f(), y.f(), shape, stream);
  y.check("rope");
  reference::rope_backward(x.d(), positions.data(), cos.d(), sin.d(), y.d(), shape);
  cuda::rope_backward(x.f(), positions.data(), cos.f(), sin.f(), y.f(), shape, stream);
  y.check("rope_backward");
}

void product_with_bias(cuda::Stream& stream, const MatmulShape& shape) {
  const auto [m, n, k, transposed] = shape;
  const Numbers a(m * k, 1), b(n * k, 2), bias(n, 3), c(m * n), dw(n * k, 4);
  reference::matmul(a.d(), b.d(), bias.d(), c.d(), m, n, k, transposed);
  cuda::matmul(a.f(), b.f(), POPE_F32, bias.f(), c.f(), shape, stream);
  c.check("matmul");
  reference::matmul_weight_gradient(c.d(), a.d(), dw.d(), m, n, k, transposed);
  cuda::matmul_weight_gradient(c.f(), a.f(), POPE_F32, dw.f(), shape, stream);
  dw.check("matmul_weight_gradient");
}

void optimizer(cuda::Stream& stream, const std::vector<int64_t>& sizes) {
  std::vector<Numbers> arrays;
  for (size_t i = 0; i < sizes.size(); ++i) {
    for (uint64_t role = 0; role < 4; ++role) arrays.emplace_back(sizes[i], 4 * i + role + 1);
    for (int64_t j = 0; j < sizes[i]; ++j) arrays.back().exact[j] = arrays.back().kernel[j] *= arrays.back().kernel[j];
  }
  std::vector<GradientPart<float>> kernel_parts;
  std::vector<GradientPart<double>> parts;
  std::vector<AdamwParameter<float>> kernel_parameters;
  std::vector<AdamwParameter<double>> parameters;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const Numbers *g = &arrays[4 * i], *p = g + 1, *m = g + 2, *v = g + 3;
    kernel_parts.push_back({g->f(), sizes[i]});
    parts.push_back({g->d(), sizes[i]});
    kernel_parameters.push_back({g->f(), p->f(), m->f(), v->f(), sizes[i]});
    parameters.push_back({g->d(), p->d(), m->d(), v->d(), sizes[i]});
  }
  const HeapArray<double> total(1, [](int64_t) { return 1; }), expected(1, [](int64_t) { return 1; });
  cuda::squared_sum(kernel_parts, total.data(), stream);
  reference::squared_sum<double>(parts, expected.data());
  check_close("squared_sum", total, expected, {1e-9, 1e-9});
  const AdamwOptions options{0.01, 0.9, 0.99, 1e-8, 0.1, 3, 0.5, 1};
  const HeapArray<int32_t> applied(1);
  cuda::adamw(total.data(), kernel_parameters, applied.data(), options, stream);
  CHECK(applied[0] == 1);
  reference::adamw<double>(*expected.data(), parameters, applied.data(), options);
  for (const Numbers& numbers : arrays) numbers.check("adamw");
}

void sampling(cuda::Stream& stream, int64_t rows, int64_t vocab) {
  const Numbers logits(rows * vocab, 7), log_probs(rows);
  const HeapArray<SampleCounter> counters(rows, [](int64_t i) { return SampleCounter{1, static_cast<uint32_t>(i), 2}; });
  const HeapArray<int32_t> ids(rows), expected(rows);
  const struct {
    int64_t top_k;
    double temperature, top_p;
  } rules[] = {{0, 0, 1}, {0, 0.5, 1}, {3, 1, 1}, {0, 0.3, 0.6}, {9, 0.4, 0.8}};
  for (const auto& [top_k, temperature, top_p] : rules) {
    const SampleSettings settings{rows, vocab, top_k, 11, temperature, top_p};
    reference::sample(logits.d(), counters.data(), expected.data(), log_probs.d(), settings);
    cuda::sample(logits.f(), counters.data(), ids.data(), log_probs.f(), settings, stream);
    check_close("the ids of sample", ids, expected, {0, 0});
    log_probs.check("sample");
  }
}

// Every op of the table has a kernel; one without would be refused where it is enqueued.
void work_without_a_kernel_is_refused() {
  const cuda::CudaDevice device;
  const Work on_cpu_only = [](ThreadPool&) {};
  std::optional<Error> refused;
  try {
    device.require_kernel(on_cpu_only);
  } catch (const Error& error) {
    refused.emplace(error);
  }
  CHECK(refused && refused->status == Status::unsupported);
}

}  // namespace

void test_network() {
  work_without_a_kernel_is_refused();
  cuda::Stream stream;
  elementwise(stream, brief ? 97 : 5003);
  matrices(stream, brief ? 2 : 300, brief ? 12 : 40);
  rows_by_index(stream, 7, brief ? 5 : 12, brief ? 9 : 600);
  rotation(stream, {2, 2, 12, 8, 5});
  product_with_bias(stream, {3, 5, 9, true});
  optimizer(stream, {5, 0, brief ? 40 : 8197});
  sampling(stream, 2, brief ? 70 : 1000);
  if (brief) return;
  elementwise(stream, 0);
  elementwise(stream, 8);
  matrices(stream, 0, 3);
  matrices(stream, 1, 1);
  matrices(stream, 3, 1029);
  matrices(stream, 2, 1032);
  rows_by_index(stream, 5, 3, 0);
  rows_by_index(stream, 97, 33, 61);
  rotation(stream, {19, 3, 10, 10, 7});
  rotation(stream, {5, 2, 7, 0, 3});
  product_with_bias(stream, {130, 67, 12, false});
  sampling(stream, 3, 1);
  sampling(stream, 5, 97);
}
