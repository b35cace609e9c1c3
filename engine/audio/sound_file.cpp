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
#include <utility>
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
constexpr int64_t kLongestMp3Frame = 1441;      // bytes, at 320 kbit/s and 32 kHz
constexpr float kFullScale = 32767.0f / 32768;  // the largest sample of 16 bits

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

/// The library's words, without its full stop and "Error : "; empty if they say nothing. Of no decoder: of the last that
/// could not be made.
std::string words_of(SNDFILE* decoder) {
  std::string words = sf_strerror(decoder);
  if (words.ends_with('.')) words.pop_back();
  constexpr std::string_view kPrefix = "Error : ";
  if (words == "Unspecified internal error") return "";
  return words.starts_with(kPrefix) ? words.substr(kPrefix.size()) : words;
}

/// A stretched file by the calls that libsndfile makes.
SF_VIRTUAL_IO stretched_calls() {
  static constexpr auto self = [](void* file) -> StretchedFile& { return *static_cast<StretchedFile*>(file); };
  return {.get_filelen = [](void* file) -> sf_count_t { return self(file).size(); },
          .seek = [](sf_count_t by, int from, void* file) -> sf_count_t {
            StretchedFile& f = self(file);
            f.go_to(by + (from == SEEK_CUR ? f.position() : from == SEEK_END ? f.size() : 0));
            return f.position();
          },
          .read = [](void* to, sf_count_t bytes, void* file) -> sf_count_t { return self(file).read(to, bytes); },
          .write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; },
          .tell = [](void* file) -> sf_count_t { return self(file).position(); }};
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
  StretchedFile stretched;   // what the decoder reads of an mp3 that does not say how long it is
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
  bool open_stretched();
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
                       sf_version_string(), words_of(nullptr));
  }
  info = info_of(sf, path);
  if (info.format == "mp3" && !mp3_has_length(file) && !open_stretched()) return "cannot be decoded: " + words_of(nullptr);
  find_length();
  if (info.frames == 0 && !cut)
    return fmt::format("holds no samples ({}, {} Hz, {} channel{})", info.format, info.sample_rate, info.channels,
                       info.channels == 1 ? "" : "s");
  return "";
}

/// The decoder would stop at the length that it guesses of an mp3: it is opened anew, to read on until there is nothing more.
bool SoundFile::State::open_stretched() {
  stretched = StretchedFile(file);
  SF_VIRTUAL_IO calls = stretched_calls();
  SF_INFO sf = {};
  SNDFILE* const anew = sf_open_virtual(&calls, SFM_READ, &sf, &stretched);
  if (!anew) return false;
  sf_close(std::exchange(decoder, anew));
  info.frames = -1;
  return true;
}

/// The decoder's length is of what is there; the header may have promised more, or nothing.
void SoundFile::State::find_length() {
  if (info.frames == SF_COUNT_MAX) info.frames = -1;
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
  const std::string words = sf_error(decoder) ? words_of(decoder) : "";
  const std::string reason = words.empty() ? "" : fmt::format(" ({})", words);
  if (cut && info.frames == 0) return "is truncated: its header is there, but nothing of the sound";
  if (cut) return fmt::format("is truncated: only {:.2f} s of {:.2f} s are there", there, info.seconds());
  if (info.frames >= 0) {
    if (info.seconds() - there <= kToleratedSeconds) return at > 0 ? "" : "holds no samples that can be decoded" + reason;
    return fmt::format("is truncated or damaged: only {:.2f} s of {:.2f} s can be decoded{}", there, info.seconds(), reason);
  }
  if (info.format == "ogg") return fmt::format("is truncated: its end is missing; {:.2f} s are there{}", there, reason);
  // The last frame of an mp3 may lack its end, or be followed by something that is none.
  if (info.format == "mp3" && at > 0 && stretched.left() < kLongestMp3Frame) return "";
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
    s.fail(fmt::format("cannot be entered at {:.2f} s ({})", static_cast<double>(to) / s.info.sample_rate, words_of(s.decoder)));
  while (s.at < to && s.read_block(to - s.at) > 0) continue;
}

namespace {

bool is_number(float x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

/// mono[i] = mean of block[i, :]. Returns how many samples are before the first that is no number.
size_t mix(const float* block, int channels, std::span<float> mono) {
  const float share = 1.0f / static_cast<float>(channels);
  for (size_t i = 0; i < mono.size(); ++i) {
    float sum = 0;
    for (int c = 0; c < channels; ++c) sum += block[i * static_cast<size_t>(channels) + static_cast<size_t>(c)];
    mono[i] = sum * share;
  }
  int64_t bad = 0;  // all are looked at, which is faster than stopping at the first
#pragma omp simd reduction(+ : bad)
  for (size_t i = 0; i < mono.size(); ++i) bad += !is_number(mono[i]);
  return bad == 0 ? mono.size() : static_cast<size_t>(std::ranges::find_if_not(mono, is_number) - mono.begin());
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
    const int64_t count = frames * channels;
    int64_t bad = 0, loud = 0;
    float most = 0, most_mono = 0;
#pragma omp simd reduction(+ : bad, loud) reduction(max : most)
    for (int64_t i = 0; i < count; ++i) {
      const float size = std::abs(block[i]);
      bad += !is_number(size);
      loud += size >= kFullScale;
      most = std::max(most, is_number(size) ? size : 0.0f);
    }
    mono.resize(static_cast<size_t>(frames));
    mix(block, channels, mono);
#pragma omp simd reduction(max : most_mono)
    for (size_t i = 0; i < mono.size(); ++i) {
      mono[i] = is_number(mono[i]) ? mono[i] : 0.0f;
      most_mono = std::max(most_mono, std::abs(mono[i]));
    }
    samples += count;
    non_finite += bad;
    clipped += loud;
    peak = std::max(peak, most);
    mono_peak = std::max(mono_peak, most_mono);
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
