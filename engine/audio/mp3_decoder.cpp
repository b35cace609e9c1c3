#include "engine/audio/mp3_decoder.h"

#include <mpg123.h>

#include <algorithm>
#include <new>
#include <utility>

#include "engine/audio/mp3_frames.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr int64_t kDecoderDelay = 529;   // samples: delay of every decoder
constexpr int64_t kRunUp = 16;           // frames decoded before the requested one: more than the bit reservoir spans
constexpr int64_t kLongestFrame = 1441;  // bytes, at 320 kbit/s and 32 kHz

/// Range of a part's samples that are its sound.
struct Trimmed {
  int64_t begin, end;
};

/// Presents the frames of a part to the library as one file.
class FrameReader {
 public:
  FrameReader(const FileStretch& stretch, std::shared_ptr<const Mp3Part> part) : stretch_(stretch), part_(std::move(part)) {}

  void begin_at(size_t frame) { next_ = frame, inside_ = 0; }
  ssize_t read(void* to, size_t bytes) {
    size_t done = 0;
    while (done < bytes && next_ < part_->frames.size()) {
      const Mp3Frame& frame = part_->frames[next_];
      const auto piece = std::min(static_cast<int64_t>(bytes - done), frame.bytes - inside_);
      PatchedStream stream(stretch_);
      stream.go_to(frame.at + inside_);
      const int64_t count = stream.read(static_cast<char*>(to) + done, piece);
      if (count <= 0) break;
      done += static_cast<size_t>(count);
      inside_ += count;
      if (inside_ == frame.bytes) ++next_, inside_ = 0;
    }
    return static_cast<ssize_t>(done);
  }

 private:
  FileStretch stretch_;
  std::shared_ptr<const Mp3Part> part_;
  size_t next_ = 0;
  int64_t inside_ = 0;  // bytes already read of the next frame
};

class Mp3Decoder : public SoundDecoder {
 public:
  Mp3Decoder(const FileStretch& stretch, std::shared_ptr<const Mp3Part> part, Trimmed trimmed)
      : part_(std::move(part)), trimmed_(trimmed), reader_(stretch, part_), handle_(mpg123_new(nullptr, nullptr), mpg123_delete) {
    if (!handle_) throw std::bad_alloc();
    const Mp3Header& header = part_->header;
    long flags = MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_IGNORE_INFOFRAME | MPG123_SKIP_ID3V2 | MPG123_NO_PEEK_END;
    flags |= header.bit_rate > 0 ? MPG123_NO_READAHEAD : MPG123_SEEKBUFFER;  // free format: it must look for the next frame
    mpg123_param(handle_.get(), MPG123_FLAGS, flags, 0);
    mpg123_param(handle_.get(), MPG123_RESYNC_LIMIT, -1, 0);
    const auto read = [](void* reader, void* to, size_t bytes) { return static_cast<FrameReader*>(reader)->read(to, bytes); };
    const auto seek = [](void*, off_t, int) -> off_t { return -1; };
    mpg123_replace_reader_handle(handle_.get(), read, seek, nullptr);
    open_at(0);
    skip(trimmed_.begin);
  }

  int64_t read(double* interleaved, int64_t frames) override {
    floats_.resize(static_cast<size_t>(frames * part_->header.channels));
    const int64_t count = decode(floats_.data(), std::min(frames, trimmed_.end - at_));
    std::copy_n(floats_.begin(), count * part_->header.channels, interleaved);
    return count;
  }

  int64_t seek(int64_t frame) override {
    const int64_t to = std::min(frame + trimmed_.begin, trimmed_.end);
    const int64_t samples = part_->header.samples;
    open_at(std::max<int64_t>(to / samples - kRunUp, 0));
    skip(to - at_);
    return at_ == to ? to - trimmed_.begin : -1;
  }

 private:
  /// Makes `frame` the next one to decode.
  void open_at(int64_t frame) {
    reader_.begin_at(static_cast<size_t>(frame));
    if (mpg123_open_handle(handle_.get(), &reader_) != MPG123_OK) throw std::bad_alloc();
    at_ = frame * part_->header.samples;
  }

  void skip(int64_t samples) {
    std::vector<float> skipped(static_cast<size_t>(part_->header.samples * part_->header.channels));
    for (int64_t count = 1; samples > 0 && count > 0; samples -= count)
      count = decode(skipped.data(), std::min<int64_t>(samples, part_->header.samples));
  }

  /// Decodes samples of each channel from at_ on, and advances at_.
  int64_t decode(float* to, int64_t samples) {
    const auto size = static_cast<size_t>(part_->header.channels) * sizeof(float);
    size_t done = 0;
    const size_t wanted = static_cast<size_t>(std::max<int64_t>(samples, 0)) * size;
    while (done < wanted) {
      size_t count = 0;
      const int state = mpg123_read(handle_.get(), reinterpret_cast<unsigned char*>(to) + done, wanted - done, &count);
      done += count;
      if (state == MPG123_NEW_FORMAT ? !is_expected_format() : state != MPG123_OK) break;
    }
    at_ += static_cast<int64_t>(done / size);
    return static_cast<int64_t>(done / size);
  }

  bool is_expected_format() const {
    long rate = 0;
    int channels = 0, encoding = 0;
    mpg123_getformat(handle_.get(), &rate, &channels, &encoding);
    return rate == part_->header.sample_rate && channels == part_->header.channels && encoding == MPG123_ENC_FLOAT_32;
  }

  std::shared_ptr<const Mp3Part> part_;
  Trimmed trimmed_;
  FrameReader reader_;
  std::unique_ptr<mpg123_handle, void (*)(mpg123_handle*)> handle_;
  std::vector<float> floats_;  // what the library decodes to
  int64_t at_ = 0;             // the next sample, among all decoded ones
};

int64_t decoded_samples(const Mp3Part& part) { return static_cast<int64_t>(part.frames.size()) * part.header.samples; }

/// Frames that a part should have: the promised number, unless that is wrong. It is wrong if it is missing, zero or too small, or
/// too large although all promised bytes are there.
int64_t expected_frames(const Mp3Part& part) {
  const auto there = static_cast<int64_t>(part.frames.size());
  if (!part.promise || part.promise->frames <= there) return there;
  int64_t bytes = kLongestFrame;
  for (const Mp3Frame& frame : part.frames) bytes += frame.bytes;
  return part.promise->bytes > 0 && part.promise->bytes <= bytes ? there : part.promise->frames;
}

/// Removes the encoder's silence: before the sound if the part begins the file, after it if the part is alone.
Trimmed trimmed(const Mp3Part& part, bool is_first, bool is_alone) {
  const int64_t all = decoded_samples(part);
  if (!part.promise || !part.promise->is_gapless || !is_first) return {0, all};
  const int64_t begin = std::min(part.promise->delay + kDecoderDelay, all);
  const int64_t end = part.promise->frames * part.header.samples - part.promise->padding + kDecoderDelay;
  const bool is_exact = is_alone && static_cast<int64_t>(part.frames.size()) <= part.promise->frames;
  return {begin, is_exact ? std::clamp(end, begin, all) : all};
}

SoundPart part_of(const FileStretch& stretch, Mp3Index& index, size_t i) {
  const auto part = std::make_shared<const Mp3Part>(std::move(index.parts[i]));
  const Trimmed range = trimmed(*part, i == 0, index.parts.size() == 1);
  const int64_t missing = expected_frames(*part) - static_cast<int64_t>(part->frames.size());
  return {.frames = range.end - range.begin + missing * part->header.samples,
          .sample_rate = part->header.sample_rate,
          .channels = part->header.channels,
          .is_cut = false,
          .has_open_end = false,
          .fault = i + 1 == index.parts.size() ? index.fault : "",
          .open = [stretch, part, range] { return std::make_unique<Mp3Decoder>(stretch, part, range); }};
}

}  // namespace

SoundParts mp3_parts(const FileStretch& stretch) {
  Mp3Index index = index_of_mp3(stretch);
  SoundParts all{.error = {}, .format = "mp3", .encoding = {}, .parts = {}, .remarks = index.remarks};
  if (index.parts.empty()) {
    all.error = "is a damaged sound file: no frame of mp3 can be decoded";
    return all;
  }
  all.encoding = fmt::format("MPEG Layer {}", std::string(static_cast<size_t>(index.parts[0].header.layer), 'I'));
  for (size_t i = 0; i < index.parts.size(); ++i) all.parts.push_back(part_of(stretch, index, i));
  return all;
}

std::string mp3_library_version() { return fmt::format("libmpg123-{}", MPG123_API_VERSION); }

}  // namespace cudenza
