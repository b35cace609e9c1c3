#include "engine/audio/sound_file.h"

#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/audio/decode.h"
#include "engine/audio/sound_header.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr double kToleratedSeconds = 0.05;  // missing at the end
constexpr int64_t kBlockFrames = 4096;
constexpr int64_t kRunUp =
    16 * 1152;  // frames decoded before the one wanted: more than an mp3's reservoir, two of Vorbis' blocks
constexpr double kFullScale = 32767.0 / 32768;  // the largest sample of 16 bits

struct Format {
  int major;
  const char* name;
  std::array<std::string_view, 4> endings;  // a file of this format may have
};
constexpr Format kFormats[] = {
    {SF_FORMAT_WAV, "wav", {".wav", ".wave", ".bwf"}},
    {SF_FORMAT_WAVEX, "wav", {".wav", ".wave", ".bwf"}},
    {SF_FORMAT_RF64, "wav", {".wav", ".wave", ".rf64"}},
    {SF_FORMAT_AU, "au", {".au", ".snd"}},
    {SF_FORMAT_FLAC, "flac", {".flac"}},
    {SF_FORMAT_OGG, "ogg", {".ogg", ".oga", ".opus"}},
    {SF_FORMAT_MPEG, "mp3", {".mp3", ".mp2", ".mpga"}},
    {SF_FORMAT_AIFF, "aiff", {".aiff", ".aif", ".aifc"}},
};

SF_FORMAT_INFO library_names(int format) {
  SF_FORMAT_INFO names = {};
  names.format = format;
  sf_command(nullptr, SFC_GET_FORMAT_INFO, &names, sizeof names);
  return names;
}

SoundInfo info_of(const SF_INFO& sf, const fs::path& path) {
  SoundInfo info{
      .frames = sf.frames, .sample_rate = sf.samplerate, .channels = sf.channels, .format = {}, .encoding = {}, .remark = {}};
  const char* encoding = library_names(sf.format & SF_FORMAT_SUBMASK).name;
  info.encoding = encoding ? encoding : "unknown";
  const auto* const format = std::ranges::find(kFormats, sf.format & SF_FORMAT_TYPEMASK, &Format::major);
  if (format == std::end(kFormats)) {
    const char* ending = library_names(sf.format & SF_FORMAT_TYPEMASK).extension;
    info.format = ending ? ending : "unknown";
    return info;
  }
  info.format = format->name;
  std::string ending = path.extension();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!ending.empty() && std::ranges::find(format->endings, ending) == format->endings.end())
    info.remark = fmt::format("is {}, though named {}", info.format, ending);
  return info;
}

int64_t bytes_of(int file) {
  struct stat facts = {};
  return fstat(file, &facts) == 0 ? facts.st_size : 0;
}

bool looks_like_text(int file) {
  unsigned char start[512];
  const ssize_t count = pread(file, start, sizeof start, 0);
  return count > 0 &&
         std::all_of(start, start + count, [](unsigned char c) { return c >= 32 ? c != 127 : std::isspace(c) != 0; });
}

/// Why the file at `path`, open as `file`, is no sound, before any decoder is asked; empty if it may be.
std::string fault_of_file(int file) {
  struct stat facts = {};
  if (fstat(file, &facts) != 0) return fmt::format("cannot be read: {}", std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) return "is a folder, not a sound file";
  if (!S_ISREG(facts.st_mode)) return "is no regular file; sound is read from files on a disk";
  return facts.st_size == 0 ? "is empty (0 bytes)" : "";
}

}  // namespace

double SoundInfo::seconds() const {
  return frames < 0 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(frames) / std::max(sample_rate, 1);
}

/// The file, its decoder, and what has been found out so far.
struct SoundFile::State {
  fs::path path;
  int file = -1;
  SNDFILE* decoder = nullptr;
  SoundInfo info;
  double bytes = 0;          // of the file
  bool cut = false;          // the file is shorter than its header says
  int64_t at = 0;            // the frame that comes next
  std::vector<float> block;  // [frames, channels]
  std::string fault;         // to be thrown by the next read()

  explicit State(const fs::path& p) : path(p) {}
  State(const State&) = delete;
  ~State() {
    if (decoder) sf_close(decoder);
    if (file >= 0) close(file);
  }

  std::string open();
  void find_length();
  int64_t read_block(int64_t most);
  std::string fault_at_end() const;
  [[noreturn]] void fail(const std::string& reason) const { throw DataError(fmt::format("{}: {}", path.string(), reason)); }
};

/// Returns why it cannot be read; empty if it can.
std::string SoundFile::State::open() {
  file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // not to wait for someone to write to a pipe
  if (file < 0) return errno == ENOENT ? "there is no such file" : fmt::format("cannot be read: {}", std::strerror(errno));
  if (std::string reason = fault_of_file(file); !reason.empty()) return reason;
  SF_INFO sf = {};
  // By descriptor, so that the name's ending is no clue; by one of its own, which it closes where it fails, asked or not.
  decoder = sf_open_fd(fcntl(file, F_DUPFD_CLOEXEC, 0), SFM_READ, &sf, SF_TRUE);
  if (!decoder) {
    if (looks_like_text(file)) return "is text, not sound";
    const bool malformed = sf_error(nullptr) == SF_ERR_MALFORMED_FILE;
    return fmt::format("{} ({}: {})", malformed ? "is a damaged sound file" : "is no sound file of a known format",
                       sf_version_string(), sf_strerror(nullptr));
  }
  info = info_of(sf, path);
  find_length();
  if (info.frames == 0 && !cut)
    return fmt::format("holds no samples ({}, {} Hz, {} channel{})", info.format, info.sample_rate, info.channels,
                       info.channels == 1 ? "" : "s");
  return "";
}

/// The decoder's length is of what is there; the header may have promised more, or nothing.
void SoundFile::State::find_length() {
  if (info.frames < 0 || info.frames == SF_COUNT_MAX || (info.format == "mp3" && !mp3_has_length(file))) info.frames = -1;
  const auto share = share_present(file);
  if (!share || *share == 1) return;
  const double promised = *share > 0 ? static_cast<double>(info.frames) / *share : 0;
  cut = *share == 0 || (promised - static_cast<double>(info.frames)) / info.sample_rate > kToleratedSeconds;
  if (cut) info.frames = std::llround(promised);
}

/// The next frames into `block`; 0 at the end, wherever that is.
int64_t SoundFile::State::read_block(int64_t most) {
  block.resize(static_cast<size_t>(kBlockFrames * info.channels));
  const int64_t count = std::max<int64_t>(sf_readf_float(decoder, block.data(), std::min(most, kBlockFrames)), 0);
  at += count;
  return count;
}

/// Nothing more can be read: why this is not the sound's true end; empty if it is.
std::string SoundFile::State::fault_at_end() const {
  const double there = static_cast<double>(at) / info.sample_rate;
  const std::string reason = sf_error(decoder) ? fmt::format(" ({})", sf_strerror(decoder)) : "";
  if (cut && info.frames == 0) return "is truncated: its header is there, but nothing of the sound";
  if (cut) return fmt::format("is truncated: only {:.2f} s of {:.2f} s are there", there, info.seconds());
  if (info.frames >= 0) {
    if (info.seconds() - there <= kToleratedSeconds) return at > 0 ? "" : "holds no samples that can be decoded" + reason;
    return fmt::format("is truncated or damaged: only {:.2f} s of {:.2f} s can be decoded{}", there, info.seconds(), reason);
  }
  if (info.format == "ogg") return fmt::format("is truncated: its end is missing; {:.2f} s are there{}", there, reason);
  // libsndfile stops at the length it guessed. Tags behind the sound may be long, but not that long.
  if (info.format == "mp3" && lseek(file, 0, SEEK_CUR) < bytes_of(file) / 4 * 3)
    return fmt::format(
        "is an mp3 that does not say how long it is, of which libsndfile decodes {:.2f} s and no more; convert it "
        "(ffmpeg -i IN OUT.flac)",
        there);
  return sf_error(decoder) ? fmt::format("is damaged at {:.2f} s{}", there, reason) : "";
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
  if (frame == s.at) return;
  SF_INFO now = {};
  sf_command(s.decoder, SFC_GET_CURRENT_SF_INFO, &now, sizeof now);
  const int64_t to = std::min(frame, now.frames);
  const bool looks_back = s.info.format == "mp3" || s.info.format == "ogg";  // a frame is decoded with the help of those before
  s.at = looks_back ? std::max<int64_t>(to - kRunUp, 0) : to;
  if (sf_seek(s.decoder, s.at, SEEK_SET) != s.at)
    s.fail(
        fmt::format("cannot be entered at {:.2f} s ({})", static_cast<double>(to) / s.info.sample_rate, sf_strerror(s.decoder)));
  while (s.at < to && s.read_block(to - s.at) > 0) continue;
}

namespace {

/// mono[i] = mean of block[i, :]. Returns how many samples are before the first that is no number.
size_t mix(const float* block, int channels, std::span<float> mono) {
  const float share = 1.0f / static_cast<float>(channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    float sum = 0;
    for (int c = 0; c < channels; ++c) sum += block[i * static_cast<size_t>(channels) + static_cast<size_t>(c)];
    mono[i] = sum * share;
  }
  const auto bad = std::ranges::find_if(mono, [](float x) { return !std::isfinite(x); });
  return static_cast<size_t>(bad - mono.begin());
}

}  // namespace

size_t SoundFile::read(std::span<float> mono) {
  State& s = *state_;
  size_t done = 0;
  while (done < mono.size() && s.fault.empty()) {
    const int64_t begin = s.at, count = s.read_block(static_cast<int64_t>(mono.size() - done));
    const size_t good = mix(s.block.data(), s.info.channels, mono.subspan(done, static_cast<size_t>(count)));
    done += good;
    if (count == 0 && (s.fault = s.fault_at_end()).empty()) break;
    if (good < static_cast<size_t>(count))
      s.fault = fmt::format("holds NaN or infinite samples, the first at {:.3f} s",
                            static_cast<double>(begin + static_cast<int64_t>(good)) / s.info.sample_rate);
  }
  if (done == 0 && !s.fault.empty()) s.fail(s.fault);
  return done;
}

namespace {

/// What examine() gathers over the blocks of a file.
struct Gathered {
  int64_t samples = 0, non_finite = 0, clipped = 0;  // over all channels
  float peak = 0, mono_peak = 0;
  ContentHasher hasher;
  std::vector<float> mono;

  void add(const float* block, int64_t frames, int channels) {
    const std::span all(block, static_cast<size_t>(frames * channels));
    samples += static_cast<int64_t>(all.size());
    for (const float x : all) {
      const float size = std::abs(x);
      if (!std::isfinite(x)) ++non_finite;
      else peak = std::max(peak, size);
      clipped += size >= kFullScale;
    }
    mono.resize(static_cast<size_t>(frames));
    mix(block, channels, mono);
    for (float& x : mono) {
      if (!std::isfinite(x)) x = 0;
      mono_peak = std::max(mono_peak, std::abs(x));
    }
    const auto pcm = to_pcm(mono);
    hasher.add(std::as_bytes(std::span(pcm)));
  }
};

}  // namespace

SoundFacts examine(const fs::path& path) {
  SoundFacts facts;
  SoundFile::State file(path);
  facts.error = file.open();
  facts.info = file.info;
  if (!facts.usable()) return facts;
  Gathered all;
  while (const int64_t frames = file.read_block(kBlockFrames)) all.add(file.block.data(), frames, file.info.channels);
  all.hasher.add(std::as_bytes(std::span(&file.info.sample_rate, 1)));
  facts.frames = file.at;
  facts.non_finite = all.non_finite;
  facts.peak = all.peak;
  facts.mono_peak = all.mono_peak;
  facts.clipped_fraction = static_cast<double>(all.clipped) / static_cast<double>(std::max<int64_t>(all.samples, 1));
  facts.silent = all.mono_peak <= 1.0f / 32768;
  facts.sound_hash = all.hasher.finish();
  facts.error = file.fault_at_end();
  facts.truncated = !facts.error.empty();
  if (facts.non_finite > 0) facts.error = fmt::format("holds {} samples that are NaN or infinite", facts.non_finite);
  return facts;
}

SoundInfo probe(const fs::path& path) { return SoundFile(path).info(); }

std::string sound_library_version() { return sf_version_string(); }

}  // namespace cudenza
