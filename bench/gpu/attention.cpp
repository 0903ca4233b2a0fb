// Attention of known models, bf16: 8 slates of a prompt of 512 tokens and 16 responses of 64, packed and as 128
// separate sequences; and one token of each of 50 samples of two prompts over their cache. Operations are those of the
// pairs of rows that see each other, two products forward and five backward; the kernels form more (tiles on the edge
// of the mask, and the scores twice in the backward pass). Limit of decoding: the cache is read once.
#include <cmath>

#include "bench.h"
#include "core/thread_pool.h"
#include "kernels/attention/attention.cuda.h"
#include "kernels/attention/attention_backward.h"
#include "kernels/decode/attention_decode.cuda.h"

namespace bench {

namespace {

struct Model {
  const char* name;
  int64_t heads, kv, head;
};
constexpr Model kModels[] = {{"Llama-3.2-1B", 32, 8, 64},
                             {"Llama-3.2-3B", 24, 8, 128},
                             {"Qwen3-4B", 32, 8, 128},
                             {"Phi-3.5-mini", 32, 32, 96}};

std::vector<pope::Segment> packed_slates(int slates, int prompt, int responses, int length) {
  std::vector<pope::Segment> segments;
  int row = 0;
  for (int slate = 0; slate < slates; ++slate) {
    const int first = row;
    segments.push_back({row, row + prompt, 0, 0});
    row += prompt;
    for (int i = 0; i < responses; ++i, row += length) segments.push_back({row, row + length, first, first + prompt});
  }
  return segments;
}

std::vector<pope::Segment> sequences(int count, int length) {
  std::vector<pope::Segment> segments;
  for (int i = 0; i < count; ++i) segments.push_back({i * length, (i + 1) * length, 0, 0});
  return segments;
}

// The inputs of one call and its results, on the device.
struct Attention {
  pope::AttentionShape shape;
  int32_t dtype;
  float scale;
  std::vector<pope::Segment> segments;
  Array<pope::Segment> cuts;
  Memory q, k, v, dout, out, dq, dk, dv;
  Array<float> log_sum_exp;

  Attention(const Model& model, int32_t dtype, const std::vector<pope::Segment>& segments)
      : shape{segments.back().end, model.heads, model.kv, model.head, static_cast<int64_t>(segments.size())},
        dtype(dtype),
        scale(1 / std::sqrt(static_cast<float>(model.head))),
        segments(segments),
        cuts(segments),
        q(random_matrix(dtype, queries(), 1, 2)),
        k(random_matrix(dtype, keys(), 2, 2)),
        v(random_matrix(dtype, keys(), 3, 1)),
        dout(random_matrix(dtype, queries(), 4, 1)),
        out(queries() * element_bytes(dtype)),
        dq(queries() * element_bytes(dtype)),
        dk(keys() * element_bytes(dtype)),
        dv(keys() * element_bytes(dtype)),
        log_sum_exp(shape.heads * shape.rows) {}

  int64_t queries() const { return shape.rows * shape.heads * shape.head; }
  int64_t keys() const { return shape.rows * shape.kv * shape.head; }
  // Multiplications and additions of one product over all pairs of rows and query heads.
  double operations() const {
    double pairs = 0;
    for (const auto& [start, end, prefix_start, prefix_end] : segments) {
      const double rows = end - start;
      pairs += rows * (prefix_end - prefix_start) + rows * (rows + 1) / 2;
    }
    return 2 * pairs * static_cast<double>(shape.heads * shape.head);
  }

  void forward(Stream& stream) const {
    pope::cuda::attention(q.as<void>(), k.as<void>(), v.as<void>(), dtype, cuts.data(), out.as<void>(),
                          log_sum_exp.data(), shape, scale, stream);
  }
  void backward(Stream& stream) const {
    pope::cuda::attention_backward({.q = q.as<void>(),
                                    .k = k.as<void>(),
                                    .v = v.as<void>(),
                                    .out = out.as<void>(),
                                    .dout = dout.as<void>(),
                                    .log_sum_exp = log_sum_exp.data(),
                                    .dtype = dtype,
                                    .segments = cuts.data(),
                                    .dq = dq.as<void>(),
                                    .dk = dk.as<void>(),
                                    .dv = dv.as<void>(),
                                    .shape = shape,
                                    .scale = scale},
                                   stream);
  }
};

struct Decoding {
  pope::DecodeShape shape;
  int32_t dtype;
  float scale;
  Array<pope::CacheSpan> spans;
  Memory q, keys, values, out;

  Decoding(const Model& model, int32_t dtype, const std::vector<pope::CacheSpan>& spans, int64_t capacity,
           uint64_t seed)
      : shape{static_cast<int64_t>(spans.size()), model.heads, model.kv, model.head, capacity},
        dtype(dtype),
        scale(1 / std::sqrt(static_cast<float>(model.head))),
        spans(spans),
        q(random_matrix(POPE_F32, queries(), seed, 2)),
        keys(random_matrix(dtype, cache(), seed + 1, 2)),
        values(random_matrix(dtype, cache(), seed + 2, 1)),
        out(queries() * element_bytes(POPE_F32)) {}

  int64_t queries() const { return shape.rows * shape.heads * shape.head; }
  int64_t cache() const { return shape.capacity * shape.kv * shape.head; }
  void run(Stream& stream) const {
    pope::cuda::attention_decode(q.as<float>(), keys.as<void>(), values.as<void>(), dtype, spans.data(),
                                 out.as<float>(), shape, scale, stream);
  }
};

// Samples of prompts, all of the same lengths: the cache holds each prompt, then the samples' own tokens.
std::vector<pope::CacheSpan> samples_of_prompts(int prompts, int prompt, int samples, int own) {
  std::vector<pope::CacheSpan> spans;
  for (int p = 0; p < prompts; ++p) {
    const int first = p * (prompt + samples * own);
    for (int i = 0; i < samples; ++i) {
      const int start = first + prompt + i * own;
      spans.push_back({first, first + prompt, start, start + own});
    }
  }
  return spans;
}

// Against the f32 kernels of the CPU on the same (rounded) numbers.
void check(Report& report, const Model& model, int32_t dtype, const std::vector<pope::Segment>& segments) {
  const Attention a(model, dtype, segments);
  Stream& stream = report.stream();
  a.forward(stream);
  a.backward(stream);
  stream.wait();

  const auto queries = [&](const Memory& from) { return read_floats(from, dtype, a.queries()); };
  const auto keys = [&](const Memory& from) { return read_floats(from, dtype, a.keys()); };
  const std::vector<float> q = queries(a.q), k = keys(a.k), v = keys(a.v), dout = queries(a.dout);
  std::vector<float> out(q.size()), log_sum_exp(a.shape.heads * a.shape.rows), dq(q.size()), dk(k.size()), dv(k.size());
  pope::ThreadPool& pool = pope::ThreadPool::shared();
  pope::attention(q.data(), k.data(), v.data(), segments.data(), out.data(), log_sum_exp.data(), a.shape, a.scale,
                  pool);
  pope::attention_backward<float>({q.data(), k.data(), v.data(), out.data(), dout.data()}, segments.data(),
                                  {dq.data(), dk.data(), dv.data()}, a.shape, a.scale, pool);
  const std::string name = std::string("attention ") + dtype_name(dtype);
  const std::string shape = std::to_string(a.shape.rows) + " rows";
  const double limit = dtype == POPE_F32 ? 1e-5 : dtype == POPE_F16 ? 2e-3 : 1e-2;  // weights are rounded to the dtype
  report.check(name, shape, queries(a.out), out, limit);
  report.check(name + ", log-sum-exp", shape, a.log_sum_exp.read(), log_sum_exp, 1e-5);
  report.check(name + ", dq", shape, queries(a.dq), dq, limit);
  report.check(name + ", dk", shape, keys(a.dk), dk, limit);
  report.check(name + ", dv", shape, keys(a.dv), dv, limit);
}

void check(Report& report, const Model& model, int32_t dtype, const std::vector<pope::CacheSpan>& spans,
           int64_t capacity) {
  const Decoding d(model, dtype, spans, capacity, 1);
  d.run(report.stream());
  report.stream().wait();
  const std::vector<float> q = read_floats(d.q, POPE_F32, d.queries()), keys = read_floats(d.keys, dtype, d.cache());
  const std::vector<float> values = read_floats(d.values, dtype, d.cache());
  std::vector<float> out(q.size());
  pope::attention_decode(q.data(), keys.data(), values.data(), POPE_F32, spans.data(), out.data(), d.shape, d.scale,
                         pope::ThreadPool::shared());
  report.check(std::string("attention_decode ") + dtype_name(dtype), std::to_string(capacity) + " rows of cache",
               read_floats(d.out, POPE_F32, d.queries()), out, 1e-5);
}

void time(Report& report, const Model& model, const char* how, const std::vector<pope::Segment>& segments) {
  const Attention a(model, POPE_BF16, segments);
  Stream& stream = report.stream();
  Row row{.group = "attention", .name = model.name + std::string(", ") + how,
          .shape = std::to_string(a.shape.rows) + " rows", .dtype = "bf16", .operations = 2 * a.operations()};
  row.ms = median_ms(stream, 1, [&](int) { a.forward(stream); });
  report.add(row);
  row.name += ", backward";
  row.operations = 5 * a.operations();
  row.ms = median_ms(stream, 1, [&](int) { a.backward(stream); });
  report.add(row);
}

void time(Report& report, const Model& model, const char* how, const std::vector<pope::CacheSpan>& spans) {
  const int64_t capacity = spans.back().own_end + 1;  // one more than the tokens, so that it is no encoder's
  std::vector<Decoding> sets;
  const int64_t bytes = 2 * capacity * model.kv * model.head * element_bytes(POPE_BF16);
  const int count = sets_past_cache(report.stream(), bytes);
  for (int i = 0; i < count; ++i) sets.emplace_back(model, POPE_BF16, spans, capacity, 10 * uint64_t(i) + 1);
  Row row{.group = "attention", .name = model.name + std::string(", ") + how,
          .shape = std::to_string(spans.size()) + " rows, " + std::to_string(capacity - 1) + " keys", .dtype = "bf16",
          .bytes = static_cast<double>(bytes)};
  row.ms = median_ms(report.stream(), count, [&](int i) { sets[static_cast<size_t>(i)].run(report.stream()); });
  report.add(row);
}

}  // namespace

void bench_attention(Report& report, const Options& options) {
  if (options.timing) {
    if (options.small) {
      const Model model{"small", 4, 2, 64};
      time(report, model, "packed", packed_slates(2, 20, 3, 5));
      time(report, model, "decode", samples_of_prompts(2, 300, 3, 5));
      return;
    }
    for (const Model& model : kModels) {
      time(report, model, "packed", packed_slates(8, 512, 16, 64));
      time(report, model, "unpacked", sequences(8 * 16, 512 + 64));
      time(report, model, "a long sequence", sequences(1, 8192));
      time(report, model, "decode, 50 samples of 2 prompts", samples_of_prompts(2, 512, 50, 64));
      time(report, model, "decode, one long context", samples_of_prompts(1, 16384, 1, 64));
    }
    return;
  }
  for (const int32_t dtype : {POPE_BF16, POPE_F16, POPE_F32}) {
    // Heads that are padded, and rows that are no multiple of 16 bytes; segments that end inside a tile.
    check(report, {"", 4, 2, 40}, dtype, packed_slates(2, 37, 3, 21));
    check(report, {"", 3, 1, 33}, dtype, packed_slates(1, 5, 2, 9));
    check(report, {"", 6, 2, 40}, dtype, samples_of_prompts(2, 300, 2, 17), 700);
    if (options.small) continue;
    for (const Model& model : kModels) {
      check(report, model, dtype, packed_slates(2, 200, 4, 75));
      check(report, model, dtype, samples_of_prompts(2, 700, 3, 33), 1700);
    }
  }
}

}  // namespace bench
