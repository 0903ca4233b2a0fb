// fused_head and its gradients on a GPU against all logits in double.
#include <vector>

#include "kernel_check.h"
#include "kernels/fused_head/fused_head.cuda.h"
#include "kernels/fused_head/fused_head.reference.h"
#include "kernels/fused_head/fused_head_backward.reference.h"

using namespace pope;

namespace {

struct Problem {
  FusedHeadShape shape;
  int32_t dtype;
  float scale;
  Numbers hidden{dtype, shape.rows * shape.width, 1}, weight{dtype, shape.vocab * shape.width, 2};
  // The first and last tokens of slices among them.
  HeapArray<int32_t> targets{shape.rows, [this](int64_t row) {
    return row % 3 == 0 ? (row * 7919 + shape.vocab - 1) % shape.vocab : (128 * row - row % 2 + shape.vocab) % shape.vocab;
  }};
};

struct Scores {
  HeapArray<float> log_probs, entropies, log_sum_exp;
  explicit Scores(int64_t rows) : log_probs(rows), entropies(rows), log_sum_exp(rows) {}
  FusedHeadOutputs outputs() const { return {log_probs.data(), entropies.data(), log_sum_exp.data()}; }
};

void launch(const Problem& p, const Scores& scores, cuda::Stream& stream) {
  cuda::fused_head(p.hidden.data(), p.weight.data(), p.dtype, p.targets.data(), p.scale, scores.outputs(), p.shape,
                   stream);
}

HeapArray<float> rounded(const std::vector<double>& values) {
  return HeapArray<float>(static_cast<int64_t>(values.size()), [&](int64_t i) { return values[i]; });
}

Scores forward(cuda::Stream& stream, const Problem& p) {
  const auto [rows, width, vocab] = p.shape;
  Scores scores(rows);
  launch(p, scores, stream);
  CHECK(!refusal(stream));
  std::vector<double> log_probs(rows), entropies(rows), log_sum_exp(rows);
  reference::fused_head<double>(p.hidden.exact.data(), p.weight.exact.data(), p.targets.data(), p.scale,
                                log_probs.data(), entropies.data(), log_sum_exp.data(), rows, width, vocab);
  check_close("log_probs", scores.log_probs, rounded(log_probs), {1e-5, 1e-5});
  check_close("entropies", scores.entropies, rounded(entropies), {1e-5, 1e-5});
  check_close("log_sum_exp", scores.log_sum_exp, rounded(log_sum_exp), {1e-5, 1e-5});
  return scores;
}

void backward(cuda::Stream& stream, const Problem& p, const Scores& scores, bool with_entropy, bool with_weight) {
  const auto [rows, width, vocab] = p.shape;
  const HeapArray<float> g(rows, [](int64_t i) { return random_number(i, 3); });
  const HeapArray<float> h(rows, [](int64_t i) { return random_number(i, 4); });
  HeapArray<float> dhidden(rows * width), dweight(vocab * width, [](int64_t i) { return random_number(i, 5); });
  std::vector<double> exact_g(rows), exact_h(rows), expected_dhidden(rows * width), expected_dweight(vocab * width);
  for (int64_t i = 0; i < rows; ++i) exact_g[i] = g[i], exact_h[i] = h[i];
  for (int64_t i = 0; i < vocab * width; ++i) expected_dweight[i] = dweight[i];

  cuda::fused_head_backward(
      p.hidden.data(), p.weight.data(), p.dtype, p.targets.data(),
      {scores.log_sum_exp.data(), scores.entropies.data(), g.data(), with_entropy ? h.data() : nullptr}, p.scale,
      dhidden.data(), with_weight ? dweight.data() : nullptr, p.shape, stream);
  CHECK(!refusal(stream));
  reference::fused_head_backward<double>(p.hidden.exact.data(), p.weight.exact.data(), p.targets.data(), exact_g.data(),
                                         with_entropy ? exact_h.data() : nullptr, p.scale, expected_dhidden.data(),
                                         with_weight ? expected_dweight.data() : nullptr, rows, width, vocab);
  // f32: sums in float over the vocabulary and the rows. 16 bits: each gradient of a logit is rounded, the sums are not.
  const Tolerance tolerance = p.dtype == POPE_F32   ? Tolerance{3e-5, 1e-5}
                              : p.dtype == POPE_F16 ? Tolerance{1e-3, 0x1p-10}
                                                    : Tolerance{1e-2, 0x1p-7};
  check_close("dhidden", dhidden, rounded(expected_dhidden), tolerance);
  check_close("dweight", dweight, rounded(expected_dweight), tolerance);
}

void targets_outside(cuda::Stream& stream) {
  Problem p{{4, 3, 200}, POPE_F32, 1};
  p.targets[1] = 200;
  p.targets[3] = -1;
  const Scores scores(4);
  launch(p, scores, stream);
  check_refused(stream, Status::out_of_range, 1);
  CHECK(std::isfinite(scores.log_probs[0]) && std::isfinite(scores.entropies[2]));
  CHECK(std::isnan(scores.log_probs[1]) && std::isnan(scores.log_sum_exp[3]));

  const HeapArray<float> ones(4, [](int64_t) { return 1; }), dhidden(12);
  cuda::fused_head_backward(p.hidden.data(), p.weight.data(), p.dtype, p.targets.data(),
                            {ones.data(), ones.data(), ones.data(), nullptr}, 1, dhidden.data(), nullptr, p.shape, stream);
  check_refused(stream, Status::out_of_range, 1);
  CHECK(std::isfinite(dhidden[0]) && std::isnan(dhidden[3]));
}

}  // namespace

void test_fused_head() {
  // On the host blocks have 64 rows and slices 128 tokens (fewer rows: more tokens), three of which make a group.
  const FusedHeadShape all[] = {{0, 4, 5},    {1, 1, 1},    {1, 8, 8209}, {3, 7, 511},
                                {64, 8, 128}, {65, 24, 700}, {129, 5, 131}};
  const FusedHeadShape few[] = {{2, 8, 40}};
  cuda::Stream stream;
  const auto run = [&](const FusedHeadShape& shape, int32_t dtype) {
    const Problem problem{shape, dtype, 1 / 1.3f};
    const Scores scores = forward(stream, problem);
    backward(stream, problem, scores, true, true);
    if (!brief && dtype != POPE_F16) backward(stream, problem, scores, false, false);
  };
  for (const int32_t dtype : {POPE_F32, POPE_F16, POPE_BF16}) {
    if (brief) {
      for (const FusedHeadShape& shape : few) run(shape, dtype);
    } else {
      for (const FusedHeadShape& shape : all) run(shape, dtype);
    }
  }
  if (!brief) targets_outside(stream);
}
