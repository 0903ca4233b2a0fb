// A block of the forward pass (attention.cuda.h): keys and values of a tile are copied in turn while the other is used.
#include "kernels/attention/attention.cuda.h"

#include <cmath>

#include "cuda/math.h"
#include "kernels/attention/dispatch.cuda.h"
#include "kernels/attention/row_spans.cuda.h"
#include "kernels/attention/visible_tiles.cuda.h"

namespace pope::cuda {

namespace {

template <class T>
constexpr int kKeysOfTile = std::is_same_v<T, float> ? 32 : 64;

// What is known of the lane's rows g and g + 8. `sum` is the lane's share, `largest` the warp's, in powers of two.
struct SoftmaxState {
  float largest[2] = {-INFINITY, -INFINITY};
  float sum[2] = {};
};

__device__ inline float quad_max(float value) {
  value = fmaxf(value, __shfl_xor_sync(kFullWarp, value, 1));
  return fmaxf(value, __shfl_xor_sync(kFullWarp, value, 2));
}
__device__ inline float quad_sum(float value) {
  value += __shfl_xor_sync(kFullWarp, value, 1);
  return value + __shfl_xor_sync(kFullWarp, value, 2);
}

// From scores to weights, relative to the largest score so far; o follows. Hidden scores are -INFINITY.
template <class T, int kColumns, int kHead>
__device__ inline void exponentiate(float (&s)[kColumns / 8][4], SoftmaxState& state, float (&o)[kHead / 8][4]) {
  float correction[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    float largest = state.largest[half];
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) largest = fmaxf(largest, fmaxf(s[j][2 * half], s[j][2 * half + 1]));
    largest = quad_max(largest);
    const float shift = largest == -INFINITY ? 0 : largest;  // a row that has seen nothing yet
    correction[half] = fast_exp2(state.largest[half] - shift);
    state.largest[half] = largest;
    float sum = 0;
#pragma unroll
    for (int j = 0; j < kColumns / 8; ++j) {
#pragma unroll
      for (int e = 2 * half; e < 2 * half + 2; ++e) {
        s[j][e] = fast_exp2(s[j][e] - shift);
        sum += s[j][e];
      }
    }
    state.sum[half] = state.sum[half] * correction[half] + sum;
  }
#pragma unroll
  for (int j = 0; j < kHead / 8; ++j) {
#pragma unroll
    for (int e = 0; e < 4; ++e) o[j][e] *= correction[output_half<T>(j, e)];
  }
}

template <class T, int kHead>
__global__ void __launch_bounds__(kThreads, 2)
    attend(Heads<const T> q, Heads<const T> k, Heads<const T> v, const CacheSpan* spans, Heads<T> out,
           float* log_sum_exp, float power_scale) {
  constexpr int kKeys = kKeysOfTile<T>;
  using Tile = Layout<T, kHead>;
  POPE_SHARED_DYNAMIC(T, memory);
  POPE_SHARED(CacheSpan, own_spans, kOwnRows);
  POPE_SHARED(uint32_t, words, kWarps);
  T* const own = memory;
  T* const keys = own + Tile::elements(kOwnRows);
  T* const values = keys + Tile::elements(kKeys);
  const int h = blockIdx.y, first = (gridDim.x - 1 - blockIdx.x) * kOwnRows;  // the last rows see most: they begin
  const HeadRows<const T> key_rows = k.at(h / (q.heads / k.heads)), value_rows = v.at(h / (q.heads / v.heads));

  load_rows<kHead, kOwnRows>(own, q.at(h), first);
  load_own_spans(own_spans, spans, first, q.rows);
  __syncthreads();
  const auto wanted = [=](int tile) { return any_row_sees(own_spans, tile * kKeys, (tile + 1) * kKeys); };
  TileWalk walk(words, 0, (k.rows + kKeys - 1) / kKeys, wanted);
  const LaneRows lane(own_spans);

  SoftmaxState state;
  float o[kHead / 8][4] = {};
  int tile = walk.next();
  if (tile >= 0) load_rows<kHead, kKeys>(keys, key_rows, tile * kKeys);
  commit_copies();
  while (tile >= 0) {
    const int first_key = tile * kKeys;
    wait_copies<0>();
    __syncthreads();  // the keys are there, and nobody reads the values of the tile before
    load_rows<kHead, kKeys>(values, value_rows, first_key);
    commit_copies();
    const Visibility visibility = lane.visibility(first_key, first_key + kKeys);
    float s[kKeys / 8][4];
    if (visibility != Visibility::none) {
      TileProducts<T, kHead>::template scores<kKeys>(s, own, keys);
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const int times = visibility == Visibility::all ? 1 : lane.times_seen(j, e, first_key);
          // A key that counts twice weighs twice 2^s.
          s[j][e] = times > 0 ? s[j][e] * power_scale + static_cast<float>(times - 1) : -INFINITY;
        }
      }
    }
    tile = walk.next();
    wait_copies<0>();
    __syncthreads();  // the values are there, and nobody reads the keys
    if (tile >= 0) load_rows<kHead, kKeys>(keys, key_rows, tile * kKeys);
    commit_copies();
    if (visibility != Visibility::none) {
      exponentiate<T, kKeys, kHead>(s, state, o);
      TileProducts<T, kHead>::template accumulate<kKeys>(o, s, values);
    }
  }

  float inverse[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float sum = quad_sum(state.sum[half]);
    inverse[half] = sum > 0 ? 1 / sum : NAN;  // a row that sees nothing, which is refused; or one of NaN
    const int row = first + lane.row(half);
    if (log_sum_exp && threadIdx.x % 4 == 0 && row < q.rows) {
      log_sum_exp[static_cast<int64_t>(h) * q.rows + row] =
          sum > 0 ? state.largest[half] / kLog2e + logf(sum) : NAN;
    }
  }
  store_rows<kHead>(out.at(h), first, o, inverse);
}

// Heads without elements: every score is 0.
__global__ void __launch_bounds__(kThreads)
    log_of_seen(const CacheSpan* spans, float* log_sum_exp, int64_t rows, int64_t heads) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < rows * heads; i += step) {
    const CacheSpan span = spans[i % rows];
    const int64_t seen = int64_t{span.prefix_end} - span.prefix_start + span.own_end - span.own_start;
    log_sum_exp[i] = seen > 0 ? logf(static_cast<float>(seen)) : NAN;
  }
}

template <class T>
void launch(const void* q, const void* k, const void* v, const CacheSpan* spans, void* out, float* log_sum_exp,
            const AttendShape& shape, float scale, Stream& stream) {
  const Heads<const T> queries(static_cast<const T*>(q), shape.rows, shape.heads, shape.head);
  const Heads<const T> keys(static_cast<const T*>(k), shape.keys, shape.kv, shape.head);
  const Heads<const T> values(static_cast<const T*>(v), shape.keys, shape.kv, shape.head);
  const Heads<T> results(static_cast<T*>(out), shape.rows, shape.heads, shape.head);
  by_head(shape.head, [&](auto head) {
    constexpr int kHead = decltype(head)::value;
    using Tile = Layout<T, kHead>;
    constexpr size_t bytes = sizeof(T) * (Tile::elements(kOwnRows) + 2 * Tile::elements(kKeysOfTile<T>));
    const auto kernel = attend<T, kHead>;
    allow_shared(kernel, bytes);
    POPE_LAUNCH(kernel, blocks_of_heads(shape.rows, shape.heads), kThreads, bytes, stream.handle(), queries, keys,
                values, spans, results, log_sum_exp, scale * kLog2e);
  });
}

}  // namespace

void attend(const void* q, const void* k, const void* v, int32_t dtype, const CacheSpan* spans, void* out,
            float* log_sum_exp, const AttendShape& shape, float scale, Stream& stream) {
  if (shape.rows == 0) return;
  if (shape.head == 0) {
    if (!log_sum_exp) return;
    const int blocks = stream.blocks(shape.rows * shape.heads, kThreads);
    POPE_LAUNCH(log_of_seen, blocks, kThreads, 0, stream.handle(), spans, log_sum_exp, shape.rows, shape.heads);
    return;
  }
  by_type(dtype, [&](auto type) {
    launch<decltype(type)>(q, k, v, spans, out, log_sum_exp, shape, scale, stream);
  });
}

void attention(const void* q, const void* k, const void* v, int32_t dtype, const Segment* segments, void* out,
               float* log_sum_exp, const AttentionShape& shape, float scale, Stream& stream) {
  require_attention("attention", shape.rows, shape.heads, shape.head);
  const auto spans = stream.scratch<CacheSpan>(shape.rows);
  spans_of_segments(segments, shape, spans.data(), stream);
  const AttendShape own_keys{shape.rows, shape.heads, shape.kv, shape.head, shape.rows};
  attend(q, k, v, dtype, spans.data(), out, log_sum_exp, own_keys, scale, stream);
}

}  // namespace pope::cuda
