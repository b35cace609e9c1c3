#include "kernels/simt/races.h"

#include <algorithm>
#include <stdexcept>

namespace simt {

void RaceDetector::begin_launch(const Launch& launch) {
  bytes_.clear();
  races_.clear();
  places_.clear();
  clocks_.resize(launch.threads());
  ++launches_;
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

void RaceDetector::new_memory(const void* memory, size_t bytes, Space space) {
  if (space == Space::global) return;  // no kernel runs meanwhile, and each begins anew
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

void RaceDetector::access(const Access& access) {
  ++accesses_;
  const unsigned me = here().linear;
  const Mark now{.block = block_, .barriers = barriers_, .clock = clocks_[me][me % kWarp], .thread = me, .place = access.place};
  for (uintptr_t at = access.address; at < access.address + access.bytes; ++at) {
    Byte& byte = bytes_[at];
    check(byte.writer, true, now, access.writes);
    if (access.writes) {
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

std::string RaceDetector::text_of(const Race& race, const std::map<uintptr_t, SourceLine>& lines) const {
  const auto one = [&](const Mark& mark, bool writes) {
    return "thread " + std::to_string(mark.thread) + (writes ? " writes at " : " reads at ") + lines.at(mark.place).text();
  };
  const char* where = race.first.block == race.second.block ? "of the same block" : "of another block";
  return one(race.first, race.first_writes) + ", and without a barrier between " + one(race.second, race.second_writes) + ", " +
         where;
}

void RaceDetector::end_launch(const Launch& launch) {
  if (races_.empty()) return;
  constexpr size_t kMostTold = 3;
  const size_t told = std::min(races_.size(), kMostTold);
  std::set<uintptr_t> places;
  for (size_t i = 0; i < told; ++i) places.insert({races_[i].first.place, races_[i].second.place});
  const auto lines = source_lines(places);
  std::string text = "race in " + launch.kernel + ": ";
  for (size_t i = 0; i < told; ++i) text += (i > 0 ? "; " : "") + text_of(races_[i], lines);
  if (races_.size() > told) text += "; and " + std::to_string(races_.size() - told) + " more places";
  throw std::logic_error(text);
}

}  // namespace simt
