/* POPE: the C ABI. One native contract for Node, for ctypes and for other POPE tools.
 *
 * Rules. Every function takes one pointer to an argument structure and returns a status: POPE_OK or a negative
 * POPE_* value. `struct_size` is sizeof the structure the caller compiled; a library refuses a size it does not know.
 * Every buffer is a pointer and its number of ELEMENTS; a count that contradicts the sizes is POPE_SHAPE, never an
 * out-of-bounds access. NULL with count 0 means "not given" where the field says so. Nothing is printed, nothing exits,
 * no exception crosses. After a failure pope_last_error() describes it (thread-local, valid until the next call) and
 * pope_last_error_index() is the offending row, response or slate, or -1.
 *
 * `device` is POPE_CPU or POPE_CUDA. On the CPU `stream` must be NULL and the call returns when the work is done; on
 * CUDA the pointers are device pointers, the work is put on `stream` (a cudaStream_t; NULL is the default stream) of the
 * calling thread's current device, and the call does not wait for it. So it cannot return what only the kernels see, a
 * token outside the vocabulary or a number that is not finite: the results of that row, response or slate are NaN then.
 *
 * Formulas and their sources: docs/theory.md. Units: natural logarithms (nats).
 */
#ifndef POPE_H
#define POPE_H

#include <stdint.h>

#if defined(_WIN32)
#define POPE_EXPORT __declspec(dllexport)
#else
#define POPE_EXPORT __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define POPE_ABI_VERSION 1

enum pope_status {
  POPE_OK = 0,
  POPE_INVALID_ARGUMENT = -1, /* an unknown enum value, a negative size, a NULL that is needed */
  POPE_SHAPE = -2,            /* element counts that contradict each other */
  POPE_OUT_OF_RANGE = -3,     /* a token id outside the vocabulary, offsets that do not increase */
  POPE_NON_FINITE = -4,       /* NaN or infinity where a finite number is required */
  POPE_WEIGHT_OVERFLOW = -5,  /* log weight above 709: its exponential is not a double */
  POPE_OUT_OF_MEMORY = -6,
  POPE_UNSUPPORTED = -7,      /* a dtype or device that this build does not have */
  POPE_INTERNAL = -8
};

enum pope_device { POPE_CPU = 0, POPE_CUDA = 1 };
enum pope_dtype { POPE_F32 = 0, POPE_F16 = 1, POPE_BF16 = 2, POPE_F64 = 3 };

POPE_EXPORT int32_t pope_abi_version(void);
POPE_EXPORT const char* pope_last_error(void);
POPE_EXPORT int64_t pope_last_error_index(void);

/* ---- token log-probability, entropy and log-sum-exp of rows of logits --------------------------------------------
 * For each row z[0..vocab), target y and p = softmax(z):
 *     log_sum_exp = log sum_v exp z_v        log_prob = z_y - log_sum_exp        entropy = log_sum_exp - sum_v p_v z_v
 * One pass over the logits. A logit of -inf (a masked token) has probability 0; a row of only -inf has log_sum_exp -inf
 * and NaN else; NaN or +inf in a row gives NaN. `entropies` and `log_sum_exp` may be NULL. */
struct pope_token_logprobs_args {
  uint32_t struct_size;
  int32_t dtype; /* of logits: POPE_F32, POPE_F16 or POPE_BF16; outputs are float */
  int64_t rows, vocab;
  const void* logits;     int64_t logits_count;      /* [rows, vocab] */
  const int32_t* targets; int64_t targets_count;     /* [rows] */
  float* log_probs;       int64_t log_probs_count;   /* [rows] */
  float* entropies;       int64_t entropies_count;   /* [rows] or NULL */
  float* log_sum_exp;     int64_t log_sum_exp_count; /* [rows] or NULL */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_token_logprobs(const struct pope_token_logprobs_args*);

/* ---- its gradient with respect to the logits ---------------------------------------------------------------------
 * Given g = dJ/d log_prob and h = dJ/d entropy per row (math: docs/theory.md section 5):
 *     dJ/dz_v = g (1[v = y] - p_v) - h p_v (log p_v + H)
 * The output has the dtype of the logits and may be the same memory (in place). */
struct pope_token_logprobs_grad_args {
  uint32_t struct_size;
  int32_t dtype;
  int64_t rows, vocab;
  const void* logits;              int64_t logits_count;
  const int32_t* targets;          int64_t targets_count;
  const float* log_prob_gradient;  int64_t log_prob_gradient_count; /* [rows] */
  const float* entropy_gradient;   int64_t entropy_gradient_count;  /* [rows] or NULL */
  void* logits_gradient;           int64_t logits_gradient_count;   /* [rows, vocab] */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_token_logprobs_grad(const struct pope_token_logprobs_grad_args*);

/* ---- sums and means over the tokens of each response -------------------------------------------------------------
 * offsets[responses + 1] cut the token rows; sum and mean are accumulated in double, and 0 for an empty response. */
struct pope_sequence_reduce_args {
  uint32_t struct_size;
  int64_t responses;
  const float* values;    int64_t values_count;  /* [tokens] */
  const int64_t* offsets; int64_t offsets_count; /* [responses + 1] */
  double* sums;           int64_t sums_count;    /* [responses] or NULL */
  double* means;          int64_t means_count;   /* [responses] or NULL */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_sequence_reduce(const struct pope_sequence_reduce_args*);

/* ---- importance weights ------------------------------------------------------------------------------------------
 * Log-weights: response  l_k - l0_k;  slate  sum_k (l_k - l0_k);  geometric  (1/K) sum_k (l_k - l0_k).
 * Transforms h(w), parameter t: identity w; clip min(w, t); power w^t; shrinkage t w / (w^2 + t) (DRos);
 * sub-Gaussian w / (1 - t + t w). A log-weight above 709 is POPE_WEIGHT_OVERFLOW unless the transform is clip; the
 * error's index is that of the log-weight: the response's or the slate's.
 * `derivatives` receive w h'(w) = dh/d log w (clip: 0 above t). All in double. */
enum pope_weight_level { POPE_RESPONSE_WEIGHT = 0, POPE_SLATE_WEIGHT = 1, POPE_GEOMETRIC_WEIGHT = 2 };
enum pope_transform {
  POPE_IDENTITY = 0,
  POPE_CLIP = 1,        /* t > 0 */
  POPE_POWER = 2,       /* 0 <= t <= 1 */
  POPE_SHRINKAGE = 3,   /* t > 0 */
  POPE_SUB_GAUSSIAN = 4 /* 0 <= t <= 1 */
};
struct pope_weights_args {
  uint32_t struct_size;
  int32_t level, transform;
  double transform_parameter;
  int64_t slates;
  const double* log_prob;         int64_t log_prob_count;         /* [M] l, already divided by Z */
  const double* logging_log_prob; int64_t logging_log_prob_count; /* [M] l0 */
  const int32_t* slate_offsets;   int64_t slate_offsets_count;    /* [slates + 1] */
  double* log_weights;            int64_t log_weights_count;      /* [M] for response, else [slates]; or NULL */
  double* weights;                int64_t weights_count;          /* same */
  double* derivatives;            int64_t derivatives_count;      /* same, or NULL */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_weights(const struct pope_weights_args*);

/* ---- the value of a log under the target policy (docs/theory.md sections 3 and 4) -----------------------------------
 * Reward of a response, with d_k = -l_k, or the given entropy H_k when `entropy` is not NULL:
 *     expected  pi_k [lambda_cu r_k + lambda_div d_k]      soft  lambda_cu r_k + lambda_div d_k
 *     gated     r_k [lambda_cu + lambda_div d_k]           with pi_k = exp l_k
 * Contribution of slate i (h = transform; the bound takes none):
 *     slate  h(W_i) sum_k R_k      decomposed  sum_k h(rho_k) R_k      bound  K exp(mean_k [log rho_k + log R_k])
 * bound: K = 1: rho R, whatever its sign; else 0 when an R_k <= 0; it ignores transform and baseline. mean reduction
 * divides by K. A log-weight above 709 without clip, or a contribution beyond a double, is POPE_WEIGHT_OVERFLOW.
 * value = sum_i omega_i x_i / sum_i omega_i. Sums are compensated and do not depend on the number of threads.
 * `utilities` and `diversities` are the contributions of the two parts (bound: bounds of the parts, not additive). */
enum pope_estimator { POPE_SLATE = 0, POPE_DECOMPOSED = 1, POPE_BOUND = 2 };
enum pope_form { POPE_EXPECTED = 0, POPE_SOFT = 1, POPE_GATED = 2 };
enum pope_reduction { POPE_SUM = 0, POPE_MEAN = 1 };

struct pope_objective {
  int32_t estimator, form, transform, reduction;
  double lambda_cu, lambda_div, transform_parameter;
  double baseline; /* subtracted from R_k wherever R_k multiplies a weight derivative; coefficients only; 0 = none */
  int32_t score;   /* coefficients only: 0 exact derivative, 1 the score-function direction (slate, decomposed) */
  int32_t reserved;
};

struct pope_slate_log {
  int64_t slates;
  const double* log_prob;         int64_t log_prob_count;         /* [M] */
  const double* logging_log_prob; int64_t logging_log_prob_count; /* [M] */
  const double* reward;           int64_t reward_count;           /* [M] */
  const double* entropy;          int64_t entropy_count;          /* [M] or NULL */
  const int32_t* slate_offsets;   int64_t slate_offsets_count;    /* [slates + 1], increasing strictly */
  const double* query_weight;     int64_t query_weight_count;     /* [slates] >= 0, or NULL = 1 */
};

struct pope_slate_value_args {
  uint32_t struct_size;
  struct pope_objective objective;
  struct pope_slate_log log;
  double* contributions;    int64_t contributions_count;    /* [slates] */
  double* utilities;        int64_t utilities_count;        /* [slates] or NULL */
  double* diversities;      int64_t diversities_count;      /* [slates] or NULL */
  double* response_rewards; int64_t response_rewards_count; /* [M] R_k, or NULL */
  double* totals;           int64_t totals_count;           /* [3] value, utility, diversity, or NULL */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_slate_value(const struct pope_slate_value_args*);

/* ---- dValue / d l_k, and dValue / d H_k when an entropy is given (docs/theory.md section 5) ------------------------- */
struct pope_slate_coefficients_args {
  uint32_t struct_size;
  struct pope_objective objective;
  struct pope_slate_log log;
  double* coefficients;         int64_t coefficients_count;         /* [M] */
  double* entropy_coefficients; int64_t entropy_coefficients_count; /* [M]; needed when log.entropy is given, else NULL */
  int32_t device;
  void* stream;
};
POPE_EXPORT int32_t pope_slate_coefficients(const struct pope_slate_coefficients_args*);

#ifdef __cplusplus
}
#endif
#endif
