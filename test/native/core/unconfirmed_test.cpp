// The queue over a device that finishes later: failures that only a wait shows.
#include <optional>

#include "check.h"
#include "core/program.h"
#include "core/queue.h"

using namespace pope;

namespace {

// Takes work at once and says what failed when it is asked.
class LateDevice final : public Device {
 public:
  std::byte* allocate(size_t bytes) override { return cpu_.allocate(bytes); }
  void free(std::byte* data) noexcept override { cpu_.free(data); }
  bool host_memory() const override { return false; }
  void require_kernel(const Work&) const override {}
  void run(const Work&) override {}
  std::unique_ptr<Replay> replay(std::vector<Step>) override { return nullptr; }
  void upload(void*, const void*, size_t) override {}
  void download(void*, const void*, size_t) override {}
  uint64_t unconfirmed() override {
    if (!next_) return 0;
    failures_.emplace(++last_, *std::exchange(next_, std::nullopt));
    return last_;
  }
  std::map<uint64_t, Error> confirm() override {
    ++waits;
    if (broken) throw Error(Status::internal, "the device is lost");
    return std::exchange(failures_, {});
  }

  void fail_later(const Error& error) { next_.emplace(error); }

  int waits = 0;
  bool broken = false;

 private:
  CpuDevice cpu_;
  std::optional<Error> next_;
  uint64_t last_ = 0;
  std::map<uint64_t, Error> failures_;
};

struct Fixture {
  std::shared_ptr<LateDevice> device = std::make_shared<LateDevice>();
  BufferPool pool{device};
  std::map<uint64_t, Poison> done;
  Queue queue{[this](uint64_t ticket, const Poison& poison) { done[ticket] = poison; }, device};

  std::shared_ptr<Memory> memory() { return std::make_shared<Memory>(pool.allocate(8), 8); }
  void fail_later(std::shared_ptr<Memory> output) {
    queue.push({.work = [this] { device->fail_later(Error(Status::out_of_range, "no such token", 7)); },
                .outputs = {std::move(output)},
                .op = "head",
                .dims = {3}});
  }
  void read(std::shared_ptr<Memory> from, uint64_t ticket) {
    queue.push({.work = [] {}, .inputs = {std::move(from)}, .op = "read", .ticket = ticket, .reads = true});
  }
};

void a_late_failure_reaches_whatever_depends_on_it() {
  Fixture f;
  const auto healthy = f.memory(), failed = f.memory(), dependent = f.memory(), rewritten = f.memory();
  bool ran = false;
  f.queue.push({.work = [] {}, .outputs = {healthy}});
  f.fail_later(failed);
  f.queue.push({.work = [&] { ran = true; }, .inputs = {failed, healthy}, .outputs = {dependent, rewritten}});
  f.queue.push({.work = [] {}, .inputs = {healthy}, .outputs = {rewritten}});
  f.read(dependent, 1);
  f.read(healthy, 2);
  f.read(rewritten, 3);
  f.read(failed, 4);
  f.queue.drain();
  CHECK(ran);  // the device could not know
  CHECK(f.done[1] && f.done[1] == f.done[4] && !f.done[2] && !f.done[3]);
  CHECK(f.done[1]->sequence == 2 && f.done[1]->error.index == 7);
  CHECK(f.done[1]->error.what() == std::string("no such token (op head, dims [3])"));
  CHECK(f.device->waits == 1);  // nothing unconfirmed was left for the later reads
  f.queue.push({.work = [] {}, .outputs = {failed}});
  f.read(failed, 5);
  f.queue.drain();
  CHECK(!f.done[5]);
}

void an_earlier_failure_stays_the_first() {
  Fixture f;
  const auto first = f.memory(), second = f.memory(), both = f.memory();
  f.queue.push({.work = [] { throw Error(Status::non_finite, "at once"); }, .outputs = {first}});
  f.fail_later(second);
  f.queue.push({.work = [] {}, .inputs = {first, second}, .outputs = {both}});
  f.read(both, 1);
  f.queue.drain();
  CHECK(f.done[1] && f.done[1]->error.status == Status::non_finite);
}

void a_lost_device_fails_what_was_not_confirmed() {
  Fixture f;
  const auto a = f.memory();
  f.device->broken = true;
  f.fail_later(a);
  f.read(a, 1);
  f.queue.drain();
  CHECK(f.done[1] && f.done[1]->error.status == Status::internal);
}

}  // namespace

void test_unconfirmed() {
  a_late_failure_reaches_whatever_depends_on_it();
  an_earlier_failure_stays_the_first();
  a_lost_device_fails_what_was_not_confirmed();
}
