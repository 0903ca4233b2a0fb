#include "core/thread_pool.h"

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "check.h"

using pope::ThreadPool;
using Blocks = std::set<std::pair<int64_t, int64_t>>;

namespace {

Blocks blocks_of(ThreadPool& pool, int64_t count, int64_t grain) {
  Blocks blocks;
  std::mutex mutex;
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    std::lock_guard lock(mutex);
    CHECK(blocks.emplace(begin, end).second);
  });
  return blocks;
}

void partition_depends_on_grain_alone() {
  ThreadPool one(1), four(4);
  CHECK(blocks_of(one, 0, 4).empty());
  for (const int64_t count : {1, 3, 4, 5, 97, 1000}) {
    const Blocks blocks = blocks_of(four, count, 4);
    CHECK(blocks == blocks_of(one, count, 4));
    int64_t next = 0;
    for (const auto& [begin, end] : blocks) {
      CHECK(begin == next && end > begin && end <= begin + 4);
      next = end;
    }
    CHECK(next == count);
  }
}

void lowest_failing_block_wins_and_all_blocks_run() {
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    std::atomic<int> ran{0};
    std::string message;
    try {
      pool.parallel_for(100, 1, [&](int64_t begin, int64_t) {
        ++ran;
        if (begin % 10 == 7) throw std::runtime_error(std::to_string(begin));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "7" && ran == 100);
    CHECK(blocks_of(pool, 10, 2).size() == 5);
  }
}

void nested_calls_run_inline() {
  ThreadPool pool(3);
  std::atomic<int> ran{0};
  pool.parallel_for(8, 1, [&](int64_t, int64_t) {
    const auto outer = std::this_thread::get_id();
    pool.parallel_for(8, 1, [&](int64_t, int64_t) {
      CHECK(std::this_thread::get_id() == outer);
      ++ran;
    });
  });
  CHECK(ran == 64);
}

void many_callers_share_the_pool() {
  ThreadPool pool(3);
  std::vector<std::thread> callers;
  std::atomic<int64_t> total{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 500; ++round) {
        pool.parallel_for(50, 7, [&](int64_t begin, int64_t end) { total += end - begin; });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(total == 4 * 500 * 50);
}

}  // namespace

void test_thread_pool() {
  partition_depends_on_grain_alone();
  lowest_failing_block_wins_and_all_blocks_run();
  nested_calls_run_inline();
  many_callers_share_the_pool();
}
