// token_logprobs and its gradient against the definitions in double.
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <utility>

#include "kernel_check.h"
#include "kernels/elementwise/narrow.reference.h"
#include "kernels/token_logprobs/token_logprobs.cuda.h"
#include "kernels/token_logprobs/token_logprobs_grad.reference.h"

using namespace pope;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Logits of any dtype in heap blocks of exact size.
struct Logits {
  int32_t dtype;
  HeapArray<float> floats;
  HeapArray<uint16_t> bits;

  template <class Value>
  Logits(int32_t dtype_, int64_t count, const Value& value)
      : dtype(dtype_), floats(dtype_ == POPE_F32 ? count : 0), bits(dtype_ == POPE_F32 ? 0 : count) {
    for (int64_t i = 0; i < floats.count(); ++i) floats[i] = static_cast<float>(value(i));
    for (int64_t i = 0; i < bits.count(); ++i) {
      bits[i] = dtype == POPE_F16 ? reference::narrow_f16(value(i)) : reference::narrow_bf16(value(i));
    }
  }
  void* data() const { return dtype == POPE_F32 ? static_cast<void*>(floats.data()) : bits.data(); }
};

struct Case {
  int64_t rows, vocab;
  Logits logits;
  HeapArray<int32_t> targets{rows, [this](int64_t row) { return (row * 31 + vocab - 1) % vocab; }};
};

// Returns the log-sum-exps.
HeapArray<float> forward(cuda::Stream& stream, const Case& c) {
  HeapArray<float> outputs[3] = {HeapArray<float>(c.rows), HeapArray<float>(c.rows), HeapArray<float>(c.rows)};
  HeapArray<float> expected[3] = {HeapArray<float>(c.rows), HeapArray<float>(c.rows), HeapArray<float>(c.rows)};
  pope_token_logprobs_args args{};
  args.dtype = c.logits.dtype;
  args.rows = c.rows;
  args.vocab = c.vocab;
  args.logits = c.logits.data();
  args.targets = c.targets.data();
  const auto run = [&](HeapArray<float>(&into)[3], const auto& kernel) {
    args.log_probs = into[0].data();
    args.entropies = into[1].data();
    args.log_sum_exp = into[2].data();
    kernel(args);
  };
  run(outputs, [&](const auto& a) { cuda::token_logprobs(a, stream); });
  run(expected, [](const auto& a) { reference::token_logprobs<double>(a); });
  CHECK(!refusal(stream));
  const char* names[] = {"log_probs", "entropies", "log_sum_exp"};
  for (int i = 0; i < 3; ++i) check_close(names[i], outputs[i], expected[i], {1e-5, 1e-5});
  return std::move(outputs[2]);
}

void backward(cuda::Stream& stream, const Case& c, bool with_entropy, bool in_place) {
  const int64_t count = c.rows * c.vocab;
  const Logits original(c.logits.dtype, count, [&](int64_t i) {
    return c.logits.dtype == POPE_F32 ? double{c.logits.floats[i]}
                                      : reference::logit_row<double>(c.logits.data(), c.logits.dtype, 0, count)[i];
  });
  const Logits output(c.logits.dtype, count, [](int64_t) { return NAN; }), expected = [&] {
    return Logits(c.logits.dtype, count, [](int64_t) { return NAN; });
  }();
  const HeapArray<float> g(c.rows, [](int64_t i) { return random_number(i, 1); });
  const HeapArray<float> h(c.rows, [](int64_t i) { return random_number(i, 2); });
  pope_token_logprobs_grad_args args{};
  args.dtype = c.logits.dtype;
  args.rows = c.rows;
  args.vocab = c.vocab;
  args.logits = original.data();
  args.targets = c.targets.data();
  args.log_prob_gradient = g.data();
  args.entropy_gradient = with_entropy ? h.data() : nullptr;
  args.logits_gradient = expected.data();
  reference::token_logprobs_grad<double>(args);
  args.logits_gradient = in_place ? original.data() : output.data();
  cuda::token_logprobs_grad(args, stream);
  CHECK(!refusal(stream));
  const Logits& got = in_place ? original : output;
  check_close("gradient", got.floats, expected.floats, {1e-5, 1e-5});
  check_close("gradient bits", got.bits, expected.bits, {1, 0});  // rounding a float differs by a pattern at most
}

void against_the_reference(cuda::Stream& stream) {
  // One, primes, no multiple of a pack, of a warp or of the block.
  const std::initializer_list<int64_t> all = {1, 2, 7, 17, 61, 1009, 1023, 1024, 4099}, few = {1031};
  for (const int32_t dtype : {POPE_F32, POPE_F16, POPE_BF16}) {
    for (const int64_t vocab : brief ? few : all) {
      const int64_t rows = brief ? 1 : 3;
      const Case c{rows, vocab, {dtype, rows * vocab, [&](int64_t i) { return 8 * random_number(i, vocab); }}};
      forward(stream, c);
      backward(stream, c, true, vocab % 2 == 0);
      if (!brief) backward(stream, c, false, vocab % 2 == 1);
    }
  }
}

void masked_and_spoiled_rows(cuda::Stream& stream) {
  forward(stream, {3, 1500, {POPE_F32, 4500, [](int64_t i) {
    const int64_t v = i % 1500;
    if (i < 1500) return v > 700 && v < 900 ? double{random_number(i, 3)} : v == 1499 ? 1.0 : -double{kInfinity};
    if (i < 3000) return v == 30 ? 1e4 : -1e4;
    return 1e4 * random_number(i, 4);
  }}});
  const HeapArray<float> spoiled =
      forward(stream, {3, 700, {POPE_F32, 2100, [](int64_t i) { return i == 33 ? NAN : i == 777 ? kInfinity : 0.5f; }}});
  CHECK(std::isnan(spoiled[0]) && std::isnan(spoiled[1]) && std::isfinite(spoiled[2]));
}

void no_rows_and_no_tokens_outside(cuda::Stream& stream) {
  forward(stream, {0, 5, {POPE_F32, 0, [](int64_t) { return 0; }}});
  Case c{4, 5, {POPE_F32, 20, [](int64_t i) { return random_number(i, 5); }}};
  c.targets[2] = 5;
  c.targets[3] = -1;
  HeapArray<float> log_probs(4);
  pope_token_logprobs_args args{};
  args.rows = 4;
  args.vocab = 5;
  args.logits = c.logits.data();
  args.targets = c.targets.data();
  args.log_probs = log_probs.data();
  cuda::token_logprobs(args, stream);
  check_refused(stream, Status::out_of_range, 2);
  CHECK(std::isfinite(log_probs[1]) && std::isnan(log_probs[2]) && std::isnan(log_probs[3]));

  HeapArray<float> gradient(20), g(4, [](int64_t) { return 1; });
  pope_token_logprobs_grad_args grad{};
  grad.rows = 4;
  grad.vocab = 5;
  grad.logits = c.logits.data();
  grad.targets = c.targets.data();
  grad.log_prob_gradient = g.data();
  grad.logits_gradient = gradient.data();
  cuda::token_logprobs_grad(grad, stream);
  check_refused(stream, Status::out_of_range, 2);
  CHECK(std::isfinite(gradient[9]) && std::isnan(gradient[10]) && std::isnan(gradient[19]));
}

}  // namespace

void test_token_logprobs() {
  cuda::Stream stream;
  against_the_reference(stream);
  if (brief) return;
  masked_and_spoiled_rows(stream);
  no_rows_and_no_tokens_outside(stream);
}
