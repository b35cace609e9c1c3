#include "kernels/simt/profiler.h"

#include <algorithm>
#include <bit>
#include <set>
#include <span>

namespace simt {
namespace {

constexpr uintptr_t kSector = 32, kPage = 4096, kBanks = 32, kWord = 4;

/// How many different units of so many bytes the lanes touch.
uint64_t distinct(std::span<const std::pair<unsigned, Access>> lanes, uintptr_t unit) {
  std::vector<uintptr_t> touched;
  for (const auto& [lane, access] : lanes)
    for (uintptr_t u = access.address / unit; u <= (access.address + access.bytes - 1) / unit; ++u) touched.push_back(u);
  std::ranges::sort(touched);
  return static_cast<uint64_t>(std::ranges::unique(touched).begin() - touched.begin());
}

uint64_t distinct_bytes(std::span<const std::pair<unsigned, Access>> lanes) {
  std::vector<std::pair<uintptr_t, uintptr_t>> ranges;
  for (const auto& [lane, access] : lanes) ranges.emplace_back(access.address, access.address + access.bytes);
  std::ranges::sort(ranges);
  uint64_t bytes = 0;
  uintptr_t end = 0;
  for (const auto& [first, last] : ranges) {
    if (last <= end) continue;
    bytes += last - std::max(first, end);
    end = last;
  }
  return bytes;
}

/// Passes over the banks for lanes that are served together: the most words that one bank has to give; and the least for as many
/// words.
std::pair<uint64_t, uint64_t> passes(std::span<const std::pair<unsigned, Access>> lanes) {
  std::set<uintptr_t> words;
  for (const auto& [lane, access] : lanes)
    for (uintptr_t w = access.address / kWord; w <= (access.address + access.bytes - 1) / kWord; ++w) words.insert(w);
  std::array<uint64_t, kBanks> of_bank{};
  for (const uintptr_t word : words) ++of_bank[word % kBanks];
  return {*std::ranges::max_element(of_bank), (words.size() + kBanks - 1) / kBanks};
}

}  // namespace

void Requests::add(const Requests& other) {
  count += other.count;
  lanes += other.lanes;
  bytes += other.bytes;
  served += other.served;
  least += other.least;
}

Requests KernelProfile::of(Space space) const {
  Requests all;
  for (const auto& [address, place] : places)
    if (place.space == space) all.add(place.requests);
  return all;
}

void Profiler::begin_launch(const Launch& launch) {
  kernel_ = &kernels_[launch.kernel];
  ++kernel_->launches;
  blocks_for_one_ = static_cast<double>(launch.blocks()) / static_cast<double>(std::max<uint64_t>(1, launch.blocks_run));
  kernel_->blocks += launch.blocks();
  kernel_->threads += launch.blocks() * launch.threads();
  logs_.assign(launch.threads(), {});
  pages_.clear();
}

void Profiler::begin_block() {
  end_block();
  shared_.clear();
}

void Profiler::block_barrier() { ++kernel_->barriers; }

void Profiler::access(const Access& access) { logs_[here().linear].push_back(access); }

void Profiler::new_memory(const void* p, size_t bytes, Space space) {
  const auto begin = reinterpret_cast<uintptr_t>(p);
  if (space == Space::shared) shared_.emplace_back(begin, begin + bytes);
}

bool Profiler::is_shared(uintptr_t address) const {
  return std::ranges::any_of(shared_, [&](const auto& array) { return address >= array.first && address < array.second; });
}

/// The block's threads have ended: their logs become requests.
void Profiler::end_block() {
  for (size_t first = 0; first < logs_.size(); first += kWarp)
    count_warp(std::span(logs_).subspan(first, std::min<size_t>(kWarp, logs_.size() - first)));
  for (Log& log : logs_) log.clear();
}

/// Lanes come together at an instruction each time in turn: the k-th access of each there is one request.
void Profiler::count_warp(std::span<const Log> lanes) {
  std::unordered_map<uintptr_t, std::vector<Together>> requests;  // by place, then k
  for (unsigned lane = 0; lane < lanes.size(); ++lane) {
    std::unordered_map<uintptr_t, size_t> been;
    for (const Access& access : lanes[lane]) {
      std::vector<Together>& here = requests[access.place];
      const size_t k = been[access.place]++;
      if (here.size() <= k) here.resize(k + 1);
      here[k].emplace_back(lane, access);
    }
  }
  for (const auto& [place, of_place] : requests)
    for (const Together& together : of_place) count(together);
}

void Profiler::count(const Together& together) {
  const Access& first = together.front().second;
  const bool shared = is_shared(first.address);
  KernelProfile::Place& place = kernel_->places[first.place];
  place.space = shared ? Space::shared : Space::global;
  place.writes = first.writes;
  Requests one{.count = 1, .lanes = together.size(), .bytes = distinct_bytes(together)};
  if (shared) {
    // Up to 4 bytes a lane: the whole warp at once; 8: by halves; 16: by quarters.
    const unsigned group = static_cast<unsigned>(kWarp * kWord / std::clamp<size_t>(first.bytes, kWord, 16));
    for (auto begin = together.begin(); begin != together.end();) {
      const auto end =
          std::find_if(begin, together.end(), [&](const auto& lane) { return lane.first / group != begin->first / group; });
      const auto [served, least] = passes({begin, end});
      one.served += served;
      one.least += least;
      begin = end;
    }
  } else {
    one.served = distinct(together, kSector);
    one.least = (one.bytes + kSector - 1) / kSector;
    for (const auto& [lane, access] : together) touch(access);
  }
  place.requests.add(one);
}

void Profiler::touch(const Access& access) {
  for (uintptr_t sector = access.address / kSector; sector <= (access.address + access.bytes - 1) / kSector; ++sector) {
    Page& page = pages_[sector * kSector / kPage];
    const uintptr_t bit = sector % (kPage / kSector);
    (access.writes ? page.written : page.read)[bit / 64] |= uint64_t{1} << bit % 64;
  }
}

void Profiler::end_launch(const Launch&) {
  end_block();
  uint64_t read = 0, written = 0;  // sectors
  for (const auto& [number, page] : pages_) {
    for (const uint64_t bits : page.read) read += static_cast<uint64_t>(std::popcount(bits));
    for (const uint64_t bits : page.written) written += static_cast<uint64_t>(std::popcount(bits));
  }
  const auto bytes = [&](uint64_t sectors) {
    return static_cast<uint64_t>(static_cast<double>(kSector * sectors) * blocks_for_one_);
  };
  kernel_->bytes_read += bytes(read);
  kernel_->bytes_written += bytes(written);
}

void Profiler::abandon_launch() {
  for (Log& log : logs_) log.clear();
}

}  // namespace simt
