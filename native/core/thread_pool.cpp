#include "core/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>

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

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { run_worker(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

ThreadPool& ThreadPool::shared() {
  static ThreadPool* pool = new ThreadPool(configured_threads());
  return *pool;
}

void ThreadPool::run_worker() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const std::shared_ptr<Job> job = jobs_.front();
    if (job->exhausted()) {
      jobs_.pop_front();
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
  if (inside_block || job->blocks == 1 || workers_.empty()) {
    for (int64_t block = 0; block < job->blocks; ++block) job->run_block(block);
  } else {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(job);
    }
    if (job->blocks == 2) {
      wake_.notify_one();
    } else {
      wake_.notify_all();
    }
    job->take_blocks();
    // A worker that finds the job exhausted removes it; if none woke up in time, the caller does, for `body` ends here.
    std::lock_guard lock(mutex_);
    std::erase(jobs_, job);
  }
  job->wait();
}

}  // namespace pope
