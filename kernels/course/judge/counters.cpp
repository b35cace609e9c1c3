#include "kernels/course/judge/counters.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cudenza::course {
namespace {

using simt::Space;

/// A counter's value, and the line that it is worst at, if it is one line's.
struct Measured {
  double value = 0;
  double least = 0;  ///< what requests for the same bytes could do with; 0: not known
  double lanes = 0;  ///< of 32, in a request
  uintptr_t place = 0;
  bool is_least = false;  ///< never too much
};

double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

/// The largest of value(place) over the places that `counts`.
template <class Counts, class Value> Measured worst(const simt::Profiler& profiler, Counts counts, Value value) {
  Measured most;
  for (const auto& [name, kernel] : profiler.kernels()) {
    for (const auto& [address, place] : kernel.places) {
      if (!counts(place) || value(place.requests) <= most.value) continue;
      const simt::Requests& r = place.requests;
      most = {.value = value(r), .least = ratio(r.least, r.count), .lanes = ratio(r.lanes, r.count), .place = address};
    }
  }
  return most;
}

/// Where some requests touch more sectors than their bytes fill, the worst of those: packs of 16 bytes fill 16 sectors, and are
/// none the worse for it.
Measured sectors(const simt::Profiler& profiler, bool writes) {
  const auto counts = [&](const auto& place) { return place.space == Space::global && place.writes == writes; };
  const auto wastes = [&](const auto& place) { return counts(place) && place.requests.served > place.requests.least; };
  const auto value = [](const simt::Requests& r) { return ratio(r.served, r.count); };
  const Measured wasteful = worst(profiler, wastes, value);
  if (wasteful.value > 0) return wasteful;
  Measured most = worst(profiler, counts, value);
  most.is_least = true;
  return most;
}

/// Of all places, with the one that asks for the most bytes.
Measured requests(const simt::Profiler& profiler, Space space) {
  const auto counts = [&](const auto& place) { return place.space == space; };
  Measured all = worst(profiler, counts, [](const simt::Requests& r) { return static_cast<double>(r.bytes); });
  all.value = all.least = 0;
  for (const auto& [name, kernel] : profiler.kernels()) all.value += static_cast<double>(kernel.of(space).count);
  return all;
}

template <class Value> double largest(const simt::Profiler& profiler, Value value) {
  double most = 0;
  for (const auto& [name, kernel] : profiler.kernels()) most = std::max(most, value(kernel));
  return most;
}

template <class Value> double total(const simt::Profiler& profiler, Value value) {
  double sum = 0;
  for (const auto& [name, kernel] : profiler.kernels()) sum += static_cast<double>(value(kernel));
  return sum;
}

Measured measure(const simt::Profiler& profiler, Counter counter) {
  switch (counter) {
    case Counter::load_sectors: return sectors(profiler, false);
    case Counter::store_sectors: return sectors(profiler, true);
    case Counter::passes:
      return worst(
          profiler, [](const auto& place) { return place.space == Space::shared; },
          [](const simt::Requests& r) { return ratio(r.served, r.least); });
    case Counter::requests: return requests(profiler, Space::global);
    case Counter::shared_requests: return requests(profiler, Space::shared);
    case Counter::barriers: return {.value = largest(profiler, [](const auto& k) { return ratio(k.barriers, k.blocks); })};
    case Counter::bytes: return {.value = total(profiler, [](const auto& k) { return k.bytes_read + k.bytes_written; })};
    case Counter::launches: return {.value = total(profiler, [](const auto& k) { return k.launches; })};
  }
  return {};
}

const char* name_of(Counter counter) {
  switch (counter) {
    case Counter::load_sectors: return "sectors a load";
    case Counter::store_sectors: return "sectors a store";
    case Counter::passes: return "passes a shared access";
    case Counter::requests: return "requests";
    case Counter::shared_requests: return "shared requests";
    case Counter::barriers: return "barriers a block";
    case Counter::bytes: return "bytes";
    case Counter::launches: return "launches";
  }
  return "";
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::floor(value) == value ? "%.0f" : "%.1f", value);
  return text;
}

/// How far threads 0 and 1 stand from each other at the line, as far as both were there: in bytes, or in words of shared memory.
std::string neighbours_text(const Watch& watch, uintptr_t place, bool is_shared) {
  const auto found = watch.pairs().find(place);
  if (found == watch.pairs().end() || !found->second.first || !found->second.second) return "";
  const uintptr_t a = *found->second.first, b = *found->second.second, bytes = a < b ? b - a : a - b;
  if (is_shared) return "; threads 0 and 1 want words " + std::to_string(bytes / 4) + " apart";
  return "; threads 0 and 1 want addresses " + std::to_string(bytes) + " bytes apart";
}

/// Where few lanes of a warp take part: a request costs the same as with all of them.
std::string lanes_text(const Measured& measured) {
  constexpr double kFew = 24;
  if (measured.lanes == 0 || measured.lanes > kFew) return "; at this line the most bytes are asked for";
  return "; at this line, which has the most, " + number_text(measured.lanes) + " of 32 lanes take part on average";
}

std::string text_of(Counter counter, const Measured& measured, double target, const Watch& watch) {
  const std::string line = measured.place == 0 ? "" : line_of(measured.place) + ": ", have = number_text(measured.value);
  const std::string enough = ", where " + number_text(target) + " would do";
  switch (counter) {
    case Counter::load_sectors:
    case Counter::store_sectors:
      return line + have + (counter == Counter::load_sectors ? " sectors a load, where " : " sectors a store, where ") +
             number_text(std::ceil(measured.least)) + " would do" + neighbours_text(watch, measured.place, false);
    case Counter::passes:
      return line + "a bank conflict: " + have + " times as many passes over the banks as need be" +
             neighbours_text(watch, measured.place, true);
    case Counter::requests: return line + have + " requests to global memory in all" + enough + lanes_text(measured);
    case Counter::shared_requests: return line + have + " requests to shared memory in all" + enough + lanes_text(measured);
    case Counter::barriers: return have + " barriers a block" + enough;
    case Counter::bytes: return have + " bytes come from memory and go there" + enough;
    case Counter::launches: return have + " launches, where the target is " + number_text(target);
  }
  return "";
}

const char* advice(Counter counter) {
  switch (counter) {
    case Counter::load_sectors:
    case Counter::store_sectors:
      return "Let neighbouring threads, threadIdx.x and threadIdx.x + 1, take neighbouring elements, 4 bytes apart.";
    case Counter::passes:
      return "Words whose numbers differ by a multiple of 32 lie in one bank. Make the rows of the array one word longer, or let "
             "neighbouring threads take neighbouring words.";
    case Counter::requests:
      return "Move more bytes by one request, or keep what was read: in a register for the thread, in shared memory for the "
             "block.";
    case Counter::shared_requests: return "Let whole warps fall silent early, keep sums in registers, or use shuffles.";
    case Counter::barriers: return "Ask of each barrier which write and which read of another thread it stands between.";
    case Counter::bytes: return "Read every element once, and let no result take the way through memory to another launch.";
    case Counter::launches: return "A launch begins when the one before it is over, and all it hands on goes through memory.";
  }
  return "";
}

std::string row(const std::string& name, const std::string& yours, const std::string& target, const char* mark) {
  char text[96];
  std::snprintf(text, sizeof text, "    %-24s%10s%10s%s\n", name.c_str(), yours.c_str(), target.c_str(), mark);
  return text;
}

}  // namespace

Grade grade(const simt::Profiler& profiler, const Watch& watch, const std::vector<Target>& targets) {
  Grade all{.table = row("", "yours", "target", ""), .complaints = {}};
  for (const Target& target : targets) {
    const Measured measured = measure(profiler, target.counter);
    const bool is_above = !measured.is_least && measured.value > target.most * 1.0001;
    all.table += row(name_of(target.counter), number_text(measured.value), number_text(target.most), is_above ? "  <- more" : "");
    if (is_above) all.complaints.push_back({text_of(target.counter, measured, target.most, watch), advice(target.counter)});
  }
  return all;
}

}  // namespace cudenza::course
