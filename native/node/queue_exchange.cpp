// exchange: a command whose work is done by the communication thread.
#include <algorithm>
#include <array>

#include "node/buffer_object.h"
#include "node/communicator_object.h"
#include "node/errors.h"
#include "node/queue_object.h"

namespace pope::node {

namespace {

using Buffer = std::shared_ptr<Memory>;

float* floats(const Memory& memory) { return reinterpret_cast<float*>(memory.data); }
size_t count(const Memory& memory) { return memory.bytes / sizeof(float); }

// Held by the work of the communication thread, to the end of its call.
struct Loan {
  const Buffer input, output;

  Loan(Buffer in, Buffer out) : input(std::move(in)), output(std::move(out)) {
    ++input->lent;
    ++output->lent;
  }
  ~Loan() {
    --input->lent;
    --output->lent;
  }
};

// What crosses, and how large input and output are to each other.
struct Collective {
  const char* name;  // as JavaScript says it
  const char* what;  // as messages do
  enum { same, parts_of_input, parts_of_output } sizes;
  void (*run)(Transport&, const Memory& input, const Memory& output, int root);
};

constexpr std::array<Collective, 4> kCollectives{{
    {"allReduce", "all-reduce", Collective::same,
     [](Transport& t, const Memory&, const Memory& data, int) { t.all_reduce(floats(data), count(data)); }},
    {"reduceScatter", "reduce-scatter", Collective::parts_of_input,
     [](Transport& t, const Memory& in, const Memory& out, int) { t.reduce_scatter(floats(in), floats(out), count(out)); }},
    {"allGather", "all-gather", Collective::parts_of_output,
     [](Transport& t, const Memory& in, const Memory& out, int) { t.all_gather(floats(in), floats(out), count(in)); }},
    {"broadcast", "broadcast", Collective::same,
     [](Transport& t, const Memory&, const Memory& data, int root) { t.broadcast(floats(data), count(data), root); }},
}};

const Collective& collective_argument(const Napi::Value& value) {
  const std::string name = value.ToString();
  const auto found = std::find_if(kCollectives.begin(), kCollectives.end(), [&](const auto& c) { return name == c.name; });
  if (found == kCollectives.end()) throw Error(Status::invalid_argument, "there is no collective \"" + name + "\"");
  return *found;
}

void check_sizes(const Collective& collective, const Buffer& input, const Buffer& output, size_t ranks) {
  const size_t in = input->bytes, out = output->bytes;
  const bool fit = collective.sizes == Collective::same              ? input == output
                   : collective.sizes == Collective::parts_of_output ? out == in * ranks
                                                                     : in == out * ranks;
  if (fit && in % sizeof(float) == 0 && out % sizeof(float) == 0) return;
  throw Error(Status::shape, std::string(collective.what) + " over " + std::to_string(ranks) + " ranks: " +
                                 (collective.sizes == Collective::same ? "input and output must be one buffer of floats"
                                                                       : "one of input and output must have as many floats "
                                                                         "for each rank as the other has in all") +
                                 "; they have " + std::to_string(in) + " and " + std::to_string(out) + " bytes");
}

}  // namespace

Napi::Value QueueObject::exchange(const Napi::CallbackInfo& call) {
  return guarded(call.Env(), [&] {
    require_open(call.Env());
    require_no_recording("exchange");
    exchange_ = CommunicatorObject::of(call[0]).exchange();
    const Collective& collective = collective_argument(call[1]);
    const Buffer input = BufferObject::of(call[2], *pool_, "the input").memory();
    const Buffer output = BufferObject::of(call[3], *pool_, "the output").memory();
    const int root = call[4].ToNumber();
    const Transport* const transport = exchange_->transport();
    if (!transport) throw Error(Status::invalid_argument, "exchange: the communicator is not open yet");
    if (root < 0 || root >= transport->size()) throw Error(Status::invalid_argument, "there is no rank " + std::to_string(root));
    if (transport->host_memory() != device_->host_memory()) {
      throw Error(Status::unsupported, transport->description() + " does not reach the memory of this device");
    }
    check_sizes(collective, input, output, static_cast<size_t>(transport->size()));

    const auto loan = std::make_shared<const Loan>(input, output);
    const auto done = std::make_shared<std::promise<void>>();
    const auto turn = exchange_->reserve(
        std::string(collective.what) + " of " + std::to_string(count(*input)) + " floats",
        [done](std::exception_ptr failure) {
          if (failure) done->set_exception(failure);
          else done->set_value();
        });
    // Where a broadcast comes from another rank, what was there does not count.
    const bool sends = collective.run != kCollectives[3].run || root == transport->rank();
    const uint64_t sequence = queue_->push(
        {.work =
             [=, &collective, device = device_] {
               const bool failed = sends && loan->input->poison;
               turn->take([=, &collective, reached = device->reached()](Transport& transport) {
                 if (reached) reached();
                 if (failed) transport.write_nan(floats(*loan->input), count(*loan->input));
                 collective.run(transport, *loan->input, *loan->output, root);
               });
             },
         .inputs = sends ? std::vector{input} : std::vector<Buffer>{},
         .outputs = {output},
         .op = collective.name,
         .dims = {static_cast<int64_t>(count(*input))},
         .done = done->get_future().share()});
    return Napi::Number::New(call.Env(), static_cast<double>(sequence));
  });
}

}  // namespace pope::node
