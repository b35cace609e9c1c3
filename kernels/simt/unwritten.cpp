#include "kernels/simt/unwritten.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <stdexcept>

#include "kernels/simt/source_lines.h"

namespace simt {

void UnwrittenDetector::begin_launch(const Launch&) { reads_.clear(); }

/// Shared memory of blocks before is gone.
void UnwrittenDetector::begin_block() {
  std::erase_if(memories_, [](const auto& memory) { return memory.second.space == Space::shared; });
}

void UnwrittenDetector::new_memory(const void* p, size_t bytes, Space space) {
  const auto begin = reinterpret_cast<uintptr_t>(p), end = begin + bytes;
  auto first = memories_.lower_bound(begin);
  if (first != memories_.begin() && std::prev(first)->second.end > begin) --first;  // what was freed here before
  memories_.erase(first, memories_.lower_bound(end));
  memories_[begin] = {.end = end, .space = space, .written = std::vector<bool>(bytes)};
}

std::map<uintptr_t, UnwrittenDetector::Memory>::iterator UnwrittenDetector::memory_of(uintptr_t address) {
  auto after = memories_.upper_bound(address);
  if (after == memories_.begin()) return memories_.end();
  const auto found = std::prev(after);
  return address < found->second.end ? found : memories_.end();
}

void UnwrittenDetector::mark(uintptr_t begin, size_t bytes) {
  const auto found = memory_of(begin);
  if (found == memories_.end()) return;
  auto& [start, memory] = *found;
  const auto first = memory.written.begin() + static_cast<std::ptrdiff_t>(begin - start);
  std::fill(first, first + static_cast<std::ptrdiff_t>(std::min(bytes, memory.end - begin)), true);
}

void UnwrittenDetector::wrote(const void* p, size_t bytes) { mark(reinterpret_cast<uintptr_t>(p), bytes); }

void UnwrittenDetector::access(const Access& access) {
  if (access.writes) return mark(access.address, access.bytes);
  const auto found = memory_of(access.address);
  if (found == memories_.end()) return;
  const auto& [start, memory] = *found;
  for (uintptr_t at = access.address; at < std::min(access.address + access.bytes, memory.end); ++at) {
    if (memory.written[at - start]) continue;
    reads_.try_emplace(access.place, Read{memory.space, here().block, here().linear});
    return;
  }
}

void UnwrittenDetector::end_launch(const Launch& launch) {
  if (reads_.empty()) return;
  constexpr size_t kMostTold = 3;
  std::set<uintptr_t> places;
  for (const auto& [place, read] : reads_) places.insert(place);
  const auto lines = source_lines(places);
  std::string text = "read of what nothing wrote in " + launch.kernel + ": ";
  size_t told = 0;
  for (const auto& [place, read] : reads_) {
    if (told == kMostTold) break;
    const dim3 at = read.block;
    text += (told++ > 0 ? "; " : "") + std::string(read.space == Space::shared ? "shared" : "global") + " memory at " +
            lines.at(place).text() + " by thread " + std::to_string(read.thread) + " of block (" + std::to_string(at.x) + ',' +
            std::to_string(at.y) + ',' + std::to_string(at.z) + ')';
  }
  if (reads_.size() > told) text += "; and at " + std::to_string(reads_.size() - told) + " more places";
  throw std::logic_error(text);
}

}  // namespace simt
