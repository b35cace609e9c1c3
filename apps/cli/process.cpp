#include "apps/cli/process.h"

#include <omp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "apps/cli/exit_code.h"
#include "engine/core/error.h"
#include "engine/core/print_err.h"

namespace cudenza {
namespace {

constexpr int kThreadsPerCore = 4;  // more only wait for each other
constexpr size_t kStackBytes = 1 << 20;

bool ends_by_itself = false;

/// Runs within exit(), before anything is taken apart.
void refuse_end_by_library() {
  if (ends_by_itself) return;
  write_err("cudenza: the system refused a thread or memory (see the line above): use fewer --threads, or raise the limit\n");
  _exit(kDeviceError);
}

/// The stack of the first thread grows as it is used, and where its memory is refused, a signal is all that comes of it. So it
/// is used once, early.
__attribute__((noinline)) void touch_stack() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur < 4 * kStackBytes) return;
  volatile char stack[kStackBytes];
  for (size_t i = 0; i < kStackBytes; i += 4096) stack[i] = 0;
  static_cast<void>(stack[0]);
}

/// How many of `wanted` threads can run at the same time, the calling one among them.
int startable(int wanted) {
  std::atomic<bool> counted = false;
  std::vector<std::jthread> others;
  try {
    while (static_cast<int>(others.size()) + 1 < wanted) others.emplace_back([&] { counted.wait(false); });
  } catch (const std::exception&) {
    // No more threads, or no memory for their stacks.
  }
  counted = true;
  counted.notify_all();
  return static_cast<int>(others.size()) + 1;
}

/// As many of `wanted` as can always be had. OpenMP ends threads where a loop needs fewer and starts others for the next, before
/// the system has forgotten the first; and while it works, as many decode. So three times as many must be startable.
int threads_to_have(int wanted) {
  const auto needed = [](int threads) { return threads == 1 ? 1 : 3 * threads - 1; };
  const int count = startable(needed(wanted));
  if (count == needed(wanted)) return wanted;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the system forgets those that were only counted
  return std::max(1, (count + 1) / 3);
}

/// OpenMP keeps these threads for all later work.
void start_team() {
  std::atomic<int> started = 0;
#pragma omp parallel
  ++started;
  omp_set_num_threads(std::max(1, started.load()));
}

}  // namespace

void prepare_process() {
  std::atexit(refuse_end_by_library);
  std::signal(SIGXFSZ, [](int) {});  // not SIG_IGN, which programs that this one starts would inherit
  touch_stack();
}

int threads_of_rank(int ranks) {
  if (ranks <= 1 || std::getenv("OMP_NUM_THREADS")) return 0;
  const auto cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::clamp(cores / ranks, 1, omp_get_num_procs());  // the launcher may have bound this one to fewer
}

void start_threads(int wanted, bool quiet) {
  omp_set_dynamic(0);  // fewer threads than a loop was cut for: oneDNN would wait for the others for ever
  const int asked = wanted > 0 ? wanted : omp_get_max_threads();
  const int sensible = std::min({asked, kThreadsPerCore * omp_get_num_procs(), omp_get_thread_limit()});
  const int count = threads_to_have(sensible);
  if (count < asked && !quiet) {
    print_err("cudenza: warning: {} threads were asked for, {} are used: {}\n", asked, count,
              count < sensible ? "the system has no more (ulimit -u, ulimit -v, or the container's limit)"
                               : fmt::format("this machine has {} cores", omp_get_num_procs()));
  }
  omp_set_num_threads(count);
  start_team();
}

int end_process(int exit_code) {
  ends_by_itself = true;
  if (exit_code != kDone) std::_Exit(exit_code);
  return exit_code;
}

}  // namespace cudenza
