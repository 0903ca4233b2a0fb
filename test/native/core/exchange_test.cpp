// The communication thread and a queue that hands work to it, with a transport of two ranks whose other rank sends ones.
#include "comm/exchange.h"

#include <cmath>
#include <cstring>
#include <future>

#include "check.h"
#include "comm/gather_numbers.h"
#include "core/queue.h"

using namespace pope;

namespace {

class OnesTransport : public Transport {
 public:
  std::string description() const override { return "ones"; }
  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool host_memory() const override { return true; }
  void all_reduce(float* data, size_t count) override {
    for (size_t i = 0; i < count; ++i) data[i] += 1;
    ++progress;
  }
  void reduce_scatter(const float* input, float* output, size_t count) override {
    for (size_t i = 0; i < count; ++i) output[i] = input[i] + 1;
  }
  void all_gather(const float* input, float* output, size_t count) override {
    for (size_t i = 0; i < count; ++i) {
      output[i] = input[i];
      output[count + i] = 1;
    }
  }
  void broadcast(float*, size_t, int) override { throw Error(Status::internal, "the wire is cut"); }
  // The other rank has two numbers, 0 and 0.
  void all_gather_host(const std::byte* input, std::byte* output, size_t bytes) override {
    std::memset(output, 0, 2 * bytes);
    std::memcpy(output, input, bytes);
    const double two = 2;
    if (bytes == sizeof two) std::memcpy(output + bytes, &two, sizeof two);
  }
  void write_nan(float* data, size_t count) override { std::fill_n(data, count, NAN); }
  void finish() override {}
  void abort(int) noexcept override {}
};

std::unique_ptr<Transport> ones() { return std::make_unique<OnesTransport>(); }
void ignore(std::exception_ptr) {}

std::string message(std::exception_ptr failure) {
  if (!failure) return "";
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    return error.what();
  }
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// A place and what became of it.
struct Call {
  std::promise<std::string> promise;
  std::future<std::string> outcome = promise.get_future();
  std::shared_ptr<Exchange::Turn> turn;

  Call(Exchange& exchange, const char* what)
      : turn(exchange.reserve(what, [this](std::exception_ptr failure) { promise.set_value(message(failure)); })) {}
};

void calls_are_made_in_the_order_of_places() {
  const auto exchange = Exchange::start(ones, ignore);
  Call first(*exchange, "first"), second(*exchange, "second");
  std::vector<int> order;
  second.turn->take([&](Transport&) { order.push_back(2); });
  CHECK(second.outcome.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout && !exchange->status());
  first.turn->take([&](Transport&) { order.push_back(1); });
  CHECK(second.outcome.get().empty() && first.outcome.get().empty() && order == (std::vector<int>{1, 2}));
  exchange->abandon();
}

void status_names_the_call_that_runs() {
  const auto exchange = Exchange::start(ones, ignore);
  Call call(*exchange, "all-reduce");
  std::promise<void> inside, release;
  call.turn->take([&](Transport& transport) {
    float one = 1;
    transport.all_reduce(&one, 1);
    inside.set_value();
    release.get_future().wait();
  });
  inside.get_future().wait();
  const auto status = exchange->status();
  CHECK(status && status->what == "all-reduce" && status->number == 1 && status->progress == 1);
  release.set_value();
  CHECK(call.outcome.get().empty() && !exchange->status());
  exchange->abandon();
}

void after_a_failure_nothing_more_is_sent() {
  const auto exchange = Exchange::start(ones, ignore);
  Call bad(*exchange, "broadcast"), waiting(*exchange, "gather");
  bad.turn->take([](Transport& transport) { transport.broadcast(nullptr, 1, 0); });
  const std::string reason = "broadcast, call 1 of rank 0 of 2: the wire is cut";
  CHECK(bad.outcome.get() == reason && waiting.outcome.get() == reason);
  Call late(*exchange, "late");
  CHECK(late.outcome.get() == reason);
  exchange->abandon();
}

void a_place_that_is_given_up_ends_it() {
  const auto exchange = Exchange::start(ones, ignore);
  Call given_up(*exchange, "all-reduce"), next(*exchange, "gather");
  next.turn->take([](Transport&) {});
  given_up.turn.reset();
  CHECK(contains(given_up.outcome.get(), "all-reduce, call 1, was given up") && contains(next.outcome.get(), "given up"));
  exchange->abandon();
}

void nobody_waits_for_a_call_that_hangs() {
  const auto exchange = Exchange::start(ones, ignore);
  Call call(*exchange, "gather");
  const auto inside = std::make_shared<std::promise<void>>(), release = std::make_shared<std::promise<void>>();
  const auto ended = std::make_shared<std::promise<void>>();
  call.turn->take([=](Transport&) {
    inside->set_value();
    release->get_future().wait();
    ended->set_value();
  });
  inside->get_future().wait();
  exchange->abandon();
  CHECK(contains(call.outcome.get(), "was closed before"));
  release->set_value();
  ended->get_future().wait();
}

void what_cannot_be_opened_fails_every_call() {
  std::promise<std::string> opened;
  const auto exchange = Exchange::start([]() -> std::unique_ptr<Transport> { throw Error(Status::unsupported, "no wire"); },
                                        [&](std::exception_ptr failure) { opened.set_value(message(failure)); });
  CHECK(opened.get_future().get() == "no wire" && !exchange->transport());
  CHECK(Call(*exchange, "gather").outcome.get() == "no wire");
}

void ranks_may_have_different_counts() {
  const auto transport = ones();
  CHECK(gather_numbers(*transport, {3, 4, 5}) == (std::vector<std::vector<double>>{{3, 4, 5}, {0, 0}}));
}

// What QueueObject::exchange pushes.
void push_all_reduce(Queue& queue, Exchange& exchange, const std::shared_ptr<Memory>& memory) {
  const auto done = std::make_shared<std::promise<void>>();
  const auto turn = exchange.reserve("all-reduce", [done](std::exception_ptr failure) {
    if (failure) done->set_exception(failure);
    else done->set_value();
  });
  queue.push({.work =
                  [=] {
                    const bool failed = memory->poison != nullptr;
                    turn->take([=](Transport& transport) {
                      auto* data = reinterpret_cast<float*>(memory->data);
                      if (failed) transport.write_nan(data, 2);
                      transport.all_reduce(data, 2);
                    });
                  },
              .inputs = {memory},
              .outputs = {memory},
              .op = "allReduce",
              .done = done->get_future().share()});
}

void a_queue_goes_on_until_it_needs_the_sum() {
  const auto cpu = std::make_shared<CpuDevice>();
  BufferPool pool(cpu);
  std::vector<Poison> reads;
  Queue queue([&](uint64_t, const Poison& poison) { reads.push_back(poison); }, cpu);
  const auto exchange = Exchange::start(ones, ignore);
  const auto memory = std::make_shared<Memory>(pool.allocate(8), 8);
  auto* const data = reinterpret_cast<float*>(memory->data);
  Call before(*exchange, "gather");  // keeps the thread from the sum
  queue.push({.work = [=] { data[0] = 1, data[1] = 2; }, .outputs = {memory}});
  push_all_reduce(queue, *exchange, memory);
  std::promise<void> went_on;
  queue.push({.work = [&] { went_on.set_value(); }});
  float seen = 0;
  queue.push({.work = [&] { seen = data[1]; }, .inputs = {memory}, .ticket = 1});
  went_on.get_future().wait();
  CHECK(seen == 0);
  before.turn->take([](Transport&) {});
  queue.drain();
  CHECK(seen == 3 && data[0] == 2 && !reads.at(0));

  queue.push({.work = [] { throw Error(Status::non_finite, "bad row"); }, .outputs = {memory}, .op = "norm"});
  push_all_reduce(queue, *exchange, memory);
  queue.push({.work = [] {}, .inputs = {memory}, .ticket = 2});
  queue.drain();
  CHECK(std::isnan(data[0]) && contains(reads.at(1)->error.what(), "bad row"));

  exchange->abandon();
  queue.push({.work = [] {}, .outputs = {memory}});
  push_all_reduce(queue, *exchange, memory);
  queue.push({.work = [] {}, .inputs = {memory}, .ticket = 3});
  queue.drain();
  CHECK(contains(reads.at(2)->error.what(), "was closed before") && reads.at(2)->sequence == 9);
}

}  // namespace

void test_exchange() {
  calls_are_made_in_the_order_of_places();
  status_names_the_call_that_runs();
  after_a_failure_nothing_more_is_sent();
  a_place_that_is_given_up_ends_it();
  nobody_waits_for_a_call_that_hangs();
  what_cannot_be_opened_fails_every_call();
  ranks_may_have_different_counts();
  a_queue_goes_on_until_it_needs_the_sum();
}
