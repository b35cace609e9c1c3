#include "engine/libraries/packed/trials.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <deque>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>
#include <sstream>

#include "engine/core/cached_file.h"
#include "engine/libraries/cpu_features.h"

namespace cudenza {
namespace {

constexpr std::string_view kFormat = "cudenza trials 1";
constexpr int kTurns = 5;
constexpr double kClearly = 0.95;  ///< what a busy machine does not show by chance
constexpr size_t kBeyondCaches = size_t{64} << 20;

struct Zeros : Storage {
  Zeros(int64_t numbers, DType dtype) : Storage(static_cast<size_t>(numbers) * size_of(dtype), Device::cpu()) { fill(); }
  void fill() const { std::memset(data(), 0, bytes()); }
};

/// Seconds of each kind: the least of some turns, in which they alternate. Before each, other memory passes through the caches,
/// and then x: in a network the filters come from memory, and x has just been made.
std::vector<double> tried(const ConvShape& s, std::span<const PackedKind> kinds) {
  const Zeros x(s.batch * s.height * s.width * s.in_channels, s.dtype), w(s.filter_count(), s.dtype);
  const Zeros y(s.batch * s.out_height() * s.out_width() * s.out_channels, s.dtype);
  const Storage other(kBeyondCaches, Device::cpu());
  std::deque<PackedConv> convs;
  for (const PackedKind kind : kinds) convs.emplace_back(s, kind, w.data());
  std::vector<double> seconds(kinds.size(), std::numeric_limits<double>::infinity());
  for (int turn = 0; turn < kTurns; ++turn) {
    for (size_t i = 0; i < convs.size(); ++i) {
      std::memset(other.data(), turn, other.bytes());
      x.fill();
      const auto start = std::chrono::steady_clock::now();
      convs[i].forward(s, x.data(), y.data());
      seconds[i] = std::min(seconds[i], std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  return seconds;
}

/// What is known, by shape and number of threads; and the file, in which a line is "shape threads N: kind".
class Trials {
 public:
  Trials() : file_(cache_folder()) {
    if (!file_.empty()) file_ /= fmt::format("convolutions-{:016x}.txt", fingerprint(cpu_identity()));
    read();
  }

  PackedKind fastest(const ConvShape& s, std::span<const PackedKind> kinds) {
    const std::string key = fmt::format("{} threads {}", s.text(), omp_get_max_threads());
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(key); known != known_.end() && std::ranges::count(kinds, known->second) > 0)
      return known->second;
    const std::vector<double> seconds = tried(s, kinds);
    const auto least = std::ranges::min_element(seconds);
    const PackedKind best = *least < kClearly * seconds[0] ? kinds[static_cast<size_t>(least - seconds.begin())] : kinds[0];
    known_[key] = best;
    write();
    return best;
  }

 private:
  /// Three lines (format, CPU, fingerprint of the rest), then the trials. What is damaged counts as absent.
  void read() {
    std::ifstream in(file_, std::ios::binary);
    std::string format, cpu, print;
    if (!std::getline(in, format) || format != kFormat || !std::getline(in, cpu) || cpu != cpu_identity()) return;
    if (!std::getline(in, print)) return;
    const std::string rest(std::istreambuf_iterator<char>(in), {});
    if (print != fmt::format("{:016x}", fingerprint(rest))) return;
    std::istringstream lines(rest);
    for (std::string line; std::getline(lines, line);) {
      const size_t colon = line.rfind(": ");
      if (colon != std::string::npos) known_[line.substr(0, colon)] = packed_kind_from_name(line.substr(colon + 2));
    }
  }

  void write() const {
    if (file_.empty()) return;
    std::string rest;
    for (const auto& [key, kind] : known_) rest += fmt::format("{}: {}\n", key, name_of(kind));
    write_cached(file_, fmt::format("{}\n{}\n{:016x}\n{}", kFormat, cpu_identity(), fingerprint(rest), rest));
  }

  std::filesystem::path file_;
  std::mutex mutex_;
  std::map<std::string, PackedKind> known_;
};

}  // namespace

PackedKind fastest_kind(const ConvShape& s, std::span<const PackedKind> kinds) {
  static Trials trials;
  return trials.fastest(s, kinds);
}

}  // namespace cudenza
