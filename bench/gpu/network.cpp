// The kernels of the network but attention, of the optimizer and of sampling, at the sizes of Llama-3.2-1B: 8192 rows of 2048
// (in the checks fewer). All but sampling are bound by memory: every array is moved once.
#include <functional>
#include <utility>

#include "bench.h"
#include "core/thread_pool.h"
#include "kernels/activation/activation.cuda.h"
#include "kernels/embedding/add_rows.cuda.h"
#include "kernels/embedding/add_rows.h"
#include "kernels/elementwise/cast.cuda.h"
#include "kernels/norm/layer_norm.h"
#include "kernels/norm/norm.cuda.h"
#include "kernels/norm/rms_norm.h"
#include "kernels/norm/rms_norm_backward.h"
#include "kernels/optimizer/optimizer.cuda.h"
#include "kernels/rope/rope.cuda.h"
#include "kernels/sampling/sample.cuda.h"

namespace bench {

namespace {

using pope::ThreadPool;

// The same numbers on both devices.
struct Numbers {
  std::vector<float> host;
  Array<float> device;

  Numbers(int64_t count, uint64_t seed, double low = -2)
      : host(of(random_doubles(count, seed, low, 2))), device(host) {}

  void check(Report& report, const char* name, const std::string& shape) const {
    report.stream().wait();
    report.check(name, shape, device.read(), host, 1e-5);
  }

 private:
  static std::vector<float> of(const std::vector<double>& values) { return {values.begin(), values.end()}; }
};

struct Sizes {
  int64_t rows, width, vocab;
  std::string text() const { return std::to_string(rows) + " x " + std::to_string(width); }
};

void check_rows(Report& report, const Sizes& sizes) {
  const auto [rows, width, vocab] = sizes;
  Stream& stream = report.stream();
  ThreadPool& pool = ThreadPool::shared();
  const int64_t count = rows * width;
  Numbers x(count, 1), weight(width, 2), bias(width, 3), dy(count, 4), y(count, 5), dweight(width, 6);
  pope::rms_norm(x.host.data(), weight.host.data(), y.host.data(), rows, width, 1e-5, pool);
  pope::cuda::rms_norm(x.device.data(), weight.device.data(), y.device.data(), POPE_F32, rows, width, 1e-5, stream);
  y.check(report, "rms_norm", sizes.text());
  pope::rms_norm_backward(x.host.data(), weight.host.data(), dy.host.data(), y.host.data(), dweight.host.data(), rows,
                          width, 1e-5, pool);
  pope::cuda::rms_norm_backward(x.device.data(), weight.device.data(), dy.device.data(), y.device.data(),
                                dweight.device.data(), rows, width, 1e-5, stream);
  y.check(report, "rms_norm_backward", sizes.text());
  dweight.check(report, "rms_norm_backward, weight", sizes.text());
  pope::layer_norm(x.host.data(), weight.host.data(), bias.host.data(), y.host.data(), rows, width, 1e-5, pool);
  pope::cuda::layer_norm(x.device.data(), weight.device.data(), bias.device.data(), y.device.data(), POPE_F32, rows,
                         width, 1e-5, stream);
  y.check(report, "layer_norm", sizes.text());
  pope::swiglu(x.host.data(), dy.host.data(), y.host.data(), count, pool);
  pope::cuda::swiglu(x.device.data(), dy.device.data(), y.device.data(), POPE_F32, count, stream);
  y.check(report, "swiglu", sizes.text());
  pope::gelu(x.host.data(), y.host.data(), count, pope::GeluForm::erf, pool);
  pope::cuda::gelu(x.device.data(), y.device.data(), POPE_F32, count, pope::GeluForm::erf, stream);
  y.check(report, "gelu", sizes.text());

  const std::vector<int32_t> ids = random_targets(rows, vocab, 7);
  const Array<int32_t> device_ids(ids);
  Numbers table(vocab * width, 8);
  pope::add_rows("add_rows", dy.host.data(), ids.data(), table.host.data(), vocab, width, rows, pool);
  pope::cuda::add_rows("add_rows", dy.device.data(), device_ids.data(), table.device.data(), vocab, width, rows, stream);
  table.check(report, "embedding_backward", sizes.text());

  const pope::RopeShape shape{rows, width / 64, 64, 64, vocab};
  const Numbers cos(vocab * 32, 9), sin(vocab * 32, 10);
  pope::rope(x.host.data(), ids.data(), cos.host.data(), sin.host.data(), y.host.data(), shape, pool);
  pope::cuda::rope(x.device.data(), device_ids.data(), cos.device.data(), sin.device.data(), y.device.data(), shape,
                   stream);
  y.check(report, "rope", sizes.text());
}

void check_optimizer(Report& report, const Sizes& sizes) {
  const int64_t count = sizes.rows * sizes.width;
  Numbers gradient(count, 1), p(count, 2), m(count, 3), v(count, 4, 0);
  const pope::AdamwOptions options{1e-3, 0.9, 0.999, 1e-8, 0.1, 3, 1, 1};
  const Array<double> norm(std::vector<double>{4});
  const Array<int32_t> applied(1);
  int32_t on_cpu = 0;
  const std::vector<pope::AdamwParameter<float>> mine{
      {gradient.device.data(), p.device.data(), m.device.data(), v.device.data(), count}};
  const std::vector<pope::AdamwParameter<float>> host{
      {gradient.host.data(), p.host.data(), m.host.data(), v.host.data(), count}};
  pope::cuda::adamw(norm.data(), mine, applied.data(), options, report.stream());
  pope::adamw(4, host, &on_cpu, options, ThreadPool::shared());
  p.check(report, "adamw", sizes.text());
  v.check(report, "adamw, second moment", sizes.text());
}

void check_sampling(Report& report, int64_t rows, int64_t vocab) {
  const Numbers logits(rows * vocab, 11);
  std::vector<pope::SampleCounter> counters(rows);
  for (int64_t r = 0; r < rows; ++r) counters[r] = {1, static_cast<uint32_t>(r), 2};
  const Array<pope::SampleCounter> device_counters(counters);
  const Array<int32_t> ids(rows);
  Numbers log_probs(rows, 12);
  std::vector<int32_t> expected(rows);
  for (const auto& [top_k, top_p] : {std::pair<int64_t, double>{0, 1}, {50, 1}, {0, 0.9}}) {
    const pope::SampleSettings settings{rows, vocab, top_k, 5, 0.7, top_p};
    pope::sample(logits.host.data(), counters.data(), expected.data(), log_probs.host.data(), settings,
                 ThreadPool::shared());
    pope::cuda::sample(logits.device.data(), device_counters.data(), ids.data(), log_probs.device.data(), settings,
                       report.stream());
    report.stream().wait();
    const std::vector<int32_t> drawn = ids.read();
    const std::string shape = std::to_string(rows) + " x " + std::to_string(vocab);
    report.check("sample, ids", shape, std::vector<double>(drawn.begin(), drawn.end()),
                 std::vector<double>(expected.begin(), expected.end()), 0);
    log_probs.check(report, "sample, log-probabilities", shape);
  }
}

void time(Report& report, int64_t rows, int64_t width, int64_t vocab) {
  const int64_t count = rows * width;
  Stream& stream = report.stream();
  const Numbers x(count, 1), y(count, 2), z(count, 3), weight(width, 4);
  const auto row = [&](const char* name, double arrays, const std::function<void()>& run) {
    Row row{.group = "network", .name = name, .shape = std::to_string(rows) + " x " + std::to_string(width),
            .dtype = "f32"};
    row.ms = median_ms(stream, 1, [&](int) { run(); });
    row.bytes = arrays * static_cast<double>(count * sizeof(float));
    report.add(row);
  };
  row("rms_norm", 2, [&] {
    pope::cuda::rms_norm(x.device.data(), weight.device.data(), y.device.data(), POPE_F32, rows, width, 1e-5, stream);
  });
  row("rms_norm_backward", 3, [&] {
    pope::cuda::rms_norm_backward(x.device.data(), weight.device.data(), z.device.data(), y.device.data(), nullptr,
                                  rows, width, 1e-5, stream);
  });
  row("swiglu", 3, [&] {
    pope::cuda::swiglu(x.device.data(), z.device.data(), y.device.data(), POPE_F32, count, stream);
  });
  const Array<uint16_t> narrow(count);
  row("narrow", 1.5, [&] { pope::cuda::narrow(x.device.data(), narrow.data(), count, POPE_BF16, stream); });
  const Array<int32_t> ids(random_targets(rows, vocab, 5));
  const Memory table(vocab * width * static_cast<int64_t>(sizeof(float)));
  row("embedding_backward", 3, [&] {
    pope::cuda::add_rows("add_rows", x.device.data(), ids.data(), table.as<float>(), vocab, width, rows, stream);
  });
  const Numbers p(count, 5);
  const Array<double> norm(std::vector<double>{1});
  const Array<int32_t> applied(1);
  const std::vector<pope::AdamwParameter<float>> parameters{
      {x.device.data(), p.device.data(), y.device.data(), z.device.data(), count}};
  row("adamw", 7, [&] {
    pope::cuda::adamw(norm.data(), parameters, applied.data(), {1e-3, 0.9, 0.999, 1e-8, 0, 1, 0, 1}, stream);
  });
}

}  // namespace

void bench_network(Report& report, const Options& options) {
  if (options.timing) return options.small ? time(report, 5, 64, 100) : time(report, 8192, 2048, 128256);
  const Sizes sizes = options.small ? Sizes{37, 64, 97} : Sizes{1021, 2048, 4099};
  check_rows(report, sizes);
  check_optimizer(report, sizes);
  check_sampling(report, options.small ? 3 : 50, options.small ? 1000 : 32003);
}

}  // namespace bench
