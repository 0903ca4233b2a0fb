// The fused head of known models: M = 8192 rows, bf16, with entropies. Beside it the bare matrix products of the same
// shapes by cuBLASLt: one for the forward pass; for the backward pass the logits again and both gradients.
#include <cmath>

#include "bench.h"
#include "core/thread_pool.h"
#include "cuda/cublaslt.h"
#include "cuda/runtime.h"
#include "kernels/fused_head/fused_head.cuda.h"

namespace bench {

namespace {

struct Model {
  const char* name;
  int64_t width, vocab;
};
constexpr Model kModels[] = {{"Llama-3.2-1B", 2048, 128256},
                             {"Llama-3.2-3B", 3072, 128256},
                             {"Qwen3-4B", 2560, 151936},
                             {"Phi-3.5-mini", 3072, 32064},
                             {"H 4096, V 131072", 4096, 131072}};
constexpr float kScale = 0.8f;  // 1 / temperature

// The inputs of one call and its results, on the device.
struct Head {
  pope::FusedHeadShape shape;
  int32_t dtype;
  Memory hidden, weight;
  Array<int32_t> targets;
  Array<float> log_probs, entropies, log_sum_exp, dlog_prob, dentropy, dhidden, dweight;

  Head(const pope::FusedHeadShape& shape, int32_t dtype)
      : shape(shape),
        dtype(dtype),
        hidden(random_matrix(dtype, shape.rows * shape.width, 1, 1)),
        weight(random_matrix(dtype, shape.vocab * shape.width, 2, 2 / std::sqrt(static_cast<float>(shape.width)))),
        targets(random_targets(shape.rows, shape.vocab, 3)),
        log_probs(shape.rows),
        entropies(shape.rows),
        log_sum_exp(shape.rows),
        dlog_prob(read_floats(random_matrix(POPE_F32, shape.rows, 4, 1), POPE_F32, shape.rows)),
        dentropy(read_floats(random_matrix(POPE_F32, shape.rows, 5, 1), POPE_F32, shape.rows)),
        dhidden(shape.rows * shape.width),
        dweight(shape.vocab * shape.width) {
    require(cudaMemset(dweight.data(), 0, shape.vocab * shape.width * sizeof(float)), "a fill");
  }

  void forward(Stream& stream) const {
    pope::cuda::fused_head(hidden.as<void>(), weight.as<void>(), dtype, targets.data(), kScale,
                           {log_probs.data(), entropies.data(), log_sum_exp.data()}, shape, stream);
  }
  void backward(Stream& stream) const {
    pope::cuda::fused_head_backward(
        hidden.as<void>(), weight.as<void>(), dtype, targets.data(),
        {log_sum_exp.data(), entropies.data(), dlog_prob.data(), dentropy.data()}, kScale, dhidden.data(),
        dweight.data(), shape, stream);
  }
  std::string text() const {
    return "M " + std::to_string(shape.rows) + " H " + std::to_string(shape.width) + " V " + std::to_string(shape.vocab);
  }
};

// Against the f32 kernels of the CPU on the same (rounded) numbers.
void check(Report& report, const pope::FusedHeadShape& shape, int32_t dtype) {
  const Head head(shape, dtype);
  Stream& stream = report.stream();
  head.forward(stream);
  head.backward(stream);
  stream.wait();

  const int64_t rows = shape.rows, width = shape.width, vocab = shape.vocab;
  const std::vector<float> hidden = read_floats(head.hidden, dtype, rows * width);
  const std::vector<float> weight = read_floats(head.weight, dtype, vocab * width);
  const std::vector<int32_t> targets = head.targets.read();
  const std::vector<float> g = head.dlog_prob.read(), h = head.dentropy.read();
  std::vector<float> log_probs(rows), entropies(rows), log_sum_exp(rows), dhidden(rows * width), dweight(vocab * width);
  pope::ThreadPool& pool = pope::ThreadPool::shared();
  pope::fused_head(hidden.data(), weight.data(), targets.data(), kScale,
                   {log_probs.data(), entropies.data(), log_sum_exp.data()}, shape, pool);
  pope::fused_head_backward(hidden.data(), weight.data(), targets.data(),
                            {log_sum_exp.data(), entropies.data(), g.data(), h.data()}, kScale, dhidden.data(),
                            dweight.data(), shape, pool);
  const std::string name = std::string("fused_head ") + dtype_name(dtype);
  const double limit = dtype == POPE_F32 ? 1e-5 : 4e-3;  // the gradient of the logits is rounded to the dtype
  report.check(name, head.text(), head.log_probs.read(), log_probs, 1e-5);
  report.check(name + ", entropy", head.text(), head.entropies.read(), entropies, 1e-5);
  report.check(name + ", dhidden", head.text(), head.dhidden.read(), dhidden, limit);
  report.check(name + ", dweight", head.text(), head.dweight.read(), dweight, limit);
}

struct BareTimes {
  double logits = 0, gradients = 0;  // 0 without cuBLASLt
};

// One product each, bf16 results: what a head that keeps all logits would have to compute at the least.
BareTimes bare_products(Report& report, const Head& head) {
  if (!pope::cuda::have_cublaslt()) return {};
  Stream& stream = report.stream();
  const int64_t m = head.shape.rows, h = head.shape.width, v = head.shape.vocab;
  const Memory logits = random_matrix(POPE_BF16, m * v, 6, 1), dhidden(m * h * 2), dweight(v * h * 2);
  const auto time = [&](pope::cuda::CublasLtProduct product) {
    product.dtype = product.c_dtype = POPE_BF16;
    bool done = true;
    const double ms = median_ms(stream, 1, [&](int) { done = done && pope::cuda::multiply_cublaslt(product, stream); });
    return done ? ms : 0;
  };
  const double by_hidden = time({.m = m, .n = h, .k = v, .a = logits.as<void>(), .a_pitch = v,
                                 .b = head.weight.as<void>(), .b_pitch = h, .c = dhidden.as<void>(), .c_pitch = h});
  const double by_weight = time({.a_transposed = true, .m = v, .n = h, .k = m, .a = logits.as<void>(), .a_pitch = v,
                                 .b = head.hidden.as<void>(), .b_pitch = h, .c = dweight.as<void>(), .c_pitch = h});
  const double forward = time({.b_transposed = true, .m = m, .n = v, .k = h, .a = head.hidden.as<void>(), .a_pitch = h,
                               .b = head.weight.as<void>(), .b_pitch = h, .c = logits.as<void>(), .c_pitch = v});
  return {forward, by_hidden + by_weight};
}

// What the device has less after one call than before, when nothing was kept from earlier ones.
int64_t scratch_bytes(Stream& stream, const std::function<void()>& run) {
  size_t before = 0, after = 0, total = 0;
  stream.wait();
  pope::cuda::runtime::trim();
  require(cudaMemGetInfo(&before, &total), "the free memory");
  run();
  stream.wait();
  require(cudaMemGetInfo(&after, &total), "the free memory");
  return static_cast<int64_t>(before) - static_cast<int64_t>(after);
}

void time(Report& report, const Model& model, int64_t rows) {
  const Head head({rows, model.width, model.vocab}, POPE_BF16);
  Stream& stream = report.stream();
  const auto both = [&] {
    head.forward(stream);
    head.backward(stream);
  };
  const double operations = 2.0 * head.shape.rows * head.shape.width * head.shape.vocab;
  const std::string products = pope::cuda::have_cublaslt() ? "" : ", own products";
  const BareTimes bare = bare_products(report, head);

  Row row{.group = "heads", .name = model.name + std::string(", forward") + products, .shape = head.text(),
          .dtype = "bf16", .operations = operations, .bare_ms = bare.logits};
  row.ms = median_ms(stream, 1, [&](int) { head.forward(stream); });
  row.scratch_bytes = scratch_bytes(stream, [&] { head.forward(stream); });
  report.add(row);
  row.name = model.name + std::string(", + backward") + products;
  row.operations = 4 * operations;
  row.bare_ms = 2 * bare.logits + bare.gradients;
  row.ms = median_ms(stream, 1, [&](int) { both(); });
  row.scratch_bytes = scratch_bytes(stream, both);
  report.add(row);
}

}  // namespace

void bench_heads(Report& report, const Options& options) {
  if (options.timing) {
    if (options.small) return time(report, {"small", 64, 300}, 5);
    for (const Model& model : kModels) time(report, model, 8192);
    return;
  }
  for (const int32_t dtype : {POPE_BF16, POPE_F16, POPE_F32}) {
    // Rows, width and vocabulary that end inside a tile, and a width whose rows are no multiple of 16 bytes.
    check(report, {67, 200, 1003}, dtype);
    check(report, {3, 37, 307}, dtype);
    if (options.small) continue;
    check(report, {64, 2048, 32064}, dtype);
    check(report, {8200, 128, 3001}, dtype);  // more than one block of rows and several slices
  }
}

}  // namespace bench
