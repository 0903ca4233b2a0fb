/* The C ABI as a C program meets it: no Node, no C++. Loads the library named on the command line, checks values by hand,
 * every refusal that no op can provoke, and that the description of a failure belongs to a thread. Prints failed checks.
 * With `cuda` behind the library's name the work goes to its device POPE_CUDA, whose memory must be the host's. */
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "pope.h"

static int failures = 0;
static int32_t device = POPE_CPU;

#define CHECK(condition)                                             \
  do {                                                               \
    if (!(condition)) {                                              \
      printf("line %d: %s; last error: %s\n", __LINE__, #condition, last_error()); \
      ++failures;                                                    \
    }                                                                \
  } while (0)
#define NEAR(a, b) CHECK(fabs((a) - (b)) < 1e-6)

static int32_t (*abi_version)(void);
static const char* (*last_error)(void);
static int64_t (*last_error_index)(void);
static int32_t (*token_logprobs)(const struct pope_token_logprobs_args*);
static int32_t (*token_logprobs_grad)(const struct pope_token_logprobs_grad_args*);
static int32_t (*sequence_reduce)(const struct pope_sequence_reduce_args*);
static int32_t (*weights)(const struct pope_weights_args*);
static int32_t (*slate_value)(const struct pope_slate_value_args*);
static int32_t (*slate_coefficients)(const struct pope_slate_coefficients_args*);

static int load(const char* path) {
  /* Lazily: a Node addon's own undefined symbols are functions that nothing here calls. */
  void* library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library) {
    printf("%s\n", dlerror());
    return 0;
  }
#define LOAD(name) *(void**)&name = dlsym(library, "pope_" #name)
  LOAD(abi_version), LOAD(last_error), LOAD(last_error_index), LOAD(token_logprobs), LOAD(token_logprobs_grad);
  LOAD(sequence_reduce), LOAD(weights), LOAD(slate_value), LOAD(slate_coefficients);
#undef LOAD
  return abi_version && last_error && last_error_index && token_logprobs && token_logprobs_grad && sequence_reduce &&
         weights && slate_value && slate_coefficients;
}

/* softmax = [1/2, 1/4, 1/4] */
static const float logits[3] = {0.69314718f, 0, 0};
static const int32_t targets[1] = {0};

static void test_token_logprobs(void) {
  float log_prob = NAN, entropy = NAN, log_sum_exp = NAN;
  struct pope_token_logprobs_args args = {.struct_size = sizeof args, .device = device, .dtype = POPE_F32, .rows = 1, .vocab = 3,
                                          .logits = logits, .logits_count = 3, .targets = targets, .targets_count = 1,
                                          .log_probs = &log_prob, .log_probs_count = 1,
                                          .entropies = &entropy, .entropies_count = 1,
                                          .log_sum_exp = &log_sum_exp, .log_sum_exp_count = 1};
  CHECK(token_logprobs(&args) == POPE_OK);
  NEAR(log_prob, log(0.5));
  NEAR(entropy, 1.5 * log(2));
  NEAR(log_sum_exp, log(4));

  struct pope_token_logprobs_args bad = args;
  CHECK(token_logprobs(NULL) == POPE_INVALID_ARGUMENT);
  bad.struct_size -= 8;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT && strstr(last_error(), "struct_size"));
  bad = args, bad.device = 7;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT);
  const int32_t outside[1] = {3};
  bad = args, bad.targets = outside;
  if (device == POPE_CPU) {
    CHECK(token_logprobs(&bad) == POPE_OUT_OF_RANGE && last_error_index() == 0);
    bad = args, bad.device = POPE_CUDA;
    CHECK(token_logprobs(&bad) == POPE_UNSUPPORTED && strstr(last_error(), "CUDA"));
    bad = args, bad.stream = &args;
    CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT && strstr(last_error(), "stream"));
  } else {
    CHECK(token_logprobs(&bad) == POPE_OK && isnan(log_prob));
  }
  bad = args, bad.dtype = POPE_F64;
  CHECK(token_logprobs(&bad) == POPE_UNSUPPORTED);
  bad = args, bad.logits_count = 4;
  CHECK(token_logprobs(&bad) == POPE_SHAPE && strstr(last_error(), "token_logprobs: logits must hold 3"));
  bad = args, bad.rows = INT64_MAX;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT);
  bad = args, bad.rows = -1;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT);
  bad = args, bad.vocab = INT64_C(1) << 39, bad.rows = INT64_C(1) << 39;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT);
  bad = args, bad.logits = NULL;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT && strstr(last_error(), "NULL"));
  bad = args, bad.entropies = NULL;
  CHECK(token_logprobs(&bad) == POPE_INVALID_ARGUMENT);
  bad.entropies_count = 0;
  CHECK(token_logprobs(&bad) == POPE_OK);
}

static void test_token_logprobs_grad(void) {
  float g = 2, gradient[3] = {NAN, NAN, NAN};
  struct pope_token_logprobs_grad_args args = {.struct_size = sizeof args, .device = device, .dtype = POPE_F32, .rows = 1, .vocab = 3,
                                               .logits = logits, .logits_count = 3, .targets = targets,
                                               .targets_count = 1, .log_prob_gradient = &g, .log_prob_gradient_count = 1,
                                               .logits_gradient = gradient, .logits_gradient_count = 3};
  CHECK(token_logprobs_grad(&args) == POPE_OK);
  NEAR(gradient[0], 1);
  NEAR(gradient[1], -0.5);
  NEAR(gradient[2], -0.5);
}

static void test_sequence_reduce(void) {
  const float values[3] = {1, 2, 4};
  const int64_t offsets[3] = {0, 0, 3}, backwards[3] = {0, 2, 1};
  double sums[2], means[2];
  struct pope_sequence_reduce_args args = {.struct_size = sizeof args, .device = device, .responses = 2, .values = values,
                                           .values_count = 3, .offsets = offsets, .offsets_count = 3,
                                           .sums = sums, .sums_count = 2, .means = means, .means_count = 2};
  CHECK(sequence_reduce(&args) == POPE_OK);
  CHECK(sums[0] == 0 && sums[1] == 7 && means[0] == 0);
  NEAR(means[1], 7.0 / 3);
  args.offsets = backwards;
  if (device == POPE_CPU) {
    CHECK(sequence_reduce(&args) == POPE_OUT_OF_RANGE && last_error_index() == 1);
  } else {
    CHECK(sequence_reduce(&args) == POPE_OK && isnan(sums[1]) && isnan(means[1]));
  }
}

/* One slate with rho = [2, 1/2] and r = [0.8, 0.2], one with rho = 4 and r = 1. */
static const double log_prob[3] = {-0.69314718055994531, -1.3862943611198906, -0.69314718055994531};
static const double logging_log_prob[3] = {-1.3862943611198906, -0.69314718055994531, -2.0794415416798357};
static const double reward[3] = {0.8, 0.2, 1};
static const int32_t slate_offsets[3] = {0, 2, 3};

static void test_weights(void) {
  double slate_weights[2];
  struct pope_weights_args args = {.struct_size = sizeof args, .device = device, .level = POPE_SLATE_WEIGHT, .transform = POPE_CLIP,
                                   .transform_parameter = 3, .slates = 2, .log_prob = log_prob, .log_prob_count = 3,
                                   .logging_log_prob = logging_log_prob, .logging_log_prob_count = 3,
                                   .slate_offsets = slate_offsets, .slate_offsets_count = 3,
                                   .weights = slate_weights, .weights_count = 2};
  CHECK(weights(&args) == POPE_OK);
  NEAR(slate_weights[0], 1);
  NEAR(slate_weights[1], 3);
  args.transform = 9;
  CHECK(weights(&args) == POPE_INVALID_ARGUMENT && strstr(last_error(), "transform"));
}

static void test_objective(void) {
  double contributions[2], totals[3], coefficients[3];
  const struct pope_objective objective = {.estimator = POPE_DECOMPOSED, .form = POPE_SOFT, .lambda_cu = 1};
  const struct pope_slate_log log = {.slates = 2, .log_prob = log_prob, .log_prob_count = 3,
                                     .logging_log_prob = logging_log_prob, .logging_log_prob_count = 3,
                                     .reward = reward, .reward_count = 3,
                                     .slate_offsets = slate_offsets, .slate_offsets_count = 3};
  struct pope_slate_value_args value = {.struct_size = sizeof value, .device = device, .objective = objective, .log = log,
                                        .contributions = contributions, .contributions_count = 2,
                                        .totals = totals, .totals_count = 3};
  CHECK(slate_value(&value) == POPE_OK);
  NEAR(contributions[0], 2 * 0.8 + 0.5 * 0.2);
  NEAR(totals[0], (1.7 + 4) / 2);
  NEAR(totals[1], totals[0]);
  NEAR(totals[2], 0);
  value.log.slates = 0, value.log.slate_offsets_count = 1, value.contributions_count = 0;
  value.log.log_prob_count = value.log.logging_log_prob_count = value.log.reward_count = 0;
  CHECK(slate_value(&value) == POPE_INVALID_ARGUMENT && strstr(last_error(), "without slates"));

  struct pope_slate_coefficients_args derivative = {.struct_size = sizeof derivative, .device = device, .objective = objective, .log = log,
                                                    .coefficients = coefficients, .coefficients_count = 3};
  CHECK(slate_coefficients(&derivative) == POPE_OK);
  NEAR(coefficients[0], 0.8);
  derivative.entropy_coefficients = coefficients, derivative.entropy_coefficients_count = 3;
  CHECK(slate_coefficients(&derivative) == POPE_INVALID_ARGUMENT && strstr(last_error(), "entropy"));
}

static void* read_error_of_a_new_thread(void* message) {
  strncpy(message, last_error(), 15);
  return NULL;
}

static void test_errors_belong_to_a_thread(void) {
  char message[16] = "unread";
  pthread_t thread;
  CHECK(weights(NULL) != POPE_OK && *last_error());
  CHECK(pthread_create(&thread, NULL, read_error_of_a_new_thread, message) == 0 && pthread_join(thread, NULL) == 0);
  CHECK(*message == '\0');
}

int main(int count, char** arguments) {
  if (count < 2 || !load(arguments[1])) return 2;
  if (count > 2 && strcmp(arguments[2], "cuda") == 0) device = POPE_CUDA;
  CHECK(abi_version() == POPE_ABI_VERSION);
  test_token_logprobs();
  test_token_logprobs_grad();
  test_sequence_reduce();
  test_weights();
  test_objective();
  test_errors_belong_to_a_thread();
  return failures > 0;
}
