// libFuzzer target: every function of the C ABI with random argument structures. Each call must return a status that
// pope.h knows, describe a failure, and touch nothing outside the buffers that it was given.
#include <cstdlib>
#include <string_view>

#include "fuzz/input.h"
#include "pope.h"

namespace pope::fuzz {

namespace {

struct Call {
  Input& in;
  Memory memory;

  // Fills a pointer and its count: mostly what is expected, sometimes of another size, sometimes NULL.
  template <class T, class Fill>
  void buffer(T*& data, int64_t& count, int64_t expected, Fill fill) {
    count = in.size(expected);
    data = in.chance(24) ? nullptr : memory.array<std::remove_const_t<T>>(count, fill);
    if (!data && in.chance(2)) count = 0;
  }
  template <class T>
  void numbers(T*& data, int64_t& count, int64_t expected) {
    buffer(data, count, expected, [&](int64_t) { return in.element<std::remove_const_t<T>>(); });
  }
  template <class T>
  void optional(T*& data, int64_t& count, int64_t expected) {
    if (in.chance(2)) numbers(data, count, expected);
  }
  template <class T>
  void offsets(T*& data, int64_t& count, int64_t parts, int64_t length) {
    buffer(data, count, parts + 1, [&](int64_t i) { return in.offset<std::remove_const_t<T>>(i, parts, length); });
  }

  // Logits of two or four bytes each.
  template <class Args>
  void rows(Args& args) {
    const int64_t rows = in.below(9), vocab = in.below(70);
    args.rows = in.size(rows);
    args.vocab = in.size(vocab);
    args.dtype = in.choice(POPE_F64 + 1);
    args.logits_count = in.size(rows * vocab);
    args.logits = logits(args.dtype, args.logits_count);
    numbers(args.targets, args.targets_count, rows);
  }
  void* logits(int32_t dtype, int64_t count) {
    if (dtype == POPE_F32) return memory.array<float>(count, [&](int64_t) { return in.element<float>(); });
    return memory.array<uint16_t>(count, [&](int64_t i) { return static_cast<uint16_t>(in.below(65536) ^ i); });
  }

  // A copy of the structure that ends where its struct_size says.
  template <class Args>
  void run(int32_t (*function)(const Args*), Args& args) {
    args.struct_size = static_cast<uint32_t>(in.size(sizeof(Args)));
    args.device = in.chance(16) ? in.choice(2) : POPE_CPU;
    args.stream = in.chance(32) ? &args : nullptr;
    const size_t size = std::min<size_t>(std::max<size_t>(args.struct_size, sizeof args.struct_size), sizeof(Args));
    auto* block = static_cast<Args*>(memory.bytes(static_cast<int64_t>(size)));
    std::memcpy(block, &args, size);
    check(function(in.chance(64) ? nullptr : block));
  }

  static void check(int32_t status) {
    if (status > POPE_OK || status < POPE_INTERNAL) std::abort();
    // Nothing here needs much memory, so nothing may run out of it or be a defect that the library itself notices.
    if (status == POPE_INTERNAL || status == POPE_OUT_OF_MEMORY) std::abort();
    if (status != POPE_OK && std::string_view(pope_last_error()).size() < 8) std::abort();
  }

  void objective(pope_objective& objective) {
    objective = {.estimator = in.choice(3), .form = in.choice(3), .transform = in.choice(5), .reduction = in.choice(2),
                 .lambda_cu = in.number(), .lambda_div = in.number(), .transform_parameter = std::abs(in.number()),
                 .baseline = in.number(), .score = in.choice(2), .reserved = 0};
  }
  void log(pope_slate_log& log, int64_t slates, int64_t responses) {
    log.slates = in.size(slates);
    numbers(log.log_prob, log.log_prob_count, responses);
    numbers(log.logging_log_prob, log.logging_log_prob_count, responses);
    numbers(log.reward, log.reward_count, responses);
    optional(log.entropy, log.entropy_count, responses);
    offsets(log.slate_offsets, log.slate_offsets_count, slates, responses);
    optional(log.query_weight, log.query_weight_count, slates);
  }
};

void token_logprobs(Call call) {
  pope_token_logprobs_args args{};
  call.rows(args);
  call.numbers(args.log_probs, args.log_probs_count, args.targets_count);
  call.optional(args.entropies, args.entropies_count, args.targets_count);
  call.optional(args.log_sum_exp, args.log_sum_exp_count, args.targets_count);
  call.run(pope_token_logprobs, args);
}

void token_logprobs_grad(Call call) {
  pope_token_logprobs_grad_args args{};
  call.rows(args);
  call.numbers(args.log_prob_gradient, args.log_prob_gradient_count, args.targets_count);
  call.optional(args.entropy_gradient, args.entropy_gradient_count, args.targets_count);
  args.logits_gradient_count = call.in.size(args.logits_count);
  args.logits_gradient = call.in.chance(4) && args.logits_gradient_count == args.logits_count
                             ? const_cast<void*>(args.logits)
                             : call.logits(args.dtype, args.logits_gradient_count);
  call.run(pope_token_logprobs_grad, args);
}

void sequence_reduce(Call call) {
  pope_sequence_reduce_args args{};
  const int64_t responses = call.in.below(9), tokens = call.in.below(40);
  args.responses = call.in.size(responses);
  call.numbers(args.values, args.values_count, tokens);
  call.offsets(args.offsets, args.offsets_count, responses, tokens);
  call.optional(args.sums, args.sums_count, responses);
  call.optional(args.means, args.means_count, responses);
  call.run(pope_sequence_reduce, args);
}

void weights(Call call) {
  pope_weights_args args{};
  const int64_t slates = call.in.below(6), responses = slates * (1 + call.in.below(4));
  args.level = call.in.choice(3);
  args.transform = call.in.choice(5);
  args.transform_parameter = std::abs(call.in.number());
  args.slates = call.in.size(slates);
  call.numbers(args.log_prob, args.log_prob_count, responses);
  call.numbers(args.logging_log_prob, args.logging_log_prob_count, responses);
  call.offsets(args.slate_offsets, args.slate_offsets_count, slates, responses);
  const int64_t weights = args.level == POPE_RESPONSE_WEIGHT ? responses : slates;
  call.optional(args.log_weights, args.log_weights_count, weights);
  call.numbers(args.weights, args.weights_count, weights);
  call.optional(args.derivatives, args.derivatives_count, weights);
  call.run(pope_weights, args);
}

void slate_value(Call call) {
  pope_slate_value_args args{};
  const int64_t slates = call.in.below(6), responses = slates * (1 + call.in.below(4));
  call.objective(args.objective);
  call.log(args.log, slates, responses);
  call.numbers(args.contributions, args.contributions_count, slates);
  call.optional(args.utilities, args.utilities_count, slates);
  call.optional(args.diversities, args.diversities_count, slates);
  call.optional(args.response_rewards, args.response_rewards_count, responses);
  call.optional(args.totals, args.totals_count, 3);
  call.run(pope_slate_value, args);
}

void slate_coefficients(Call call) {
  pope_slate_coefficients_args args{};
  const int64_t slates = call.in.below(6), responses = slates * (1 + call.in.below(4));
  call.objective(args.objective);
  call.log(args.log, slates, responses);
  call.numbers(args.coefficients, args.coefficients_count, responses);
  call.optional(args.entropy_coefficients, args.entropy_coefficients_count, responses);
  call.run(pope_slate_coefficients, args);
}

}  // namespace

}  // namespace pope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pope::fuzz;
  Input in(data, size);
  constexpr void (*kFunctions[])(Call) = {token_logprobs, token_logprobs_grad, sequence_reduce,
                                          weights,        slate_value,         slate_coefficients};
  kFunctions[in.below(6)]({in, {}});
  return 0;
}
