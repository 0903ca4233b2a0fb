/* Prints the layout of every structure of pope.h, as "structure.field offset size" and "structure size". */
#include <stddef.h>
#include <stdio.h>

#include "pope.h"

#define FIELD(structure, field) \
  printf(#structure "." #field " %zu %zu\n", offsetof(struct pope_##structure, field), sizeof(((struct pope_##structure*)0)->field));
#define BUFFER(structure, field) FIELD(structure, field) FIELD(structure, field##_count)
#define SIZE(structure) printf(#structure " %zu\n", sizeof(struct pope_##structure));
#define DEVICE(structure) FIELD(structure, device) FIELD(structure, stream) SIZE(structure)

int main(void) {
  FIELD(token_logprobs_args, struct_size) FIELD(token_logprobs_args, dtype) FIELD(token_logprobs_args, rows)
  FIELD(token_logprobs_args, vocab) BUFFER(token_logprobs_args, logits) BUFFER(token_logprobs_args, targets)
  BUFFER(token_logprobs_args, log_probs) BUFFER(token_logprobs_args, entropies) BUFFER(token_logprobs_args, log_sum_exp)
  DEVICE(token_logprobs_args)

  FIELD(token_logprobs_grad_args, struct_size) FIELD(token_logprobs_grad_args, dtype) FIELD(token_logprobs_grad_args, rows)
  FIELD(token_logprobs_grad_args, vocab) BUFFER(token_logprobs_grad_args, logits) BUFFER(token_logprobs_grad_args, targets)
  BUFFER(token_logprobs_grad_args, log_prob_gradient) BUFFER(token_logprobs_grad_args, entropy_gradient)
  BUFFER(token_logprobs_grad_args, logits_gradient) DEVICE(token_logprobs_grad_args)

  FIELD(sequence_reduce_args, struct_size) FIELD(sequence_reduce_args, responses) BUFFER(sequence_reduce_args, values)
  BUFFER(sequence_reduce_args, offsets) BUFFER(sequence_reduce_args, sums) BUFFER(sequence_reduce_args, means)
  DEVICE(sequence_reduce_args)

  FIELD(weights_args, struct_size) FIELD(weights_args, level) FIELD(weights_args, transform)
  FIELD(weights_args, transform_parameter) FIELD(weights_args, slates) BUFFER(weights_args, log_prob)
  BUFFER(weights_args, logging_log_prob) BUFFER(weights_args, slate_offsets) BUFFER(weights_args, log_weights)
  BUFFER(weights_args, weights) BUFFER(weights_args, derivatives) DEVICE(weights_args)

  FIELD(objective, estimator) FIELD(objective, form) FIELD(objective, transform) FIELD(objective, reduction)
  FIELD(objective, lambda_cu) FIELD(objective, lambda_div) FIELD(objective, transform_parameter) FIELD(objective, baseline)
  FIELD(objective, score) FIELD(objective, reserved) SIZE(objective)

  FIELD(slate_log, slates) BUFFER(slate_log, log_prob) BUFFER(slate_log, logging_log_prob) BUFFER(slate_log, reward)
  BUFFER(slate_log, entropy) BUFFER(slate_log, slate_offsets) BUFFER(slate_log, query_weight) SIZE(slate_log)

  FIELD(slate_value_args, struct_size) FIELD(slate_value_args, objective) FIELD(slate_value_args, log)
  BUFFER(slate_value_args, contributions) BUFFER(slate_value_args, utilities) BUFFER(slate_value_args, diversities)
  BUFFER(slate_value_args, response_rewards) BUFFER(slate_value_args, totals) DEVICE(slate_value_args)

  FIELD(slate_coefficients_args, struct_size) FIELD(slate_coefficients_args, objective) FIELD(slate_coefficients_args, log)
  BUFFER(slate_coefficients_args, coefficients) BUFFER(slate_coefficients_args, entropy_coefficients)
  DEVICE(slate_coefficients_args)
  return 0;
}
