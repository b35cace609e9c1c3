#include "kernels/simt/races.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace simt {
namespace {

RaceDetector* detector = nullptr;

/// "void function at file:line", by addr2line of the program that runs; its address where that is not there.
std::string source_of(uintptr_t place) {
  char address[32];
  std::snprintf(address, sizeof address, "0x%zx", static_cast<size_t>(place));
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(place), &info) || !info.dli_fname) return address;
  char command[4096];
  std::snprintf(command, sizeof command, "addr2line -s -f -C -e '%s' 0x%zx 2>/dev/null", info.dli_fname,
                static_cast<size_t>(place - reinterpret_cast<uintptr_t>(info.dli_fbase)));
  const std::unique_ptr<FILE, int (*)(FILE*)> out(popen(command, "r"), pclose);
  std::string lines[2];
  char text[2048];
  for (std::string& line : lines) {
    if (!out || !std::fgets(text, sizeof text, out.get())) return address;
    line = text;
    line.erase(line.find_last_not_of('\n') + 1);
  }
  const std::string hidden = "(anonymous namespace)::";
  for (size_t at; (at = lines[0].find(hidden)) != std::string::npos;) lines[0].erase(at, hidden.size());
  return lines[0].substr(0, lines[0].find_first_of("<(")) + " at " + lines[1].substr(0, lines[1].find(' '));
}

}  // namespace

RaceDetector::RaceDetector() {
  detector = this;
  trace_with(this);
}

RaceDetector::~RaceDetector() {
  trace_with(nullptr);
  detector = nullptr;
}

void RaceDetector::begin_launch(unsigned threads) {
  bytes_.clear();
  races_.clear();
  places_.clear();
  clocks_.resize(threads);
  ++launches_;
  runs_ = true;
}

void RaceDetector::begin_block() {
  ++block_;
  barriers_ = 0;
  for (auto& clock : clocks_) clock.fill(0);
}

void RaceDetector::block_barrier() { ++barriers_; }

/// Whoever meets knows afterwards what each of them knew, and begins a new stretch of its own.
void RaceDetector::warp_barrier(unsigned first, unsigned mask) {
  std::array<uint32_t, kWarp> known{};
  const auto for_each = [&](const auto& act) {
    for (unsigned lane = 0; lane < kWarp && first + lane < clocks_.size(); ++lane)
      if (mask >> lane & 1u) act(lane, clocks_[first + lane]);
  };
  for_each([&](unsigned lane, auto& clock) {
    ++clock[lane];
    for (unsigned k = 0; k < kWarp; ++k) known[k] = std::max(known[k], clock[k]);
  });
  for_each([&](unsigned, auto& clock) { clock = known; });
}

void RaceDetector::forget(const void* memory, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  for (uintptr_t at = begin; at < begin + bytes; ++at) bytes_.erase(at);
}

bool RaceDetector::is_ordered(const Mark& before) const {
  const unsigned me = here().linear;
  if (before.block != block_) return false;
  if (before.thread == me || before.barriers < barriers_) return true;
  return before.thread / kWarp == me / kWarp && clocks_[me][before.thread % kWarp] > before.clock;
}

void RaceDetector::check(const Mark& before, bool before_writes, const Mark& now, bool now_writes) {
  if (before.block == 0 || is_ordered(before) || !places_.emplace(before.place, now.place).second) return;
  races_.push_back({before, now, before_writes, now_writes});
}

void RaceDetector::access(uintptr_t address, size_t bytes, bool writes, uintptr_t place) {
  if (!runs_) return;
  ++accesses_;
  const unsigned me = here().linear;
  const Mark now{.block = block_, .barriers = barriers_, .clock = clocks_[me][me % kWarp], .thread = me, .place = place};
  for (uintptr_t at = address; at < address + bytes; ++at) {
    Byte& byte = bytes_[at];
    check(byte.writer, true, now, writes);
    if (writes) {
      check(byte.reader, false, now, true);
      check(byte.other_reader, false, now, true);
      byte = {.writer = now, .reader = {}, .other_reader = {}};
    } else if (byte.reader.block == 0 || (byte.reader.block == now.block && byte.reader.thread == me)) {
      byte.reader = now;
    } else {
      byte.other_reader = now;
    }
  }
}

std::string RaceDetector::text_of(const Race& race) const {
  const auto one = [&](const Mark& mark, bool writes) {
    return "thread " + std::to_string(mark.thread) + (writes ? " writes in " : " reads in ") + source_of(mark.place);
  };
  const char* where = race.first.block == race.second.block ? "of the same block" : "of another block";
  return one(race.first, race.first_writes) + ", and without a barrier between " + one(race.second, race.second_writes) + ", " +
         where;
}

void RaceDetector::end_launch() {
  runs_ = false;
  if (races_.empty()) return;
  std::string text = "race: ";
  constexpr size_t kMostTold = 3;
  for (size_t i = 0; i < std::min(races_.size(), kMostTold); ++i) text += (i > 0 ? "; " : "") + text_of(races_[i]);
  if (races_.size() > kMostTold) text += "; and " + std::to_string(races_.size() - kMostTold) + " more places";
  throw std::logic_error(text);
}

}  // namespace simt

namespace {

/// An access by code of a kernel. What lies just above the caller's frame is the thread's own stack: registers on a card.
void note(const void* p, size_t bytes, bool writes, const void* caller, const void* frame) {
  constexpr uintptr_t kStack = 96 * 1024;
  const auto address = reinterpret_cast<uintptr_t>(p);
  if (!simt::detector || address - reinterpret_cast<uintptr_t>(frame) < kStack) return;
  simt::detector->access(address, bytes, writes, reinterpret_cast<uintptr_t>(caller) - 1);
}

}  // namespace

#define SIMT_NOTE(bytes, writes) note(p, bytes, writes, __builtin_return_address(0), __builtin_frame_address(0))
#define SIMT_HOOKS(size)                                                           \
  extern "C" void __tsan_read##size(void* p) { SIMT_NOTE(size, false); }           \
  extern "C" void __tsan_write##size(void* p) { SIMT_NOTE(size, true); }           \
  extern "C" void __tsan_unaligned_read##size(void* p) { SIMT_NOTE(size, false); } \
  extern "C" void __tsan_unaligned_write##size(void* p) { SIMT_NOTE(size, true); }
SIMT_HOOKS(1)
SIMT_HOOKS(2)
SIMT_HOOKS(4)
SIMT_HOOKS(8)
SIMT_HOOKS(16)
extern "C" void __tsan_read_range(void* p, unsigned long bytes) { SIMT_NOTE(bytes, false); }
extern "C" void __tsan_write_range(void* p, unsigned long bytes) { SIMT_NOTE(bytes, true); }
extern "C" void __tsan_vptr_update(void**, void*) {}
extern "C" void __tsan_vptr_read(void**) {}
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit() {}
extern "C" void __tsan_init() {}
