#include "core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"

namespace pope {

namespace {

constexpr int kMaximumThreads = 1024;

// True while this thread runs a block: a nested parallel_for then runs inline instead of waiting for busy threads.
thread_local bool inside_block = false;

int configured_threads() {
  if (const char* text = std::getenv("POPE_THREADS"); text && *text) {
    char* end = nullptr;
    const long threads = std::strtol(text, &end, 10);
    if (*end != '\0' || threads < 1 || threads > kMaximumThreads) {
      throw Error(Status::invalid_argument, "POPE_THREADS must be a whole number from 1 to " +
                                                std::to_string(kMaximumThreads) + ", not \"" + text + "\"");
    }
    return static_cast<int>(threads);
  }
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaximumThreads);
}

}  // namespace

struct ThreadPool::Job {
  Job(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body)
      : count(count), grain(grain), blocks((count + grain - 1) / grain), body(body) {}

  const int64_t count, grain, blocks;
  const std::function<void(int64_t, int64_t)>& body;  // outlives the job: the caller waits for `finished`

  std::atomic<int64_t> next{0};
  std::atomic<int64_t> finished{0};
  std::mutex mutex;
  std::condition_variable all_finished;
  int64_t failed_block = -1;
  std::exception_ptr failure;

  bool exhausted() const { return next.load(std::memory_order_relaxed) >= blocks; }

  void run_block(int64_t block) {
    try {
      body(block * grain, std::min(count, (block + 1) * grain));
    } catch (...) {
      std::lock_guard lock(mutex);
      if (failed_block < 0 || block < failed_block) {
        failed_block = block;
        failure = std::current_exception();
      }
    }
    if (finished.fetch_add(1) + 1 == blocks) {
      std::lock_guard lock(mutex);  // so that the caller is either before its test or already waiting
      all_finished.notify_all();
    }
  }

  void take_blocks() {
    inside_block = true;
    for (int64_t block = next.fetch_add(1); block < blocks; block = next.fetch_add(1)) run_block(block);
    inside_block = false;
  }

  void wait() {
    std::unique_lock lock(mutex);
    all_finished.wait(lock, [this] { return finished.load() == blocks; });
    if (failure) std::rethrow_exception(failure);
  }
};

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> jobs;  // with blocks that nobody has taken yet
  bool stopping = false;
  std::vector<std::thread> workers;
};

ThreadPool::ThreadPool(int threads) : state_(new State) {
  for (int i = 1; i < threads; ++i) state_->workers.emplace_back([this] { run_worker(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) worker.join();
  delete state_;
}

ThreadPool& ThreadPool::shared() {
  static ThreadPool* pool = new ThreadPool(configured_threads());
  return *pool;
}

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run_worker() {
  std::unique_lock lock(state_->mutex);
  for (;;) {
    state_->wake.wait(lock, [this] { return state_->stopping || !state_->jobs.empty(); });
    if (state_->stopping) return;
    const std::shared_ptr<Job> job = state_->jobs.front();
    if (job->exhausted()) {
      state_->jobs.pop_front();
      continue;
    }
    lock.unlock();
    job->take_blocks();
    lock.lock();
  }
}

void ThreadPool::parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  if (count <= 0) return;
  const auto job = std::make_shared<Job>(count, std::max<int64_t>(grain, 1), body);
  if (inside_block || job->blocks == 1 || state_->workers.empty()) {
    for (int64_t block = 0; block < job->blocks; ++block) job->run_block(block);
  } else {
    {
      std::lock_guard lock(state_->mutex);
      state_->jobs.push_back(job);
    }
    if (job->blocks == 2) {
      state_->wake.notify_one();
    } else {
      state_->wake.notify_all();
    }
    job->take_blocks();
    // A worker that finds the job exhausted removes it; if none woke up in time, the caller does, for `body` ends here.
    std::lock_guard lock(state_->mutex);
    std::erase(state_->jobs, job);
  }
  job->wait();
}

}  // namespace pope
