#include "engine/audio/decode.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace cudenza {
namespace {

constexpr size_t kBlock = 16 * 1024;
constexpr int64_t kReach = 2048;  // samples at the lower rate: more than the resampling filter reaches to either side

/// Calls take(samples) for each block of a range of the file. A cut beyond the range does not matter.
template <class F> void read_range(PcmStream& stream, const SoundRange& range, F&& take) {
  require(range.begin >= 0, "decode: begin is {} s; a piece cannot begin before the file", range.begin);
  int64_t left = range.length < 0 ? INT64_MAX : std::llround(range.length * stream.rate());
  stream.seek(std::llround(range.begin * stream.rate()));
  std::vector<float> block(kBlock);
  while (left > 0) {
    const size_t count = stream.read(std::span(block).first(static_cast<size_t>(std::min<int64_t>(left, kBlock))));
    if (count == 0) break;
    take(std::span<const float>(block).first(count));
    left -= static_cast<int64_t>(count);
  }
}

/// Upper bound of a range's samples, for reserve(): a header may promise anything.
size_t expected_samples(const PcmStream& stream, const SoundRange& range) {
  constexpr int64_t kMost = int64_t{64} << 20;
  const double wanted = range.length < 0 ? static_cast<double>(stream.length()) : range.length * stream.rate() + 1;
  return static_cast<size_t>(std::clamp(wanted, 0.0, static_cast<double>(kMost)));
}

}  // namespace

std::vector<float> decode(const std::filesystem::path& path, int rate, const SoundRange& range) {
  PcmStream stream(path, rate);
  std::vector<float> all;
  all.reserve(expected_samples(stream, range));
  read_range(stream, range, [&](std::span<const float> block) { all.insert(all.end(), block.begin(), block.end()); });
  return all;
}

HeardSound hear(const std::filesystem::path& path, int rate) {
  PcmStream stream(path, rate);
  PcmCollector all;
  all.reserve(expected_samples(stream, {}));
  read_range(stream, {}, [&](std::span<const float> block) { all.add(block); });
  return {all.collected(), stream.remarks()};
}

std::string decoder_version() { return fmt::format("cudenza-pcm-4 {} {}", sound_library_version(), resampler_version()); }

PcmStream::PcmStream(const std::filesystem::path& path, int rate)
    : path_(path), file_(path), rate_(rate > 0 ? rate : file_.info().sample_rate), resampler_(file_.info().sample_rate, rate_) {
  require(rate >= 0, "decode: a rate of {} Hz makes no sense; 0 is the file's own", rate);
}

int64_t PcmStream::length() const { return info().frames < 0 ? -1 : resampled_length(info().frames, info().sample_rate, rate_); }

void PcmStream::seek(int64_t sample) {
  const int64_t from = info().sample_rate, to = rate_, common = std::gcd(from, to);
  const int64_t reach = from == to ? 0 : kReach * std::max(from, to) / to;  // in frames of the file
  // Back by more than the filter reaches, to a frame that coincides with a sample.
  const int64_t frame = static_cast<int64_t>(static_cast<__int128>(sample) * from / to);
  const int64_t periods = std::max<int64_t>(frame - reach, 0) / (from / common);
  file_.seek(periods * (from / common));
  resampler_ = Resampler(info().sample_rate, rate_);
  ready_.clear();
  taken_ = 0;
  finished_ = false;
  fault_ = nullptr;
  at_ = periods * (to / common);
  std::vector<float> skipped(kBlock);
  while (at_ < sample) {
    if (read(std::span(skipped).first(static_cast<size_t>(std::min<int64_t>(sample - at_, kBlock)))) == 0) return;
  }
}

/// Refills ready_, or notes that the samples are used up.
void PcmStream::fill() {
  ready_.clear();
  taken_ = 0;
  block_.resize(kBlock);
  size_t count = 0;
  try {
    count = file_.read(block_);
  } catch (const DataError&) {
    fault_ = std::current_exception();  // the samples before it are returned first
  }
  resampler_.push(std::span(block_).first(count), ready_);
  finished_ = count == 0;
  if (finished_) resampler_.finish(ready_);
}

size_t PcmStream::read(std::span<float> x) {
  size_t done = 0;
  while (done < x.size()) {
    const size_t count = std::min(x.size() - done, ready_.size() - taken_);
    std::copy_n(ready_.begin() + static_cast<ptrdiff_t>(taken_), count, x.begin() + static_cast<ptrdiff_t>(done));
    taken_ += count;
    done += count;
    if (done == x.size()) break;
    if (finished_) {
      if (done == 0 && fault_) std::rethrow_exception(fault_);
      if (done == 0 && at_ == 0) fail_as_empty();
      break;
    }
    fill();
  }
  at_ += static_cast<int64_t>(done);
  return done;
}

void PcmStream::fail_as_empty() const {
  throw DataError(fmt::format("{}: is too short: not one sample is left of it at {} Hz", path_.string(), rate_));
}

WindowStream::WindowStream(const std::filesystem::path& path, int rate, int64_t size, int64_t hop)
    : stream_(path, rate), size_(size), hop_(hop) {
  require(size > 0 && hop > 0, "windows of {} samples every {} make no sense; both must be positive", size, hop);
  content_.resize(static_cast<size_t>(size));
}

/// Advances by a hop; samples shared with the next window move to the front.
void WindowStream::advance() {
  begin_ += hop_;
  kept_ = std::max<int64_t>(size_ - hop_, 0);
  std::copy_n(content_.end() - kept_, kept_, content_.begin());
  if (hop_ > size_) stream_.seek(begin_);
}

bool WindowStream::next(Window& window) {
  if (over_) return false;
  if (std::exchange(begun_, true)) advance();
  const auto rest = std::span(content_).subspan(static_cast<size_t>(kept_));
  const size_t count = stream_.read(rest);
  if (count < rest.size()) {
    over_ = true;
    std::ranges::fill(rest.subspan(count), 0.0f);
    float more;
    stream_.read({&more, 1});  // throws if this is not the true end
  }
  if (count == 0) return false;  // the previous window already reached the end
  window = {.begin = begin_, .samples = kept_ + static_cast<int64_t>(count), .content = content_};
  return true;
}

}  // namespace cudenza
