#include "core/queue.h"

#include <atomic>
#include <future>

#include "check.h"

using namespace pope;

namespace {

std::shared_ptr<Device> cpu() { return std::make_shared<CpuDevice>(); }

void pool_reuses_blocks_of_similar_size() {
  BufferPool pool(cpu());
  Block block = pool.allocate(1000);
  std::byte* const first = block.data.get();
  CHECK(block.capacity == 1024 && reinterpret_cast<uintptr_t>(first) % 64 == 0);
  pool.release(std::move(block), 1000);
  Block small = pool.allocate(100);  // far smaller: another block
  CHECK(small.data.get() != first && pool.pool_bytes() == 1024 + 128);
  Block similar = pool.allocate(600);
  CHECK(similar.data.get() == first && pool.live_bytes() == 700 && pool.live_buffers() == 2);
  pool.release(std::move(similar), 600);
  CHECK(pool.take_free().size() == 1 && pool.pool_bytes() == 128);
  pool.close();
  pool.release(std::move(small), 100);
  CHECK(pool.pool_bytes() == 0 && pool.live_bytes() == 0 && pool.live_buffers() == 0 && pool.peak_bytes() == 1000);
  CHECK(!pool.allocate(SIZE_MAX).data && !pool.allocate(size_t{1} << 60).data);
  CHECK(pool.allocate(0).data);
}

std::shared_ptr<Memory> memory(BufferPool& pool) { return std::make_shared<Memory>(pool.allocate(8), 8); }

void commands_run_in_order_and_poison_spreads() {
  BufferPool pool(cpu());
  std::vector<std::pair<uint64_t, Poison>> done;
  Queue queue([&](uint64_t ticket, const Poison& poison) { done.emplace_back(ticket, poison); }, cpu());
  const auto a = memory(pool), b = memory(pool);
  std::vector<int> order;
  CHECK(queue.push({.work = [&] { order.push_back(1); }, .outputs = {a}}) == 1);
  queue.push({.work = [&] { throw Error(Status::out_of_range, "no such row", 3); }, .outputs = {a}, .op = "gather", .dims = {2, 5}});
  queue.push({.work = [&] { order.push_back(-1); }, .inputs = {nullptr, a}, .outputs = {b, nullptr}, .ticket = 10});
  queue.push({.work = [&] { order.push_back(2); }, .outputs = {a}, .ticket = 11});
  queue.push({.work = [&] { order.push_back(3); }, .inputs = {a}, .ticket = 12});
  queue.drain();
  CHECK(order == (std::vector<int>{1, 2, 3}));
  CHECK(done.size() == 3 && done[0].first == 10 && !done[1].second && !done[2].second);
  const Failure& failure = *done[0].second;
  CHECK(failure.sequence == 2 && failure.error.index == 3 && failure.error.status == Status::out_of_range);
  CHECK(failure.error.what() == std::string("no such row (op gather, dims [2, 5])"));
}

void what_keeps_survives_a_bad_input() {
  BufferPool pool(cpu());
  Queue queue([](uint64_t, const Poison&) {}, cpu());
  const auto gradient = memory(pool), weight = memory(pool);
  bool ran = false;
  queue.push({.work = [] { throw Error(Status::internal, "no"); }, .outputs = {gradient}});
  queue.push({.work = [&] { ran = true; }, .inputs = {gradient, weight}, .outputs = {weight}, .keeps = true});
  queue.drain();
  CHECK(!ran && gradient->poison && !weight->poison);
  queue.push({.work = [] { throw Error(Status::internal, "no"); }, .outputs = {weight}, .keeps = true});
  queue.drain();
  CHECK(weight->poison);  // its own failure is another matter
}

void reports_come_when_a_command_has_finished() {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::promise<uint64_t> reported;
  Queue queue([&](uint64_t ticket, const Poison&) { reported.set_value(ticket); }, cpu());
  queue.push({.work = [=] { open.wait(); }});
  queue.push({.work = [] {}});
  CHECK(queue.pending() == 2 && queue.report_after(1, 42));
  gate.set_value();
  CHECK(reported.get_future().get() == 42);
  queue.drain();
  CHECK(!queue.report_after(2, 43) && queue.pending() == 0 && queue.pushed() == 2);
}

void abandon_waits_for_the_running_command_only() {
  std::promise<void> started;
  std::atomic<bool> finished{false}, later{false};
  auto held = std::make_shared<int>(0);
  Queue queue([](uint64_t, const Poison&) {}, cpu());
  queue.push({.work = [&] {
    started.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    finished = true;
  }});
  queue.push({.work = [&, held] { later = true; }});
  started.get_future().wait();
  queue.abandon();
  queue.abandon();
  CHECK(finished && !later && held.use_count() == 1);
}

}  // namespace

void test_queue() {
  pool_reuses_blocks_of_similar_size();
  commands_run_in_order_and_poison_spreads();
  what_keeps_survives_a_bad_input();
  reports_come_when_a_command_has_finished();
  abandon_waits_for_the_running_command_only();
}
