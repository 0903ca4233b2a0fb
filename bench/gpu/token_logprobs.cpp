// token_logprobs and its gradient, by vocabulary. Limits: each logit is read once; for the gradient read and written once.
#include <algorithm>
#include <deque>

#include "bench.h"
#include "kernels/token_logprobs/token_logprobs.cuda.h"
#include "kernels/token_logprobs/token_logprobs.h"

namespace bench {

namespace {

struct Problem {
  int64_t rows, vocab;
  int32_t dtype;

  int64_t logits() const { return rows * vocab; }
  int64_t bytes() const { return logits() * element_bytes(dtype); }
  std::string shape() const { return "[" + std::to_string(rows) + ", " + std::to_string(vocab) + "]"; }
};

struct Set {
  Memory logits;
  Array<int32_t> targets;
  Array<float> log_probs, entropies, log_sum_exp, dlog_prob, dentropy;

  Set(const Problem& problem, uint64_t seed)
      : logits(random_matrix(problem.dtype, problem.logits(), seed, 3)),
        targets(random_targets(problem.rows, problem.vocab, seed)),
        log_probs(problem.rows),
        entropies(problem.rows),
        log_sum_exp(problem.rows),
        dlog_prob(read_floats(random_matrix(POPE_F32, problem.rows, seed + 100, 1), POPE_F32, problem.rows)),
        dentropy(read_floats(random_matrix(POPE_F32, problem.rows, seed + 200, 1), POPE_F32, problem.rows)) {}

  pope_token_logprobs_args forward(const Problem& p) const {
    pope_token_logprobs_args args{};
    args.dtype = p.dtype;
    args.rows = p.rows;
    args.vocab = p.vocab;
    args.logits = logits.as<void>();
    args.targets = targets.data();
    args.log_probs = log_probs.data();
    args.entropies = entropies.data();
    args.log_sum_exp = log_sum_exp.data();
    return args;
  }

  pope_token_logprobs_grad_args gradient(const Problem& p, void* to) const {
    pope_token_logprobs_grad_args args{};
    args.dtype = p.dtype;
    args.rows = p.rows;
    args.vocab = p.vocab;
    args.logits = logits.as<void>();
    args.targets = targets.data();
    args.log_prob_gradient = dlog_prob.data();
    args.entropy_gradient = dentropy.data();
    args.logits_gradient = to;
    return args;
  }
};

// The GPU against the CPU backend on the first rows; the gradient is formed in the place of the logits.
void check(Report& report, const Problem& whole) {
  const Problem p{std::min<int64_t>(whole.rows, 32), whole.vocab, whole.dtype};
  const Set set(p, 7);
  Stream& stream = report.stream();
  pope::ThreadPool& pool = pope::ThreadPool::shared();

  const std::vector<uint8_t> logits = read_bytes(set.logits, p.bytes());
  const std::vector<int32_t> targets = set.targets.read();
  const std::vector<float> g = set.dlog_prob.read(), h = set.dentropy.read();
  std::vector<float> log_probs(p.rows), entropies(p.rows);
  pope_token_logprobs_args args = set.forward(p);
  pope::cuda::token_logprobs(args, stream);
  args.logits = logits.data();
  args.targets = targets.data();
  args.log_probs = log_probs.data();
  args.entropies = entropies.data();
  args.log_sum_exp = nullptr;
  pope::token_logprobs(args, pool);

  Memory expected_gradient(p.bytes());
  std::vector<uint8_t> gradient(p.bytes());
  pope_token_logprobs_grad_args backward = set.gradient(p, set.logits.as<void>());
  pope::cuda::token_logprobs_grad(backward, stream);
  backward.logits = logits.data();
  backward.targets = targets.data();
  backward.log_prob_gradient = g.data();
  backward.entropy_gradient = h.data();
  backward.logits_gradient = gradient.data();
  pope::token_logprobs_grad(backward, {}, pool);
  require(cudaMemcpy(expected_gradient.as<void>(), gradient.data(), gradient.size(), cudaMemcpyHostToDevice), "a copy");

  stream.wait();
  const std::string name = std::string("token_logprobs ") + dtype_name(p.dtype);
  report.check(name, p.shape(), set.log_probs.read(), log_probs, 1e-5);
  report.check(name + ", entropy", p.shape(), set.entropies.read(), entropies, 1e-5);
  report.check(name + ", gradient", p.shape(), read_floats(set.logits, p.dtype, p.logits()),
               read_floats(expected_gradient, p.dtype, p.logits()), p.dtype == POPE_F32 ? 1e-5 : 2e-3);
}

void time(Report& report, const Problem& p) {
  Stream& stream = report.stream();
  const int count = sets_past_cache(stream, p.bytes());
  std::deque<Set> sets;
  for (int i = 0; i < count; ++i) sets.emplace_back(p, static_cast<uint64_t>(i) + 1);
  const Memory gradient(p.bytes());
  const double bytes = static_cast<double>(p.bytes());
  Row row{.group = "token_logprobs", .name = "log-prob + entropy", .shape = p.shape(), .dtype = dtype_name(p.dtype),
          .bytes = bytes};
  row.ms = median_ms(stream, count, [&](int i) { pope::cuda::token_logprobs(sets[i].forward(p), stream); });
  report.add(row);
  row.name = "their gradient";
  row.bytes = 2 * bytes;
  row.ms = median_ms(stream, count, [&](int i) {
    pope::cuda::token_logprobs_grad(sets[i].gradient(p, gradient.as<void>()), stream);
  });
  report.add(row);
}

}  // namespace

void bench_token_logprobs(Report& report, const Options& options) {
  for (const int32_t dtype : {POPE_BF16, POPE_F32}) {
    for (const int64_t vocab : {32000, 128256, 151936, 32064}) {
      const Problem problem{options.small ? 3 : 8192, options.small ? vocab / 31 : vocab, dtype};
      options.timing ? time(report, problem) : check(report, problem);
    }
  }
}

}  // namespace bench
