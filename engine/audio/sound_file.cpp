#include "engine/audio/sound_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "engine/audio/loudness.h"
#include "engine/audio/mp3_decoder.h"
#include "engine/audio/mp3_frames.h"
#include "engine/audio/pcm.h"
#include "engine/audio/resample.h"
#include "engine/audio/sndfile_decoder.h"
#include "engine/audio/sound_header.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr double kToleratedSeconds = 0.05;  // may be missing at the end
constexpr int64_t kBlockFrames = 4096;
// Values beyond these mean a damaged header: at 1 Hz one second of sound would become half a day.
constexpr int kLowestRate = 1000, kHighestRate = 768000, kMostChannels = 255;

struct Endings {
  std::string_view format;
  std::array<std::string_view, 4> endings;  // extensions of this format
};
constexpr Endings kEndings[] = {
    {"wav", {".wav", ".wave", ".bwf", ".rf64"}},
    {"au", {".au", ".snd"}},
    {"flac", {".flac"}},
    {"ogg", {".ogg", ".oga", ".opus"}},
    {"mp3", {".mp3", ".mp2", ".mpga"}},
    {"aiff", {".aiff", ".aif", ".aifc"}},
};

/// "is flac, though named .wav"; empty if the name fits.
std::string remark_on_name(const std::string& format, const fs::path& path) {
  const auto* const known = std::ranges::find(kEndings, format, &Endings::format);
  std::string ending = path.extension();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  if (known == std::end(kEndings) || ending.empty() || std::ranges::find(known->endings, ending) != known->endings.end())
    return "";
  return fmt::format("is {}, though named {}", format, ending);
}

bool looks_like_text(int file) {
  unsigned char start[512];
  const ssize_t count = pread(file, start, sizeof start, 0);
  return count > 0 &&
         std::all_of(start, start + count, [](unsigned char c) { return c >= 32 ? c != 127 : std::isspace(c) != 0; });
}

/// Why an open file cannot be a sound, before any decoder is tried; empty if it may be one.
std::string fault_of_file(int file) {
  struct stat facts = {};
  if (fstat(file, &facts) != 0) return fmt::format("cannot be read: {}", std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) return "is a folder, not a sound file";
  if (!S_ISREG(facts.st_mode)) return "is no regular file; sound is read from files on a disk";
  return facts.st_size == 0 ? "is empty (0 bytes)" : "";
}

/// Mp3 never goes to libsndfile, which decodes only a part of it and lets its decoder write to stderr.
SoundParts parts_of(int file) {
  const FileStretch whole = FileStretch::whole(file);
  ByteView bytes(whole);
  if (const auto wrapped = wrapped_mp3(bytes)) return mp3_parts(*wrapped);
  if (begins_as_mp3(whole)) return mp3_parts(whole);
  SoundParts parts;
  if (resembles_mp3(whole)) parts.error = "is no sound file of a known format (it begins like mp3, but no frames follow)";
  else parts = sndfile_parts(whole);
  if (!parts.error.empty() && contains_mp3(whole)) return mp3_parts(whole);
  if (!parts.error.empty() && looks_like_text(file)) parts.error = "is text, not sound";
  return parts;
}

std::string fault_of_numbers(const SoundPart& part) {
  if (part.sample_rate < kLowestRate || part.sample_rate > kHighestRate)
    return fmt::format("says that it has {} Hz, which no sound has ({} to {} Hz): its header is damaged", part.sample_rate,
                       kLowestRate, kHighestRate);
  if (part.channels < 1 || part.channels > kMostChannels)
    return fmt::format("says that it has {} channels, which no sound has (1 to {}): its header is damaged", part.channels,
                       kMostChannels);
  return "";
}

}  // namespace

double SoundInfo::seconds() const {
  return frames < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(frames) / std::max(sample_rate, 1);
}

/// The file, the decoder of the current part, and what is known so far.
struct SoundFile::State {
  fs::path path;
  int file = -1;
  SoundInfo info;
  SoundParts content;
  bool takes_all = false;  // NaN and infinite samples become 0 and do not end the sound

  size_t part = 0;  // the current one
  std::unique_ptr<SoundDecoder> decoder;
  int64_t part_at = 0;                 // its next frame
  std::optional<Resampler> resampler;  // if its rate is not that of the first part
  int64_t at = 0;                      // frames decoded in total, at the first part's rate
  std::vector<double> block, mixed;    // [frames, channels], [frames]: the last ones decoded
  std::vector<double> mono;            // the mix at the first part's rate
  size_t taken = 0;                    // samples of mono already returned
  bool is_over = false;
  std::string fault;  // thrown by the next read()
  Loudness loudness;

  explicit State(const fs::path& p) : path(p) {}
  State(const State&) = delete;
  ~State() {
    decoder.reset();
    if (file >= 0) close(file);
  }

  std::string open();
  void open_part(size_t);
  bool advance();
  void end_part();
  void take_block(int64_t count);
  void enter(int64_t frame);
  std::string fault_at_end() const;
  const SoundPart& now() const { return content.parts[part]; }
  int64_t length_of(const SoundPart& one) const {
    return one.frames < 0 ? -1 : resampled_length(one.frames, one.sample_rate, info.sample_rate);
  }
  [[noreturn]] void fail(const std::string& reason) const { throw DataError(fmt::format("{}: {}", path.string(), reason)); }
};

/// Returns why the file cannot be read; empty if it can.
std::string SoundFile::State::open() {
  file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // does not wait for a pipe's writer
  if (file < 0) return errno == ENOENT ? "there is no such file" : fmt::format("cannot be read: {}", std::strerror(errno));
  if (std::string reason = fault_of_file(file); !reason.empty()) return reason;
  content = parts_of(file);
  if (!content.error.empty()) return content.error;
  info.format = content.format;
  info.encoding = content.encoding;
  info.remark = remark_on_name(content.format, path);
  info.sample_rate = content.parts[0].sample_rate;
  info.channels = content.parts[0].channels;
  for (const SoundPart& one : content.parts) {
    if (std::string reason = fault_of_numbers(one); !reason.empty()) return reason;
    info.frames = info.frames < 0 || one.frames < 0 ? -1 : info.frames + length_of(one);
  }
  if (info.frames == 0 && !now().is_cut)
    return fmt::format("holds no samples ({}, {} Hz, {} channel{})", info.format, info.sample_rate, info.channels,
                       info.channels == 1 ? "" : "s");
  open_part(0);
  return "";
}

void SoundFile::State::open_part(size_t which) {
  part = which;
  part_at = 0;
  decoder = now().open();
  resampler.reset();
  if (now().sample_rate != info.sample_rate) resampler.emplace(now().sample_rate, info.sample_rate);
}

namespace {

/// How many samples come before the first that is no number.
size_t good_part(std::span<const double> mono) {
  int64_t bad = 0;  // checking all is faster than stopping at the first
#pragma omp simd reduction(+ : bad)
  for (size_t i = 0; i < mono.size(); ++i) bad += !is_number(mono[i]);
  return bad == 0 ? mono.size() : static_cast<size_t>(std::ranges::find_if_not(mono, is_number) - mono.begin());
}

}  // namespace

/// Decodes the next samples into `mono`; returns false at the end or at a fault.
bool SoundFile::State::advance() {
  mono.clear();
  taken = 0;
  while (mono.empty() && !is_over && fault.empty()) {
    block.resize(static_cast<size_t>(kBlockFrames * now().channels));
    const int64_t count = decoder->read(block.data(), kBlockFrames);
    if (count > 0) take_block(count);
    else end_part();
  }
  return !mono.empty();
}

/// Mixes the first `count` frames of the block and converts them to the file's rate.
void SoundFile::State::take_block(int64_t count) {
  mixed.resize(static_cast<size_t>(count));
  mix(block, now().channels, mixed);
  size_t good = good_part(mixed);
  loudness.add(std::span(block).first(mixed.size() * static_cast<size_t>(now().channels)), mixed);
  if (good < mixed.size() && takes_all) {
    std::ranges::replace_if(
        mixed, [](double x) { return !is_number(x); }, 0.0);
    good = mixed.size();
  } else if (good < mixed.size()) {
    fault = fmt::format("holds samples that are NaN, infinite or beyond {:g} times full scale, the first at {:.3f} s",
                        kLargestSample, static_cast<double>(at + static_cast<int64_t>(good)) / info.sample_rate);
  }
  mixed.resize(good);
  if (resampler) resampler->push(mixed, mono);
  else mono.swap(mixed);
  part_at += count;
  at += static_cast<int64_t>(mono.size());
}

/// The current part is over: opens the next one, or ends the file, or notes a fault.
void SoundFile::State::end_part() {
  if (resampler) resampler->finish(mono);
  at += static_cast<int64_t>(mono.size());
  fault = fault_at_end();
  if (!fault.empty()) return;
  if (part + 1 < content.parts.size()) open_part(part + 1);
  else is_over = true;
}

/// Why the end of a part is not its true end; empty if it is.
std::string SoundFile::State::fault_at_end() const {
  const SoundPart& one = now();
  const double there = static_cast<double>(at) / info.sample_rate;
  const bool is_last = part + 1 == content.parts.size();
  const std::string words = decoder->words();
  const std::string reason = words.empty() ? "" : fmt::format(" ({})", words);
  if (!one.fault.empty()) return one.fault;
  if (one.is_cut && one.frames == 0) return "is truncated: its header is there, but nothing of the sound";
  if (one.is_cut) return fmt::format("is truncated: only {:.2f} s of {:.2f} s are there", there, info.seconds());
  // A link that others follow may lack the mark of its end.
  if (one.has_open_end && is_last) return fmt::format("is truncated: its end is missing; {:.2f} s are there{}", there, reason);
  if (part_at == 0 && content.parts.size() == 1) return "holds no samples that can be decoded" + reason;
  if (one.frames >= 0) {
    if (static_cast<double>(one.frames - part_at) / one.sample_rate <= kToleratedSeconds) return "";
    if (info.frames < 0) return fmt::format("is truncated or damaged at {:.2f} s{}", there, reason);
    return fmt::format("is truncated or damaged: only {:.2f} s of {:.2f} s can be decoded{}", there, info.seconds(), reason);
  }
  return words.empty() ? "" : fmt::format("is damaged at {:.2f} s{}", there, reason);
}

SoundFile::SoundFile(const fs::path& path) : state_(std::make_unique<State>(path)) {
  if (const std::string fault = state_->open(); !fault.empty()) state_->fail(fault);
}

SoundFile::~SoundFile() = default;
SoundFile::SoundFile(SoundFile&&) noexcept = default;
SoundFile& SoundFile::operator=(SoundFile&&) noexcept = default;

const SoundInfo& SoundFile::info() const { return state_->info; }

void SoundFile::seek(int64_t frame) {
  State& s = *state_;
  s.fault.clear();
  if (frame == s.at - static_cast<int64_t>(s.mono.size() - s.taken)) return;
  s.mono.clear();
  s.taken = 0;
  s.is_over = false;
  s.enter(frame);
}

/// Makes `frame` the next one to decode. The decoder seeks; in a resampled part, or after one of unknown length, all from a known
/// position on is decoded.
void SoundFile::State::enter(int64_t frame) {
  size_t which = 0;
  int64_t begin = 0;  // first frame of part `which`
  while (which + 1 < content.parts.size()) {
    const int64_t length = length_of(content.parts[which]);
    if (length < 0 || frame < begin + length) break;
    begin += length;
    ++which;
  }
  const SoundPart& one = content.parts[which];
  const bool is_direct = one.sample_rate == info.sample_rate && (one.frames >= 0 || which + 1 == content.parts.size());
  if (which != part || !is_direct) open_part(which);
  at = begin;
  if (is_direct) {
    part_at = decoder->seek(frame - begin);
    if (part_at < 0)
      fail(fmt::format("cannot be entered at {:.2f} s ({})", static_cast<double>(frame) / info.sample_rate, decoder->words()));
    at += part_at;
    return;
  }
  while (at < frame && advance()) continue;
  if (at > frame) taken = mono.size() - static_cast<size_t>(at - frame);
  else mono.clear();
}

size_t SoundFile::read(std::span<double> mono) {
  State& s = *state_;
  size_t done = 0;
  while (done < mono.size()) {
    const size_t count = std::min(mono.size() - done, s.mono.size() - s.taken);
    std::copy_n(s.mono.begin() + static_cast<ptrdiff_t>(s.taken), count, mono.begin() + static_cast<ptrdiff_t>(done));
    s.taken += count;
    done += count;
    if (done < mono.size() && !s.advance()) break;
  }
  if (done == 0 && !mono.empty() && !s.fault.empty()) s.fail(s.fault);
  return done;
}

std::vector<std::string> SoundFile::remarks() const {
  std::vector<std::string> all = state_->content.remarks;
  for (std::string& remark : state_->loudness.remarks()) all.push_back(std::move(remark));
  return all;
}

SoundFacts examine(const fs::path& path) {
  SoundFacts facts;
  SoundFile::State state(path);
  state.takes_all = true;
  facts.error = state.open();
  facts.info = state.info;
  if (!facts.usable()) return facts;
  ContentHasher hasher;
  std::vector<float> rounded;
  while (state.advance()) {
    rounded.assign(state.mono.begin(), state.mono.end());
    hasher.add(std::as_bytes(std::span(rounded)));
  }
  hasher.add(std::as_bytes(std::span(&state.info.sample_rate, 1)));
  const Loudness& loudness = state.loudness;
  facts.frames = state.at;
  facts.non_finite = loudness.non_finite;
  facts.peak = loudness.peak;
  facts.mono_peak = loudness.mono_peak;
  facts.clipped_fraction = loudness.clipped_fraction(state.content.has_floats);
  facts.clipped_at = loudness.clipped_at(state.content.has_floats);
  facts.silent = loudness.is_silent();
  facts.sound_hash = hasher.finish();
  facts.error = state.fault;
  facts.truncated = !facts.error.empty();
  facts.cancels_out = loudness.cancels_out();
  facts.far_beyond = loudness.is_far_beyond_full_scale();
  facts.unheard = state.content.remarks;
  if (facts.non_finite > 0)
    facts.error =
        fmt::format("holds {} samples that are NaN, infinite or beyond {:g} times full scale", facts.non_finite, kLargestSample);
  return facts;
}

SoundInfo probe(const fs::path& path) { return SoundFile(path).info(); }

std::string sound_library_version() { return fmt::format("{} {}", sndfile_version(), mp3_library_version()); }

}  // namespace cudenza
