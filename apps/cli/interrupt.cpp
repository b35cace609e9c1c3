#include "apps/cli/interrupt.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

namespace cudenza {
namespace {

constexpr std::array kWatched{SIGINT, SIGTERM, SIGHUP, SIGUSR1};

std::atomic<long> noted_at = -1;  ///< seconds since the system's start; -1: never
static_assert(std::atomic<long>::is_always_lock_free, "a signal's handler may not wait");

long now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

void note(int signal) {
  long never = -1;
  const bool is_first = noted_at.compare_exchange_strong(never, now());
  if (is_first || signal == SIGHUP || signal == SIGUSR1 || now() - noted_at <= 1) return;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void watch_interrupts() {
  for (const int signal : kWatched) {
    if (std::signal(signal, note) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

bool interrupted() { return noted_at >= 0; }

void let_first_speak(int rank) {
  if (rank == 0) return;
  for (const int signal : kWatched) std::signal(signal, SIG_DFL);
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1500 + 100 * rank, 4000)));
}

}  // namespace cudenza
