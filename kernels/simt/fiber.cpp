#include "kernels/simt/fiber.h"

#include <vector>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace simt {
namespace {
constexpr size_t kStackBytes = 96 * 1024;  // a kernel's locals, with the sanitizers' red zones

/// A fiber that ends stops in its outermost frames and never leaves them: AddressSanitizer must forget those.
void forget_old_frames([[maybe_unused]] void* stack_end) {
#if defined(__SANITIZE_ADDRESS__)
  constexpr size_t kOutermostFrames = 4096;
  __asan_unpoison_memory_region(static_cast<char*>(stack_end) - kOutermostFrames, kOutermostFrames);
#endif
}

thread_local void (*starting_entry)(void*);
thread_local void* starting_argument;
void first_frame() { starting_entry(starting_argument); }

}  // namespace

#if defined(__x86_64__)
// A switch that saves what the System V ABI says a call preserves: six registers, the stack pointer and the two control
// words. About eight times quicker than swapcontext, which asks the kernel for the signal mask at every switch.
extern "C" void simt_switch(void** save_stack_pointer, void* load_stack_pointer);
asm(R"(
.text
.globl simt_switch
.type simt_switch, @function
simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size simt_switch, .-simt_switch
)");

struct Fiber::State {
  std::vector<uint64_t> stack = std::vector<uint64_t>(kStackBytes / 8);
  void* own = nullptr;        // the fiber's stack pointer while it is stopped
  void* scheduler = nullptr;  // the scheduler's while the fiber runs
  void (*entry)(void*) = nullptr;
  void* argument = nullptr;
};

void Fiber::reset(void (*entry)(void*), void* argument) {
  state_->entry = entry;
  state_->argument = argument;
  forget_old_frames(state_->stack.data() + state_->stack.size());
  // The frame simt_switch expects: control words, six registers, the address to return to. The ABI wants the stack
  // pointer at 8 modulo 16 when a function begins, as if it had been called.
  auto top = reinterpret_cast<uintptr_t>(state_->stack.data() + state_->stack.size()) / 16 * 16;
  auto* frame = reinterpret_cast<uint64_t*>(top) - 9;
  for (int i = 0; i < 9; ++i) frame[i] = 0;
  uint32_t mxcsr = 0;
  uint16_t x87 = 0;
  asm volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(x87));
  frame[0] = mxcsr | static_cast<uint64_t>(x87) << 32;
  frame[7] = reinterpret_cast<uint64_t>(&first_frame);
  state_->own = frame;
}

void Fiber::resume() {
  starting_entry = state_->entry;
  starting_argument = state_->argument;
  simt_switch(&state_->scheduler, state_->own);
}

void Fiber::yield() { simt_switch(&state_->own, state_->scheduler); }

#else  // any other machine: ucontext

struct Fiber::State {
  std::vector<char> stack = std::vector<char>(kStackBytes);
  ucontext_t own, scheduler;
  void (*entry)(void*) = nullptr;
  void* argument = nullptr;
};

void Fiber::reset(void (*entry)(void*), void* argument) {
  state_->entry = entry;
  state_->argument = argument;
  forget_old_frames(state_->stack.data() + state_->stack.size());
  getcontext(&state_->own);
  state_->own.uc_stack.ss_sp = state_->stack.data();
  state_->own.uc_stack.ss_size = state_->stack.size();
  state_->own.uc_link = nullptr;
  makecontext(&state_->own, first_frame, 0);
}

void Fiber::resume() {
  starting_entry = state_->entry;
  starting_argument = state_->argument;
  swapcontext(&state_->scheduler, &state_->own);
}

void Fiber::yield() { swapcontext(&state_->own, &state_->scheduler); }
#endif

Fiber::Fiber() : state_(std::make_unique<State>()) {}
Fiber::~Fiber() = default;

bool Fiber::owns(uintptr_t address) const {
  return address - reinterpret_cast<uintptr_t>(state_->stack.data()) < kStackBytes;  // below it wraps round
}

}  // namespace simt
