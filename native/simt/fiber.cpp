#include "simt/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define POPE_SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POPE_SIMT_ASAN 1
#endif
#endif
#ifdef POPE_SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
// This file is not itself instrumented by TSan (block.h), so the build says that the kernels are.
#ifdef POPE_SIMT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

// ucontext saves the signal mask by a system call at every switch, which costs seven eighths of the speed; twelve
// instructions do without. Elsewhere, or with POPE_SIMT_UCONTEXT, ucontext is right.
#if defined(__x86_64__) && !defined(POPE_SIMT_UCONTEXT)
#define POPE_SIMT_ASM 1
// Saves what a called function must preserve, stores the stack pointer in *save and goes on where `load` was saved.
extern "C" void simt_switch(void** save, void* load) asm("simt_switch");
asm(R"(
.text
.p2align 4
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
#else
#include <ucontext.h>
#endif

namespace simt {

namespace {

// Instrumented frames are several times as large.
#if defined(POPE_SIMT_ASAN) || defined(POPE_SIMT_TSAN)
constexpr size_t kStackSize = 256 << 10;
#else
constexpr size_t kStackSize = 64 << 10;
#endif

size_t page_size() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

thread_local Fiber* running = nullptr;

}  // namespace

// The lowest page stays inaccessible: a kernel that overflows its stack crashes there instead of writing into the next.
Fiber::Fiber() {
  void* memory = mmap(nullptr, page_size() + kStackSize, PROT_NONE, MAP_PRIVATE | MAP_ANON, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  stack_ = static_cast<std::byte*>(memory) + page_size();
  if (mprotect(stack_, kStackSize, PROT_READ | PROT_WRITE) != 0) {
    munmap(memory, page_size() + kStackSize);
    throw std::bad_alloc();
  }
#ifndef POPE_SIMT_ASM
  own_context_ = new ucontext_t;
  caller_context_ = new ucontext_t;
#endif
#ifdef POPE_SIMT_TSAN
  own_record_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#ifdef POPE_SIMT_TSAN
  __tsan_destroy_fiber(own_record_);
#endif
#ifndef POPE_SIMT_ASM
  delete static_cast<ucontext_t*>(own_context_);
  delete static_cast<ucontext_t*>(caller_context_);
#endif
  munmap(stack_ - page_size(), page_size() + kStackSize);
}

void Fiber::start(Entry entry, void* argument) {
#ifdef POPE_SIMT_ASAN
  if (!finished_) __asan_unpoison_memory_region(stack_, kStackSize);
#endif
  entry_ = entry;
  argument_ = argument;
  finished_ = false;
  own_shadow_ = nullptr;
  prepare_stack();
}

void Fiber::resume() {
  Fiber* const outer = running;
  running = this;
#ifdef POPE_SIMT_ASAN
  __sanitizer_start_switch_fiber(&caller_shadow_, stack_, kStackSize);
#endif
#ifdef POPE_SIMT_TSAN
  caller_record_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(own_record_, __tsan_switch_to_fiber_no_sync);
#endif
  switch_stack(true);
#ifdef POPE_SIMT_ASAN
  __sanitizer_finish_switch_fiber(caller_shadow_, nullptr, nullptr);
#endif
  running = outer;
}

void Fiber::suspend() {
#ifdef POPE_SIMT_ASAN
  __sanitizer_start_switch_fiber(finished_ ? nullptr : &own_shadow_, caller_stack_, caller_stack_size_);
#endif
#ifdef POPE_SIMT_TSAN
  __tsan_switch_to_fiber(caller_record_, __tsan_switch_to_fiber_no_sync);
#endif
  switch_stack(false);
#ifdef POPE_SIMT_ASAN
  __sanitizer_finish_switch_fiber(own_shadow_, &caller_stack_, &caller_stack_size_);
#endif
}

void Fiber::main() {
  Fiber* const self = running;
#ifdef POPE_SIMT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self->caller_stack_, &self->caller_stack_size_);
#endif
  self->entry_(self->argument_);
  self->finished_ = true;
  self->suspend();
}

#ifdef POPE_SIMT_ASM

// As if main() had been called from an empty frame: six saved registers, the address to return to, and one word more,
// so that the stack is aligned as at the entry of a function.
void Fiber::prepare_stack() {
  auto* top = reinterpret_cast<void**>(stack_ + kStackSize);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&Fiber::main);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  own_context_ = top;
}

void Fiber::switch_stack(bool into) {
  into ? simt_switch(&caller_context_, own_context_) : simt_switch(&own_context_, caller_context_);
}

#else

void Fiber::prepare_stack() {
  auto* context = static_cast<ucontext_t*>(own_context_);
  getcontext(context);
  context->uc_stack.ss_sp = stack_;
  context->uc_stack.ss_size = kStackSize;
  context->uc_link = nullptr;
  makecontext(context, &Fiber::main, 0);
}

void Fiber::switch_stack(bool into) {
  auto *own = static_cast<ucontext_t*>(own_context_), *caller = static_cast<ucontext_t*>(caller_context_);
  into ? swapcontext(caller, own) : swapcontext(own, caller);
}

#endif

}  // namespace simt
