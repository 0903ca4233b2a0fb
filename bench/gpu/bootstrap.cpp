// The Poisson bootstrap: 1000 resamples of 2^20 units with two columns (weighted rewards and weights). No ceiling is
// named: the work is drawing numbers, 2^30 of them.
#include <deque>

#include "bench.h"
#include "core/thread_pool.h"
#include "kernels/bootstrap/poisson_bootstrap.cuda.h"

namespace bench {

namespace {

constexpr int64_t kColumns = 2;

void check(Report& report, int64_t units, int64_t resamples) {
  const std::vector<double> x = random_doubles(units * kColumns, 1, 0, 1);
  const Array<double> device_x(x), sums(resamples * kColumns);
  std::vector<double> expected(resamples * kColumns);
  pope::cuda::poisson_bootstrap({device_x.data(), sums.data(), units, kColumns, resamples, 3, 42}, report.stream());
  pope::poisson_bootstrap({x.data(), expected.data(), units, kColumns, resamples, 3, 42}, pope::ThreadPool::shared());
  report.stream().wait();
  const std::string shape = std::to_string(units) + " units, " + std::to_string(resamples) + " resamples";
  report.check("poisson_bootstrap", shape, sums.read(), expected, 1e-12);
}

void time(Report& report, int64_t units, int64_t resamples) {
  Stream& stream = report.stream();
  std::deque<Array<double>> sets;
  const int count = sets_past_cache(stream, units * kColumns * 8);
  for (int i = 0; i < count; ++i) sets.emplace_back(random_doubles(units * kColumns, i, 0, 1));
  const Array<double> sums(resamples * kColumns);
  Row row{.group = "policy", .name = "poisson_bootstrap", .shape = std::to_string(resamples) + " of " + std::to_string(units) + " units",
           .dtype = "f64"};
  row.ms = median_ms(stream, count, [&](int i) {
    pope::cuda::poisson_bootstrap({sets[i].data(), sums.data(), units, kColumns, resamples, 0, 42}, stream);
  });
  report.add(row);
}

}  // namespace

void bench_bootstrap(Report& report, const Options& options) {
  if (options.timing) return options.small ? time(report, 256, 3) : time(report, int64_t{1} << 20, 1000);
  check(report, options.small ? 331 : 100003, options.small ? 5 : 101);
}

}  // namespace bench
