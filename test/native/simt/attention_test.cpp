// Attention on a GPU against the templates in double: over segments, over spans of a cache, and its gradients.
#include <vector>

#include "kernel_check.h"
#include "kernels/attention/attention.cuda.h"
#include "kernels/attention/attention.reference.h"
#include "kernels/attention/attention_backward.reference.h"
#include "kernels/decode/attention_decode.cuda.h"
#include "kernels/decode/attention_decode.reference.h"

using namespace pope;

namespace {

// A slate as one packed sequence from row `first`: [prompt | response 1 | .. | response K].
std::vector<Segment> slate(int first, int prompt, const std::vector<int>& responses) {
  std::vector<Segment> segments{{first, first + prompt, 0, 0}};
  for (const int length : responses) {
    const int start = segments.back().end;
    segments.push_back({start, start + length, first, first + prompt});
  }
  return segments;
}

HeapArray<Segment> on_device(const std::vector<Segment>& segments) {
  return HeapArray<Segment>(static_cast<int64_t>(segments.size()), [&](int64_t i) { return segments[i]; });
}

struct Results {
  HeapArray<float> floats;
  HeapArray<uint16_t> bits;
  int32_t dtype;

  Results(int32_t dtype, int64_t count)
      : floats(dtype == POPE_F32 ? count : 0), bits(dtype == POPE_F32 ? 0 : count), dtype(dtype) {}
  void* data() const { return dtype == POPE_F32 ? static_cast<void*>(floats.data()) : bits.data(); }
  HeapArray<double> exact() const {
    if (dtype == POPE_F32) return HeapArray<double>(floats.count(), [&](int64_t i) { return floats[i]; });
    HeapArray<double> numbers(bits.count());
    dtype == POPE_F16 ? reference::cast_f16(bits.data(), numbers.data(), bits.count())
                      : reference::cast_bf16(bits.data(), numbers.data(), bits.count());
    return numbers;
  }
};

Tolerance tolerance(int32_t dtype) {
  if (dtype == POPE_F32) return {1e-5, 1e-5};
  return dtype == POPE_F16 ? Tolerance{1e-3, 0x1p-10} : Tolerance{1e-2, 0x1p-7};
}

struct Problem {
  int32_t dtype;
  std::vector<Segment> segments;
  AttentionShape shape;
  float scale;
  HeapArray<Segment> cuts;
  Numbers q, k, v;

  Problem(int32_t dtype, const std::vector<Segment>& segments, int heads, int kv, int head)
      : dtype(dtype),
        segments(segments),
        shape{segments.empty() ? 0 : segments.back().end, heads, kv, head, static_cast<int64_t>(segments.size())},
        scale(2 / std::sqrt(static_cast<float>(head))),
        cuts(on_device(segments)),
        q(dtype, shape.rows * heads * head, 1),
        k(dtype, shape.rows * kv * head, 2),
        v(dtype, shape.rows * kv * head, 3) {}
};

struct Forward {
  Results out;
  HeapArray<float> log_sum_exp;
};

Forward forward(cuda::Stream& stream, const Problem& p) {
  const int64_t count = p.shape.rows * p.shape.heads * p.shape.head;
  Forward result{{p.dtype, count}, HeapArray<float>(p.shape.heads * p.shape.rows)};
  const auto& [out, log_sum_exp] = result;
  cuda::attention(p.q.data(), p.k.data(), p.v.data(), p.dtype, p.cuts.data(), out.data(), log_sum_exp.data(), p.shape,
                  p.scale, stream);
  CHECK(!refusal(stream));
  const HeapArray<double> expected(count), expected_log_sum_exp(log_sum_exp.count());
  reference::attention<double>(p.q.exact.data(), p.k.exact.data(), p.v.exact.data(), p.segments.data(), expected.data(),
                               expected_log_sum_exp.data(), p.shape, p.scale);
  check_close("out", out.exact(), expected, tolerance(p.dtype));
  const HeapArray<double> sums(log_sum_exp.count(), [&](int64_t i) { return log_sum_exp[i]; });
  check_close("log_sum_exp", sums, expected_log_sum_exp, {1e-5, 1e-5});
  return result;
}

void backward(cuda::Stream& stream, const Problem& p, const Forward& results) {
  const int64_t wide = p.shape.rows * p.shape.heads * p.shape.head, narrow = p.shape.rows * p.shape.kv * p.shape.head;
  const Numbers dout(p.dtype, wide, 4);
  const Results dq(p.dtype, wide), dk(p.dtype, narrow), dv(p.dtype, narrow);
  cuda::attention_backward({.q = p.q.data(),
                            .k = p.k.data(),
                            .v = p.v.data(),
                            .out = results.out.data(),
                            .dout = dout.data(),
                            .log_sum_exp = results.log_sum_exp.data(),
                            .dtype = p.dtype,
                            .segments = p.cuts.data(),
                            .dq = dq.data(),
                            .dk = dk.data(),
                            .dv = dv.data(),
                            .shape = p.shape,
                            .scale = p.scale},
                           stream);
  CHECK(!refusal(stream));
  const HeapArray<double> expected_dq(wide), expected_dk(narrow), expected_dv(narrow);
  reference::attention_backward<double>(p.q.exact.data(), p.k.exact.data(), p.v.exact.data(), dout.exact.data(),
                                        p.segments.data(), expected_dq.data(), expected_dk.data(), expected_dv.data(),
                                        p.shape, p.scale);
  // dk and dv of a prompt are sums over a few hundred rows and heads: in float, of weights that 16 bits have rounded.
  const auto [absolute, relative] = tolerance(p.dtype);
  const Tolerance sums{3 * absolute, relative};
  check_close("dq", dq.exact(), expected_dq, sums);
  check_close("dk", dk.exact(), expected_dk, sums);
  check_close("dv", dv.exact(), expected_dv, sums);
}

// The last of many sequences sees the first rows: all tiles between are masked, over more than one window of tiles.
std::vector<Segment> far_prefix() {
  std::vector<Segment> segments = slate(0, 5, {});
  while (segments.back().end < 2090) segments.push_back({segments.back().end, segments.back().end + 190, 0, 0});
  segments.push_back({segments.back().end, segments.back().end + 7, 0, 5});
  return segments;
}

// Over a cache of `capacity` rows; with as many rows of queries it takes the way of encoders.
void decode(cuda::Stream& stream, int32_t dtype, const std::vector<CacheSpan>& spans, const DecodeShape& shape) {
  const HeapArray<CacheSpan> given(shape.rows, [&](int64_t i) { return spans[i]; });
  const int64_t count = shape.rows * shape.heads * shape.head, cache = shape.capacity * shape.kv * shape.head;
  const Numbers q(POPE_F32, count, 1), keys(dtype, cache, 2), values(dtype, cache, 3);
  const float scale = 2 / std::sqrt(static_cast<float>(shape.head));
  const Results out(POPE_F32, count);
  cuda::attention_decode(q.floats.data(), keys.data(), values.data(), dtype, given.data(), out.floats.data(), shape,
                         scale, stream);
  CHECK(!refusal(stream));
  const HeapArray<double> expected(count);
  reference::attention_decode<double>(q.exact.data(), keys.exact.data(), values.exact.data(), spans.data(),
                                      expected.data(), shape, scale);
  check_close("decode", out.exact(), expected, tolerance(POPE_F32));
}

void spans_that_lie(cuda::Stream& stream) {
  for (const int64_t capacity : {3, 4}) {
    const HeapArray<CacheSpan> spans(3, [&](int64_t i) { return CacheSpan{0, i < 1 ? 2 : 0, 2, i < 2 ? 3 : 1 << 30}; });
    spans[1].own_end = 2;
    const HeapArray<float> ones(capacity, [](int64_t) { return 1; }), out(3);
    cuda::attention_decode(ones.data(), ones.data(), ones.data(), POPE_F32, spans.data(), out.data(),
                           {3, 1, 1, 1, capacity}, 1, stream);
    check_refused(stream, Status::out_of_range, 1);
    CHECK(out[0] == 1 && std::isnan(out[1]) && std::isnan(out[2]));
  }
}

void segments_that_lie(cuda::Stream& stream) {
  Problem p(POPE_F32, slate(0, 3, {2, 4}), 1, 1, 2);
  p.cuts[1].prefix_end = 1 << 30;
  p.cuts[2].end = -7;
  const Results out(POPE_F32, 18);
  const HeapArray<float> log_sum_exp(9);
  cuda::attention(p.q.data(), p.k.data(), p.v.data(), p.dtype, p.cuts.data(), out.data(), log_sum_exp.data(), p.shape,
                  p.scale, stream);
  check_refused(stream, Status::out_of_range, 1);
  CHECK(std::isfinite(out.floats[5]) && std::isnan(out.floats[6]) && std::isnan(log_sum_exp[8]));
}

}  // namespace

void test_attention() {
  cuda::Stream stream;
  const auto run = [&](const Problem& p) { backward(stream, p, forward(stream, p)); };
  for (const int32_t dtype : {POPE_F32, POPE_BF16}) {
    run(Problem(dtype, slate(0, 5, {3}), 2, 1, 8));
    decode(stream, dtype, {{0, 3, 4, 9}}, {1, 2, 1, 8, 9});
    if (brief) continue;
    run(Problem(dtype, {}, 2, 1, 8));
    run(Problem(dtype, slate(0, 0, {1, 0}), 1, 1, 1));
    run(Problem(dtype, slate(0, 29, {70, 3}), 3, 1, 33));
    for (const int head : {64, 72, 96, 128}) run(Problem(dtype, slate(0, 64, {1, 2}), 1, 1, head));
    run(Problem(dtype, far_prefix(), 1, 1, 1));
    // One key; many in one part; parts of which some are nearly empty; six query heads on one key-value head.
    const std::vector<CacheSpan> spans{{7, 7, 3, 4}, {0, 200, 210, 260}, {1, 250, 300, 517}, {0, 1, 0, 4300}};
    for (const int head : {1, 40, 128}) decode(stream, dtype, spans, {4, 6, 1, head, 4300});
    decode(stream, dtype, {{0, 0, 0, 3}, {0, 3, 0, 2}, {0, 1, 1, 3}, {0, 0, 3, 4}}, {4, 2, 2, 72, 4});
  }
  if (brief) return;
  run(Problem(POPE_F16, slate(0, 37, {1, 13, 24, 5}), 4, 2, 80));
  segments_that_lie(stream);
  spans_that_lie(stream);
}
