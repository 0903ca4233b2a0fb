#include "kernels/decode/attention_decode.cuda.h"

#include <algorithm>
#include <cmath>

#include "cuda/cuda.h"
#include "cuda/math.h"
#include "kernels/attention/attention.cuda.h"
#include "kernels/attention/dispatch.cuda.h"
#include "kernels/attention/row_spans.cuda.h"
#include "kernels/attention/span_check.cuda.h"

namespace pope::cuda {

namespace {

constexpr int kGroup = 4;       // query heads of a block
constexpr int kMostParts = 16;  // of the keys of a row
constexpr int kLeastKeys = 256; // of a part but the last
constexpr int kBatch = 4;       // keys of a group of lanes whose loads are under way together

// How the keys that a row sees are cut; they are numbered from 0, those of the prefix first.
struct Parts {
  int prefix, seen, length;

  __device__ explicit Parts(const CacheSpan& span)
      : prefix(span.prefix_end - span.prefix_start),
        seen(prefix + span.own_end - span.own_start),
        length(max(kLeastKeys, (seen + kMostParts - 1) / kMostParts)) {}
  __device__ int count() const { return (seen + length - 1) / length; }
};

// Softmax sums over some keys, and this lane's elements of the weighted sum of values; in powers of two.
template <int kWidth>
struct Sums {
  float largest, sum, values[kWidth];

  __device__ static Sums of_nothing() { return {-INFINITY, 0, {}}; }
  __device__ void add(const Sums& other) {
    const float most = fmaxf(largest, other.largest), shift = most == -INFINITY ? 0 : most;
    const float own = fast_exp2(largest - shift), others = fast_exp2(other.largest - shift);
    largest = most;
    sum = sum * own + other.sum * others;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) values[i] = values[i] * own + other.values[i] * others;
  }
};

// What a part leaves for the merge, before its head values.
struct PartState {
  float largest, sum;
};

struct Queries {
  const float* q;
  float* out;
  const CacheSpan* spans;
  int heads, kv, head, capacity;
  float power_scale;
  RefusalWord* refusals;
  float* parts;       // [rows * heads, kMostParts, head], where rows have more than one
  PartState* states;  // [rows * heads, kMostParts]
};

template <class T>
struct Cache {
  const T *keys, *values;
  bool aligned;  // pieces of rows, those of q too, lie on 16-byte boundaries
};

// The lane's piece of a row of a head, from element `first`, in float.
template <class T>
__device__ inline void load_piece(float (&piece)[Pack<T>::size], const T* row, int first, int head, bool aligned) {
  Pack<T> pack{};
  if (aligned && first < head) {
    pack = load_pack(row + first);
  } else {
#pragma unroll
    for (int i = 0; i < Pack<T>::size; ++i) {
      if (first + i < head) pack.at[i] = row[first + i];
    }
  }
#pragma unroll
  for (int i = 0; i < Pack<T>::size; ++i) piece[i] = to_float(pack.at[i]);
}

// The same elements of a query.
template <int kWidth>
__device__ inline void load_query(float (&piece)[kWidth], const float* row, int first, int head, bool aligned) {
  if (aligned && first < head) {
#pragma unroll
    for (int i = 0; i < kWidth; i += Pack<float>::size) {
      const Pack<float> pack = load_pack(row + first + i);
#pragma unroll
      for (int j = 0; j < Pack<float>::size; ++j) piece[i + j] = pack.at[j];
    }
  } else {
#pragma unroll
    for (int i = 0; i < kWidth; ++i) piece[i] = first + i < head ? row[first + i] : 0;
  }
}

// A group of kLanes lanes holds one key, 16 bytes per lane; grid: rows * kv * groups of query heads, parts.
template <class T, int kLanes>
__global__ void __launch_bounds__(kThreads) attend_part(Queries a, Cache<T> cache) {
  constexpr int kWidth = Pack<T>::size, kKeysOfBlock = kThreads / kLanes;
  const int group = a.heads / a.kv, groups = (group + kGroup - 1) / kGroup;
  const int first_head = blockIdx.x % groups * kGroup, g = blockIdx.x / groups % a.kv;
  const int64_t row = blockIdx.x / (groups * a.kv);
  const CacheSpan span = checked_span(a.spans, row, a.capacity, a.refusals);
  const Parts parts(span);
  const int part = blockIdx.y;
  if (part >= parts.count() && part > 0) return;
  const int begin = part * parts.length, end = min(begin + parts.length, parts.seen);
  const int queries = min(kGroup, group - first_head);
  const int64_t first_query = row * a.heads + g * group + first_head;  // of [rows * heads]
  const int element = threadIdx.x % kLanes * kWidth, pitch = a.kv * a.head;

  float q[kGroup][kWidth];
#pragma unroll
  for (int h = 0; h < kGroup; ++h) {
    load_query(q[h], a.q + (first_query + min(h, queries - 1)) * a.head, element, a.head, cache.aligned);
#pragma unroll
    for (int i = 0; i < kWidth; ++i) q[h][i] *= a.power_scale;
  }

  Sums<kWidth> sums[kGroup];
#pragma unroll
  for (int h = 0; h < kGroup; ++h) sums[h] = Sums<kWidth>::of_nothing();
  for (int first = begin; first < end; first += kBatch * kKeysOfBlock) {
    float keys[kBatch][kWidth], values[kBatch][kWidth];
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      const int key = min(first + b * kKeysOfBlock + static_cast<int>(threadIdx.x) / kLanes, end - 1);
      const int64_t at = key < parts.prefix ? span.prefix_start + key : span.own_start + key - parts.prefix;
      load_piece<T>(keys[b], cache.keys + at * pitch + g * a.head, element, a.head, cache.aligned);
      load_piece<T>(values[b], cache.values + at * pitch + g * a.head, element, a.head, cache.aligned);
    }
#pragma unroll
    for (int h = 0; h < kGroup; ++h) {
      float scores[kBatch], largest = sums[h].largest;
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
        float dot = 0;
#pragma unroll
        for (int i = 0; i < kWidth; ++i) dot += q[h][i] * keys[b][i];
#pragma unroll
        for (int distance = kLanes / 2; distance > 0; distance /= 2) dot += __shfl_xor_sync(kFullWarp, dot, distance);
        const bool exists = first + b * kKeysOfBlock + static_cast<int>(threadIdx.x) / kLanes < end;
        scores[b] = exists ? dot : -INFINITY;
        largest = fmaxf(largest, scores[b]);
      }
      const float shift = largest == -INFINITY ? 0 : largest, correction = fast_exp2(sums[h].largest - shift);
      sums[h].largest = largest;
      sums[h].sum *= correction;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) sums[h].values[i] *= correction;
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
        const float weight = fast_exp2(scores[b] - shift);
        sums[h].sum += weight;
#pragma unroll
        for (int i = 0; i < kWidth; ++i) sums[h].values[i] += weight * values[b][i];
      }
    }
  }

  // Over the groups of lanes of a warp, then over the warps, in their order.
  POPE_SHARED(Sums<kWidth>, of_warps, kWarps * kLanes);
  for (int h = 0; h < queries; ++h) {
    Sums<kWidth> total = sums[0];
#pragma unroll
    for (int other = 1; other < kGroup; ++other) {
      if (other == h) total = sums[other];
    }
#pragma unroll
    for (int distance = kLanes; distance < kWarp; distance *= 2) total.add(shuffle_xor(total, distance));
    const int lane = threadIdx.x % kWarp;
    if (lane < kLanes) of_warps[threadIdx.x / kWarp * kLanes + lane] = total;
    __syncthreads();
    if (threadIdx.x < kLanes) {
#pragma unroll
      for (int warp = 1; warp < kWarps; ++warp) total.add(of_warps[warp * kLanes + lane]);
      const bool only = parts.count() <= 1;
      const float inverse = total.sum > 0 ? 1 / total.sum : NAN;  // nothing seen, which is refused; or NaN
      const int64_t query = first_query + h, at = query * kMostParts + part;
      if (!only && threadIdx.x == 0) a.states[at] = {total.largest, total.sum};
#pragma unroll
      for (int i = 0; i < kWidth; ++i) {
        if (element + i >= a.head) continue;
        if (only) {
          a.out[query * a.head + element + i] = total.values[i] * inverse;
        } else {
          a.parts[at * a.head + element + i] = total.values[i];
        }
      }
    }
    __syncthreads();
  }
}

// A warp per row and query head, where attend_part has left more than one part.
__global__ void __launch_bounds__(kThreads) merge_parts(Queries a, int64_t queries) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kWarps;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp; i < queries; i += step) {
    const CacheSpan span = checked_span(a.spans, i / a.heads, a.capacity, a.refusals);
    const int count = Parts(span).count();
    if (count <= 1) continue;
    const PartState* const states = a.states + i * kMostParts;
    float largest = -INFINITY, sum = 0;
    for (int part = 0; part < count; ++part) largest = fmaxf(largest, states[part].largest);
    const float shift = largest == -INFINITY ? 0 : largest;
    for (int part = 0; part < count; ++part) sum += states[part].sum * fast_exp2(states[part].largest - shift);
    for (int d = threadIdx.x % kWarp; d < a.head; d += kWarp) {
      float value = 0;
      for (int part = 0; part < count; ++part) {
        value += a.parts[(i * kMostParts + part) * a.head + d] * fast_exp2(states[part].largest - shift);
      }
      a.out[i * a.head + d] = value / sum;
    }
  }
}

template <class T>
void launch(Queries a, const Cache<T>& cache, int64_t rows, Stream& stream) {
  const int64_t queries = rows * a.heads;
  const int64_t most_keys = 2 * int64_t{a.capacity};  // every row of the cache in its prefix and as its own
  const int most = static_cast<int>(std::min<int64_t>(kMostParts, (most_keys + kLeastKeys - 1) / kLeastKeys));
  const int64_t part_count = most > 1 ? queries * kMostParts : 0;
  const auto parts = stream.scratch<float>(part_count * a.head);
  const auto states = stream.scratch<PartState>(part_count);
  a.parts = parts.data();
  a.states = states.data();
  const int64_t groups = (a.heads / a.kv + kGroup - 1) / kGroup;
  const dim3 grid(static_cast<unsigned>(rows * a.kv * groups), static_cast<unsigned>(std::max(most, 1)));
  const int pieces = (a.head + Pack<T>::size - 1) / Pack<T>::size;
  const auto run = [&](auto kernel) { POPE_LAUNCH(kernel, grid, kThreads, 0, stream.handle(), a, cache); };
  if (pieces <= 4) {
    run(attend_part<T, 4>);
  } else if (pieces <= 8) {
    run(attend_part<T, 8>);
  } else if (pieces <= 16) {
    run(attend_part<T, 16>);
  } else if constexpr (std::is_same_v<T, float>) {
    run(attend_part<T, 32>);
  }
  if (most > 1) {
    POPE_LAUNCH(merge_parts, stream.blocks(queries * kWarp, kThreads), kThreads, 0, stream.handle(), a, queries);
  }
}

}  // namespace

void attention_decode(const float* q, const void* keys, const void* values, int32_t dtype, const CacheSpan* spans,
                      float* out, const DecodeShape& shape, float scale, Stream& stream) {
  const auto [rows, heads, kv, head, capacity] = shape;
  // A grid has fewer than 2^31 blocks, and so do the keys that a row sees, twice the capacity at most, with a batch more.
  require_attention("attention_decode", std::max({rows, capacity + kThreads * kBatch, rows * heads / 2}), heads, head);
  if (rows == 0) return;
  if (head == 0) {
    const auto unused = stream.scratch<CacheSpan>(rows);
    return trusted_spans(spans, shape, unused.data(), stream);  // which checks them
  }
  if (rows == capacity && dtype == POPE_F32) {
    const auto trusted = stream.scratch<CacheSpan>(rows);
    trusted_spans(spans, shape, trusted.data(), stream);
    const AttendShape attended{rows, heads, kv, head, capacity};
    return attend(q, keys, values, dtype, trusted.data(), out, nullptr, attended, scale, stream);
  }
  const Queries queries{.q = q,
                        .out = out,
                        .spans = spans,
                        .heads = static_cast<int>(heads),
                        .kv = static_cast<int>(kv),
                        .head = static_cast<int>(head),
                        .capacity = static_cast<int>(capacity),
                        .power_scale = scale * kLog2e,
                        .refusals = stream.refusals(describe_span(shape)),
                        .parts = nullptr,
                        .states = nullptr};
  by_type(dtype, [&](auto type) {
    using T = decltype(type);
    const bool aligned = on_boundaries({q, keys, values}) && head % Pack<T>::size == 0;
    launch<T>(queries, {static_cast<const T*>(keys), static_cast<const T*>(values), aligned}, rows, stream);
  });
}

}  // namespace pope::cuda
