// What this machine can do at best, for the benchmarks to be measured against: a process that answers a request per line of
// standard input with the milliseconds that it took, so that a floor can be measured in turn with what stands on it.
//
//   read BYTES THREADS     reads so many bytes of memory once
//   copy BYTES THREADS     reads so many and writes so many, past the caches
//   fma FLOPS THREADS      so many floating-point operations, as f32 multiply-adds on registers
//   bf16 FLOPS THREADS     the same by products of bf16 summed in f32, where there are instructions for them, else as fma
//
// Compiled by bench/harness/floors.mjs for the machine it runs on.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

namespace {

using Vec = float __attribute__((vector_size(4 * LANES)));

constexpr size_t kTogether = 12;  // independent accumulators: more than the latency of a multiply-add times its rate

volatile float sink;  // keeps the results, and so the work, alive

struct Buffer {
  size_t size = 0;
  float* data = nullptr;
  void need(size_t floats) {
    if (floats <= size) return;
    std::free(data);
    size = floats;
    data = static_cast<float*>(std::aligned_alloc(64, (floats * 4 + 63) / 64 * 64));
    if (!data) std::abort();
    std::memset(data, 0, floats * 4);  // maps the pages
  }
};

void read(const float* from, size_t floats) {
  Vec sums[8] = {};
  for (size_t i = 0; i + 8 * LANES <= floats; i += 8 * LANES) {
    for (size_t u = 0; u < 8; ++u) sums[u] += *reinterpret_cast<const Vec*>(from + i + u * LANES);
  }
  for (size_t u = 1; u < 8; ++u) sums[0] += sums[u];
  sink = sums[0][0];
}

void stream(float* to, Vec value) {
#if defined(__clang__)
  __builtin_nontemporal_store(value, reinterpret_cast<Vec*>(to));
#elif LANES == 16
  __builtin_ia32_movntps512(to, value);
#elif LANES == 8
  __builtin_ia32_movntps256(to, value);
#else
  *reinterpret_cast<Vec*>(to) = value;
#endif
}

void copy(const float* from, float* to, size_t floats) {
  for (size_t i = 0; i + LANES <= floats; i += LANES) stream(to + i, *reinterpret_cast<const Vec*>(from + i));
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

void multiply_add(double flops) {
  Vec sums[kTogether];
  for (size_t u = 0; u < kTogether; ++u) sums[u] = Vec{} + static_cast<float>(u);
  Vec factor = Vec{} + 0.999f, more = Vec{} + 0.001f;
  const auto rounds = static_cast<int64_t>(flops / (2.0 * LANES * kTogether));
  for (int64_t i = 0; i < rounds; ++i) {
    for (size_t u = 0; u < kTogether; ++u) sums[u] = sums[u] * factor + more;
  }
  for (size_t u = 1; u < kTogether; ++u) sums[0] += sums[u];
  sink = sums[0][0];
}

void multiply_add_bf16(double flops) {
#if defined(__AVX512BF16__)
  __m512 sums[kTogether];
  for (size_t u = 0; u < kTogether; ++u) sums[u] = _mm512_set1_ps(static_cast<float>(u));
  const auto small = (__m512bh)_mm512_set1_epi16(0x3c00), factor = (__m512bh)_mm512_set1_epi16(0x3f7f);
  const auto rounds = static_cast<int64_t>(flops / (4.0 * LANES * kTogether));
  for (int64_t i = 0; i < rounds; ++i) {
    for (size_t u = 0; u < kTogether; ++u) sums[u] = _mm512_dpbf16_ps(sums[u], small, factor);
  }
  for (size_t u = 1; u < kTogether; ++u) sums[0] += sums[u];
  sink = sums[0][0];
#else
  multiply_add(flops);
#endif
}

// Milliseconds of work(part) on each of `threads` threads, which start together.
template <class Work>
double timed(int threads, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> others;
  for (int part = 1; part < threads; ++part) others.emplace_back([&work, part] { work(part); });
  work(0);
  for (auto& thread : others) thread.join();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

int main() {
  Buffer source, target;
  std::string name;
  double amount;
  int threads;
  while (std::cin >> name >> amount >> threads) {
    // Parts are whole cache lines; what is lost at the ends is less than one line per thread.
    const size_t part_floats = static_cast<size_t>(amount / 4) / static_cast<size_t>(threads) / 128 * 128;
    double ms = 0;
    if (name == "read") {
      source.need(part_floats * static_cast<size_t>(threads));
      ms = timed(threads, [&](int part) { read(source.data + static_cast<size_t>(part) * part_floats, part_floats); });
    } else if (name == "copy") {
      source.need(part_floats * static_cast<size_t>(threads));
      target.need(part_floats * static_cast<size_t>(threads));
      ms = timed(threads, [&](int part) {
        const size_t first = static_cast<size_t>(part) * part_floats;
        copy(source.data + first, target.data + first, part_floats);
      });
    } else if (name == "fma") {
      ms = timed(threads, [&](int) { multiply_add(amount / threads); });
    } else if (name == "bf16") {
      ms = timed(threads, [&](int) { multiply_add_bf16(amount / threads); });
    } else {
      return 2;
    }
    std::printf("%.6f\n", ms);
    std::fflush(stdout);
  }
  return 0;
}
