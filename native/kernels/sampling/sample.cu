#include "kernels/sampling/sample.cuda.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "cuda/report.h"
#include "kernels/sampling/crossing.cuda.h"

namespace pope::cuda {

namespace {

// Threads, and neighbouring tokens whose mass is summed apart. The host run has few, so that small tests cross borders.
#ifdef POPE_SIMT
constexpr int kThreads = 64, kTile = 64;
#else
constexpr int kThreads = 512, kTile = 512;
#endif
constexpr int kDigits = 256;  // of the radix search: eight bits of a key at a time

using Word = unsigned long long;

// One row. A key is larger where the logit is, and among equal logits where the id is smaller.
struct Row {
  const float* logits;
  int64_t vocab;
  float scale;
  double max;   // of the scaled logits
  double unit;  // what a mass of 1 is

  __device__ float scaled(int64_t v) const { return logits[v] * scale; }

  __device__ Word mass(int64_t v) const { return static_cast<Word>(exp(scaled(v) - max) * unit + 0.5); }

  __device__ Word key(int64_t v) const {
    const float logit = logits[v] + 0.0f;  // -0 equals 0
    uint32_t bits;
    memcpy(&bits, &logit, sizeof bits);
    const uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
    return static_cast<Word>(ordered) << 32 | ~static_cast<uint32_t>(v);
  }

  __device__ static int32_t id(Word key) { return static_cast<int32_t>(~static_cast<uint32_t>(key)); }
};

// The sums of the tiles' kept tokens, whose total every thread gets.
__device__ inline Word sum_tiles(const Row& row, Word cutoff, Word* tile_sums) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  Word total = 0;
  for (int64_t tile = warp; tile * kTile < row.vocab; tile += kThreads / kWarp) {
    const int64_t end = tile * kTile + kTile < row.vocab ? tile * kTile + kTile : row.vocab;
    Word sum = 0;
    for (int64_t v = tile * kTile + lane; v < end; v += kWarp) {
      if (cutoff == 0 || row.key(v) >= cutoff) sum += row.mass(v);
    }
    sum = warp_reduce(sum, [](Word a, Word b) { return a + b; });
    if (lane == 0) {
      tile_sums[tile] = sum;
      total += sum;
    }
  }
  return block_sum<kThreads>(total);
}

// The smallest key of the fewest tokens of largest key whose count (kByMass: mass) is above `target`, in every thread.
template <bool kByMass>
__device__ inline Word find_cutoff(const Row& row, Word target) {
  POPE_SHARED(unsigned, counts, kDigits);
  POPE_SHARED(Word, masses, kDigits);
  POPE_SHARED(Word, found, 3);  // digit, tokens with it, what is left of the target
  Word prefix = 0;
  for (int shift = 64 - 8; shift >= 0; shift -= 8) {
    for (int d = threadIdx.x; d < kDigits; d += kThreads) counts[d] = 0, masses[d] = 0;
    __syncthreads();
    for (int64_t v = threadIdx.x; v < row.vocab; v += kThreads) {
      const Word digits = row.key(v) >> shift;
      if (shift < 64 - 8 && digits >> 8 != prefix) continue;
      atomicAdd(counts + digits % kDigits, 1u);
      if (kByMass) atomicAdd(masses + digits % kDigits, row.mass(v));
    }
    __syncthreads();
    if (threadIdx.x < kWarp) {
      const Crossing crossing = find_crossing(kDigits, target, [&](int64_t i) -> uint64_t {
        const int64_t digit = kDigits - 1 - i;
        return kByMass ? masses[digit] : counts[digit];
      });
      if (threadIdx.x == 0) {
        const int64_t digit = kDigits - 1 - crossing.index;
        found[0] = static_cast<Word>(digit);
        found[1] = counts[digit];
        found[2] = target - crossing.before;
      }
    }
    __syncthreads();
    prefix = prefix << 8 | found[0];
    target = found[2];
    if (found[1] == 1) return prefix << shift;
  }
  return prefix;
}

// One block per multiprocessor is enough: left to itself ptxas keeps to 40 registers, which do not suffice.
__global__ void __launch_bounds__(kThreads, 1)
    sample_kernel(const float* logits, const SampleCounter* counters, int32_t* ids, float* log_probs,
                  SampleSettings settings, float scale, int unit_bits, Word* all_tile_sums, RefusalWord* refusals) {
  const int64_t r = blockIdx.x, vocab = settings.vocab;
  Row row{logits + r * vocab, vocab, scale, 0, static_cast<double>(Word{1} << unit_bits)};
  Word* const tile_sums = all_tile_sums + r * ((vocab + kTile - 1) / kTile);

  float max = -INFINITY;
  Word largest = 0;
  int impossible = 0;  // NaN or +infinity
  for (int64_t v = threadIdx.x; v < vocab; v += kThreads) {
    const float z = row.scaled(v);
    impossible |= !(z < INFINITY);
    max = fmaxf(max, z);
    const Word key = row.key(v);
    largest = key > largest ? key : largest;
  }
  max = block_reduce<kThreads>(max, [](float a, float b) { return fmaxf(a, b); });
  largest = block_reduce<kThreads>(largest, [](Word a, Word b) { return a > b ? a : b; });
  impossible = block_reduce<kThreads>(impossible, [](int a, int b) { return a | b; });
  if (impossible || max == -INFINITY) {
    if (threadIdx.x == 0) {
      report(refusals, 0, r);
      ids[r] = 0;
      log_probs[r] = NAN;
    }
    return;
  }
  row.max = max;

  Word cutoff = 0;
  const Word whole = sum_tiles(row, cutoff, tile_sums);
  Word total = whole;
  if (settings.temperature > 0) {
    if (settings.top_k > 0 && settings.top_k < vocab) {
      cutoff = find_cutoff<false>(row, static_cast<Word>(settings.top_k) - 1);
      total = sum_tiles(row, cutoff, tile_sums);
    }
    if (settings.top_p < 1) {
      const auto least = static_cast<Word>(ceil(settings.top_p * static_cast<double>(total)));
      cutoff = find_cutoff<true>(row, (least < 1 ? 1 : least > total ? total : least) - 1);
      total = sum_tiles(row, cutoff, tile_sums);
    }
  }
  __syncthreads();  // the tiles' sums are read by other threads
  if (threadIdx.x >= kWarp) return;
  int32_t id = Row::id(largest);
  if (settings.temperature > 0) {
    const double u = sample_uniform(counters[r], settings.seed);
    const auto wanted = static_cast<Word>(u * static_cast<double>(total));
    const Word target = wanted < total ? wanted : total - 1;
    const auto tiles = (vocab + kTile - 1) / kTile;
    const Crossing tile = find_crossing(tiles, target, [&](int64_t i) -> uint64_t { return tile_sums[i]; });
    const int64_t first = tile.index * kTile, count = vocab - first < kTile ? vocab - first : kTile;
    const Crossing token = find_crossing(count, target - tile.before, [&](int64_t i) -> uint64_t {
      return cutoff == 0 || row.key(first + i) >= cutoff ? row.mass(first + i) : 0;
    });
    id = static_cast<int32_t>(first + token.index);
  }
  if (threadIdx.x == 0) {
    ids[r] = id;
    const double log_unit = unit_bits * std::numbers::ln2;
    log_probs[r] = static_cast<float>(row.scaled(id) - row.max - (log(static_cast<double>(whole)) - log_unit));
  }
}

}  // namespace

void sample(const float* logits, const SampleCounter* counters, int32_t* ids, float* log_probs,
            const SampleSettings& settings, Stream& stream) {
  const int64_t rows = settings.rows, vocab = settings.vocab;
  if (rows == 0) return;
  // The sum of all masses stays below 2^63, and a mass is exact as a double.
  const int bits = std::min(52, 62 - static_cast<int>(std::bit_width(static_cast<uint64_t>(vocab))));
  const auto tile_sums = stream.scratch<Word>(rows * ((vocab + kTile - 1) / kTile));
  RefusalWord* const refusals = stream.refusals([](const Refusal& refusal) { return bad_logits(refusal.index); });
  POPE_LAUNCH(sample_kernel, blocks_of_rows(rows), kThreads, 0, stream.handle(), logits, counters, ids, log_probs,
              settings, static_cast<float>(settings.scale()), bits, tile_sums.data(), refusals);
}

}  // namespace pope::cuda
