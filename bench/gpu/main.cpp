// The benchmark of the CUDA kernels: checks them against the CPU kernels, then times them. See run.sh.
#include <cstdio>
#include <cstring>
#include <exception>

#include "bench.h"
#include "cuda/runtime.h"

namespace {

constexpr int kWrong = 1, kUsage = 2, kNoDevice = 4;

int usage() {
  std::fprintf(stderr,
               "usage: gpu-bench [--checks] [--small] [--times] [--heads] [--out FILE]\n"
               "  --checks   do not time\n"
               "  --small    small shapes, checks only: for sanitizers\n"
               "  --times    time the small shapes too: to see that it runs\n"
               "  --heads    the fused heads only\n"
               "  --out      where to write the numbers, as JSON\n");
  return kUsage;
}

int run(bench::Options options, bool timing, const std::string& out) {
  bench::Stream stream;
  bench::Report report(stream);
  const auto all = [&] {
    if (options.policy) {
      bench::bench_token_logprobs(report, options);
      bench::bench_policy(report, options);
      bench::bench_bootstrap(report, options);
      bench::bench_attention(report, options);
      bench::bench_network(report, options);
    }
    bench::bench_heads(report, options);
  };
  std::printf("\n== checks against the CPU kernels\n");
  options.timing = false;
  all();
  if (!report.failed() && timing) {
    std::printf("\n== times: medians of at least 10 runs\n");
    options.timing = true;
    bench::measure_ceilings(report, options);
    all();
  }
  if (!out.empty()) report.write(out);
  if (report.failed()) std::fprintf(stderr, "gpu-bench: a kernel differs from the CPU's; nothing was timed\n");
  return report.failed() ? kWrong : 0;
}

}  // namespace

int main(int count, char** arguments) {
  bench::Options options;
  bool timing = true;
  std::string out;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument == "--checks") {
      timing = false;
    } else if (argument == "--small") {
      options.small = true;
      timing = false;
    } else if (argument == "--times") {
      timing = true;
    } else if (argument == "--heads") {
      options.policy = false;
    } else if (argument == "--out" && i + 1 < count) {
      out = arguments[++i];
    } else {
      return usage();
    }
  }
  try {
    if (const pope::cuda::Probe probe = pope::cuda::runtime::probe(); !probe.reason.empty()) {
      std::fprintf(stderr, "gpu-bench: no GPU to measure: %s\n", probe.reason.c_str());
      return kNoDevice;
    }
    return run(options, timing, out);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gpu-bench: %s\n", error.what());
    return kWrong;
  }
}
