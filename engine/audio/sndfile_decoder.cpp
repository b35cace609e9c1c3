#include "engine/audio/sndfile_decoder.h"

#include <sndfile.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/audio/joined_sounds.h"
#include "engine/audio/sound_header.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr int64_t kRunUp = 16 * 1152;  // frames decoded before the requested one: more than two of Vorbis' longest blocks
constexpr double kToleratedSeconds = 0.05;

struct Format {
  int major;
  const char* name;
};
constexpr Format kFormats[] = {
    {SF_FORMAT_WAV, "wav"},   {SF_FORMAT_WAVEX, "wav"}, {SF_FORMAT_RF64, "wav"},  {SF_FORMAT_AU, "au"},
    {SF_FORMAT_FLAC, "flac"}, {SF_FORMAT_OGG, "ogg"},   {SF_FORMAT_AIFF, "aiff"},
};

SF_FORMAT_INFO library_names(int format) {
  SF_FORMAT_INFO names = {};
  names.format = format;
  sf_command(nullptr, SFC_GET_FORMAT_INFO, &names, sizeof names);
  return names;
}

std::string format_name(int format) {
  const auto* const known = std::ranges::find(kFormats, format & SF_FORMAT_TYPEMASK, &Format::major);
  if (known != std::end(kFormats)) return known->name;
  const char* ending = library_names(format & SF_FORMAT_TYPEMASK).extension;
  return ending ? ending : "unknown";
}

std::string encoding_name(int format) {
  const char* encoding = library_names(format & SF_FORMAT_SUBMASK).name;
  return encoding ? encoding : "unknown";
}

/// The library's message without its full stop and "Error : "; empty if it says nothing. Null decoder: the message of the last
/// that failed to open.
std::string words_of(SNDFILE* decoder) {
  std::string words = sf_strerror(decoder);
  if (words.ends_with('.')) words.pop_back();
  constexpr std::string_view kPrefix = "Error : ";
  if (words == "Unspecified internal error") return "";
  return words.starts_with(kPrefix) ? words.substr(kPrefix.size()) : words;
}

/// The callbacks through which libsndfile reads a stream.
SF_VIRTUAL_IO calls_of_stream() {
  static constexpr auto self = [](void* stream) -> PatchedStream& { return *static_cast<PatchedStream*>(stream); };
  return {.get_filelen = [](void* stream) -> sf_count_t { return self(stream).size(); },
          .seek = [](sf_count_t by, int from, void* stream) -> sf_count_t {
            PatchedStream& s = self(stream);
            s.go_to(by + (from == SEEK_CUR ? s.position() : from == SEEK_END ? s.size() : 0));
            return s.position();
          },
          .read = [](void* to, sf_count_t bytes, void* stream) -> sf_count_t { return self(stream).read(to, bytes); },
          .write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; },
          .tell = [](void* stream) -> sf_count_t { return self(stream).position(); }};
}

class SndfileDecoder : public SoundDecoder {
 public:
  SndfileDecoder(const FileStretch& stretch, const std::vector<Patch>& patches) : stream_(stretch, patches) {
    SF_VIRTUAL_IO calls = calls_of_stream();
    decoder_.reset(sf_open_virtual(&calls, SFM_READ, &facts_, &stream_));
  }

  bool is_open() const { return decoder_ != nullptr; }
  const SF_INFO& facts() const { return facts_; }

  int64_t read(double* interleaved, int64_t frames) override {
    return std::max<int64_t>(sf_readf_double(decoder_.get(), interleaved, frames), 0);
  }

  int64_t seek(int64_t frame) override {
    const int64_t to = std::min(frame, facts_.frames);
    const bool looks_back = (facts_.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG;  // a block depends on earlier ones
    int64_t at = looks_back ? std::max<int64_t>(to - kRunUp, 0) : to;
    if (sf_seek(decoder_.get(), at, SEEK_SET) != at) return -1;
    std::vector<double> skipped(static_cast<size_t>(4096 * facts_.channels));
    while (at < to) {
      const int64_t count = read(skipped.data(), std::min<int64_t>(to - at, 4096));
      if (count == 0) break;
      at += count;
    }
    return at;
  }

  std::string words() const override { return sf_error(decoder_.get()) ? words_of(decoder_.get()) : ""; }

 private:
  PatchedStream stream_;
  SF_INFO facts_ = {};
  std::unique_ptr<SNDFILE, int (*)(SNDFILE*)> decoder_{nullptr, sf_close};
};

/// Compares with what the header promises; the decoder's own length counts only what is there.
void compare_with_header(SoundPart& part, std::optional<double> share) {
  if (!share || *share == 1) return;
  const double promised = *share > 0 ? static_cast<double>(part.frames) / *share : 0;
  part.is_cut = *share == 0 || (promised - static_cast<double>(part.frames)) / part.sample_rate > kToleratedSeconds;
  if (part.is_cut) part.frames = std::llround(promised);
}

/// Adds the sound of a stretch; returns the error, empty if there is none.
std::string add_part(const FileStretch& stretch, SoundParts& all) {
  ByteView bytes(stretch);
  const HeaderFacts header = header_facts(bytes);
  const SndfileDecoder decoder(stretch, header.patches);
  if (!decoder.is_open()) {
    const bool malformed = sf_error(nullptr) == SF_ERR_MALFORMED_FILE;
    return fmt::format("{} ({}: {})", malformed ? "is a damaged sound file" : "is no sound file of a known format",
                       sf_version_string(), words_of(nullptr));
  }
  const SF_INFO& facts = decoder.facts();
  if (all.parts.empty()) {
    all.format = format_name(facts.format);
    all.encoding = encoding_name(facts.format);
    const int type = facts.format & SF_FORMAT_SUBMASK;
    all.has_floats = type == SF_FORMAT_FLOAT || type == SF_FORMAT_DOUBLE;
  }
  SoundPart part{.frames = facts.frames == SF_COUNT_MAX ? -1 : facts.frames,
                 .sample_rate = facts.samplerate,
                 .channels = facts.channels,
                 .is_cut = false,
                 .has_open_end = false,
                 .fault = {},
                 .open = [stretch, patches = header.patches] { return std::make_unique<SndfileDecoder>(stretch, patches); }};
  part.has_open_end = (facts.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_OGG && (part.frames < 0 || ogg_lacks_end(stretch));
  compare_with_header(part, header.share_present);
  if (header.bytes_behind > 0)
    all.remarks.push_back(fmt::format("{} bytes behind the sound that its header promises are not heard", header.bytes_behind));
  all.parts.push_back(std::move(part));
  return "";
}

}  // namespace

SoundParts sndfile_parts(const FileStretch& stretch) {
  SoundParts all;
  int64_t outside = stretch.size();  // bytes outside of all sounds
  for (const FileStretch& one : joined_sounds(stretch)) {
    outside -= one.size();
    const std::string error = add_part(one, all);
    if (error.empty()) continue;
    if (all.parts.empty()) all.error = error;
    else all.remarks.push_back(fmt::format("what follows {} bytes into it is not heard: it {}", one.begin, error));
    return all;
  }
  if (outside > 0)
    all.remarks.push_back(fmt::format("{} bytes between or behind its sounds are none; they are passed over", outside));
  return all;
}

std::string sndfile_version() { return sf_version_string(); }

}  // namespace cudenza
