// The two passes of the backward kernel (attention.cuda.h). Both have the shape of the forward pass: 64 rows of a
// block's own, tiles of other rows in two buffers, of which one is copied while the other is multiplied. In both the
// weights P and their gradients dS lie in registers as the first factor of the products that follow; in the pass over
// keys they are transposed from the start.
#include <cmath>

#include "cuda/math.h"
#include "kernels/attention/attention.cuda.h"
#include "kernels/attention/dispatch.cuda.h"
#include "kernels/attention/row_spans.cuda.h"
#include "kernels/attention/visible_tiles.cuda.h"

namespace pope::cuda {

namespace {

template <class T>
constexpr int kRowsOfTile = std::is_same_v<T, float> ? 16 : 32;

// What the backward pass needs to know of one row of a query head: P = 2^(power_scale q . k - shift).
struct alignas(8) RowState {
  float shift;  // log_sum_exp in powers of two
  float mean;   // dout . out, the mean of dout . v under the weights
};

// A warp per row and query head; states [heads, rows].
template <class T>
__global__ void __launch_bounds__(kThreads)
    prepare_rows(Heads<const T> out, Heads<const T> dout, const float* log_sum_exp, RowState* states) {
  const int64_t count = static_cast<int64_t>(out.rows) * out.heads, step = static_cast<int64_t>(gridDim.x) * kWarps;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / kWarp; i < count; i += step) {
    float mean = 0;
    for (int d = threadIdx.x % kWarp; d < out.head; d += kWarp) {
      mean += to_float(out.data[i * out.head + d]) * to_float(dout.data[i * out.head + d]);
    }
    mean = warp_reduce(mean, [](float a, float b) { return a + b; });
    const int64_t at = i % out.heads * out.rows + i / out.heads;
    if (threadIdx.x % kWarp == 0) states[at] = {log_sum_exp[at] * kLog2e, mean};
  }
}

template <class T>
struct Inputs {
  Heads<const T> q, k, v, dout;
  const CacheSpan* spans;
  const RowState* states;
  float scale;

  __device__ int group() const { return q.heads / k.heads; }
  __device__ int64_t state(int h) const { return static_cast<int64_t>(h) * q.rows; }
};

// From q . k and dout . v to P in `s` and dS / scale in `ds`; 0 where the row does not see the key.
__device__ inline void differentiate_softmax(float& s, float& ds, bool seen, const RowState& row, float power_scale) {
  s = seen ? fast_exp2(s * power_scale - row.shift) : 0;
  ds = seen ? s * (ds - row.mean) : 0;
}

template <class T, int kHead>
__global__ void __launch_bounds__(kThreads, 2) differentiate_queries(Inputs<T> in, Heads<T> dq) {
  constexpr int kKeys = kRowsOfTile<T>;
  using Tile = Layout<T, kHead>;
  constexpr int kTileElements = Tile::elements(kKeys);
  POPE_SHARED_DYNAMIC(T, memory);
  POPE_SHARED(CacheSpan, own_spans, kOwnRows);
  POPE_SHARED(uint32_t, words, kWarps);
  T* const own_q = memory;
  T* const own_dout = own_q + Tile::elements(kOwnRows);
  T* const tiles = own_dout + Tile::elements(kOwnRows);  // keys and values, twice
  const int h = blockIdx.y, first = (gridDim.x - 1 - blockIdx.x) * kOwnRows;
  const HeadRows<const T> key_rows = in.k.at(h / in.group()), value_rows = in.v.at(h / in.group());
  const auto load_tile = [=](int tile, int buffer) {
    T* const keys = tiles + buffer * 2 * kTileElements;
    load_rows<kHead, kKeys>(keys, key_rows, tile * kKeys);
    load_rows<kHead, kKeys>(keys + kTileElements, value_rows, tile * kKeys);
  };

  load_rows<kHead, kOwnRows>(own_q, in.q.at(h), first);
  load_rows<kHead, kOwnRows>(own_dout, in.dout.at(h), first);
  load_own_spans(own_spans, in.spans, first, in.q.rows);
  __syncthreads();
  const auto wanted = [=](int tile) { return any_row_sees(own_spans, tile * kKeys, (tile + 1) * kKeys); };
  TileWalk walk(words, 0, (in.k.rows + kKeys - 1) / kKeys, wanted);
  const LaneRows lane(own_spans);
  RowState states[2] = {};
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = first + lane.row(half);
    if (row < in.q.rows) states[half] = in.states[in.state(h) + row];
  }

  const float power_scale = in.scale * kLog2e;
  float o[kHead / 8][4] = {};
  int tile = walk.next(), buffer = 0;
  if (tile >= 0) load_tile(tile, buffer);
  commit_copies();
  while (tile >= 0) {
    const int next = walk.next();
    if (next >= 0) load_tile(next, buffer ^ 1);
    commit_copies();
    wait_copies<1>();
    __syncthreads();  // this tile is there
    const int first_key = tile * kKeys;
    const Visibility visibility = lane.visibility(first_key, first_key + kKeys);
    if (visibility != Visibility::none) {
      const T* const keys = tiles + buffer * 2 * kTileElements;
      float s[kKeys / 8][4], ds[kKeys / 8][4];
      TileProducts<T, kHead>::template scores<kKeys>(s, own_q, keys);
      TileProducts<T, kHead>::template scores<kKeys>(ds, own_dout, keys + kTileElements);
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const bool seen = visibility == Visibility::all || lane.sees(j, e, first_key);
          differentiate_softmax(s[j][e], ds[j][e], seen, states[e / 2], power_scale);
        }
      }
      TileProducts<T, kHead>::template accumulate<kKeys>(o, ds, keys);
    }
    __syncthreads();  // nobody reads this tile any more
    tile = next;
    buffer ^= 1;
  }

  // A row that sees nothing is one that was refused.
  const auto factor = [&](const CacheSpan& span) { return sees_any(span, 0, in.k.rows) ? in.scale : NAN; };
  store_rows<kHead>(dq.at(h), first, o, {factor(lane.span[0]), factor(lane.span[1])});
}

template <class T, int kHead>
__global__ void __launch_bounds__(kThreads, 2) differentiate_keys(Inputs<T> in, Heads<T> dk, Heads<T> dv) {
  constexpr int kRows = kRowsOfTile<T>;
  using Tile = Layout<T, kHead>;
  constexpr int kTileElements = Tile::elements(kRows);
  POPE_SHARED_DYNAMIC(T, memory);
  POPE_SHARED(CacheSpan, spans, 2 * kRows);
  POPE_SHARED(RowState, states, 2 * kRows);
  POPE_SHARED(uint32_t, words, kWarps);
  T* const own_k = memory;
  T* const own_v = own_k + Tile::elements(kOwnRows);
  T* const tiles = own_v + Tile::elements(kOwnRows);  // queries and gradients of results, twice
  const int g = blockIdx.y, first = blockIdx.x * kOwnRows;  // the first keys are seen by most: they begin
  const auto load_tile = [&](int h, int tile, int buffer) {
    T* const queries = tiles + buffer * 2 * kTileElements;
    load_rows<kHead, kRows>(queries, in.q.at(h), tile * kRows);
    load_rows<kHead, kRows>(queries + kTileElements, in.dout.at(h), tile * kRows);
    const int i = threadIdx.x, row = tile * kRows + i;
    if (i >= kRows) return;
    const bool exists = row < in.q.rows;
    spans[buffer * kRows + i] = exists ? in.spans[row] : CacheSpan{0, 0, 0, 0};
    states[buffer * kRows + i] = exists ? in.states[in.state(h) + row] : RowState{0, 0};
  };
  const auto wanted = [=, all = in.spans, rows = in.q.rows](int tile) {
    bool any = false;
    for (int row = tile * kRows; row < min((tile + 1) * kRows, rows); ++row) {
      any = any || sees_any(all[row], first, first + kOwnRows);
    }
    return any;
  };

  load_rows<kHead, kOwnRows>(own_k, in.k.at(g), first);
  load_rows<kHead, kOwnRows>(own_v, in.v.at(g), first);
  const int key = first + LaneRows::row(0), t = threadIdx.x % 4;
  const float power_scale = in.scale * kLog2e;
  float key_sums[kHead / 8][4] = {}, value_sums[kHead / 8][4] = {};
  for (int h = g * in.group(); h < (g + 1) * in.group(); ++h) {
    TileWalk walk(words, first / kRows, (in.q.rows + kRows - 1) / kRows, wanted);
    int tile = walk.next(), buffer = 0;
    if (tile >= 0) load_tile(h, tile, buffer);
    commit_copies();
    while (tile >= 0) {
      const int next = walk.next();
      if (next >= 0) load_tile(h, next, buffer ^ 1);
      commit_copies();
      wait_copies<1>();
      __syncthreads();  // this tile is there
      const T* const queries = tiles + buffer * 2 * kTileElements;
      float s[kRows / 8][4], ds[kRows / 8][4];
      TileProducts<T, kHead>::template scores<kRows>(s, own_k, queries);
      TileProducts<T, kHead>::template scores<kRows>(ds, own_v, queries + kTileElements);
#pragma unroll
      for (int j = 0; j < kRows / 8; ++j) {
#pragma unroll
        for (int x = 0; x < 2; ++x) {
          const int column = buffer * kRows + 8 * j + 2 * t + x;
          const CacheSpan span = spans[column];
          const RowState state = states[column];
          differentiate_softmax(s[j][x], ds[j][x], sees(span, key), state, power_scale);
          differentiate_softmax(s[j][2 + x], ds[j][2 + x], sees(span, key + 8), state, power_scale);
        }
      }
      TileProducts<T, kHead>::template accumulate<kRows>(value_sums, s, queries + kTileElements);
      TileProducts<T, kHead>::template accumulate<kRows>(key_sums, ds, queries);
      __syncthreads();  // nobody reads this tile any more
      tile = next;
      buffer ^= 1;
    }
  }
  store_rows<kHead>(dk.at(g), first, key_sums, {in.scale, in.scale});
  store_rows<kHead>(dv.at(g), first, value_sums, {1, 1});
}

template <class T>
void launch(const AttentionBackward& a, const CacheSpan* spans, RowState* states, Stream& stream) {
  const auto [rows, heads, kv, head, segments] = a.shape;
  const auto queries = [&](const void* data) { return Heads<const T>(static_cast<const T*>(data), rows, heads, head); };
  const auto keys = [&](const void* data) { return Heads<const T>(static_cast<const T*>(data), rows, kv, head); };
  const Inputs<T> in{queries(a.q), keys(a.k), keys(a.v), queries(a.dout), spans, states, a.scale};
  POPE_LAUNCH(prepare_rows<T>, stream.blocks(rows * heads * kWarp, kThreads), kThreads, 0, stream.handle(),
              queries(a.out), in.dout, a.log_sum_exp, states);
  by_head(head, [&](auto padded) {
    constexpr int kHead = decltype(padded)::value;
    using Tile = Layout<T, kHead>;
    constexpr size_t bytes = sizeof(T) * (2 * Tile::elements(kOwnRows) + 4 * Tile::elements(kRowsOfTile<T>));
    const auto over_queries = differentiate_queries<T, kHead>;
    const auto over_keys = differentiate_keys<T, kHead>;
    allow_shared(over_queries, bytes);
    allow_shared(over_keys, bytes);
    POPE_LAUNCH(over_queries, blocks_of_heads(rows, heads), kThreads, bytes, stream.handle(), in,
                Heads<T>(static_cast<T*>(a.dq), rows, heads, head));
    POPE_LAUNCH(over_keys, blocks_of_heads(rows, kv), kThreads, bytes, stream.handle(), in,
                Heads<T>(static_cast<T*>(a.dk), rows, kv, head), Heads<T>(static_cast<T*>(a.dv), rows, kv, head));
  });
}

}  // namespace

void attention_backward(const AttentionBackward& a, Stream& stream) {
  const AttentionShape& shape = a.shape;
  require_attention("attention_backward", shape.rows, shape.heads, shape.head);
  if (!a.log_sum_exp) throw Error(Status::invalid_argument, "attention_backward: a GPU needs log_sum_exp");
  const auto spans = stream.scratch<CacheSpan>(shape.rows);
  spans_of_segments(a.segments, shape, spans.data(), stream);
  if (shape.rows == 0 || shape.head == 0) return;
  const auto states = stream.scratch<RowState>(shape.heads * shape.rows);
  by_type(a.dtype, [&](auto type) { launch<decltype(type)>(a, spans.data(), states.data(), stream); });
}

}  // namespace pope::cuda
