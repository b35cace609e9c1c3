#include "engine/audio/mp3_frames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/core/error.h"

namespace cudenza {
namespace {

// kbit/s by [table][index]: layers I, II, III of MPEG 1; layer I, layers II and III of MPEG 2 and 2.5.
constexpr std::array<std::array<int, 15>, 5> kBitRates = {{
    {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
    {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
    {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
}};
constexpr std::array<int, 3> kRates = {44100, 48000, 32000};  // of MPEG 1; half of it in MPEG 2, a quarter in 2.5

constexpr int kLongestFreeFrame = 8192;   // bytes
constexpr int64_t kSearched = 64 * 1024;  // bytes searched for the first frame
constexpr int64_t kHarmless = 1441;       // bytes that are no sound are accepted up to the size of the longest frame …
constexpr int64_t kHarmlessShare = 10;    // … or to a tenth of the file; above both the file is damaged
constexpr size_t kFramesOfContained = 10;
constexpr int64_t kId3v1 = 128;    // bytes
constexpr int kMostSearches = 64;  // for the frame size in free format; a file needs one

/// Sizes in ID3 tags have 7 bits per byte.
int64_t sevens(std::span<const uint8_t> bytes) {
  int64_t number = 0;
  for (const uint8_t byte : bytes) number = number << 7 | (byte & 0x7f);
  return number;
}

}  // namespace

std::optional<Mp3Header> mp3_header(uint32_t word) {
  const uint32_t version = word >> 19 & 3, layer = word >> 17 & 3, rate = word >> 10 & 3, bits = word >> 12 & 15;
  if (word >> 21 != 0x7ff || version == 1 || layer == 0 || rate == 3 || bits == 15) return {};
  Mp3Header header;
  header.version = version == 3 ? 1 : version == 2 ? 2 : 3;
  header.layer = 4 - static_cast<int>(layer);
  header.sample_rate = kRates[rate] >> (header.version - 1);
  header.channels = (word >> 6 & 3) == 3 ? 1 : 2;
  const size_t table = header.version == 1 ? static_cast<size_t>(header.layer - 1) : header.layer == 1 ? 3 : 4;
  header.bit_rate = kBitRates[table][bits];
  header.padding = (word >> 9 & 1) * (header.layer == 1 ? 4 : 1);
  header.samples = header.layer == 1 ? 384 : header.layer == 3 && header.version > 1 ? 576 : 1152;
  header.has_checksum = (word >> 16 & 1) == 0;
  return header;
}

int Mp3Header::bytes() const {
  if (bit_rate == 0) return 0;
  const int slot = layer == 1 ? 4 : 1;
  return samples / 8 / slot * 1000 * bit_rate / sample_rate * slot + padding;
}

bool Mp3Header::continues(const Mp3Header& other) const {
  return version == other.version && layer == other.layer && sample_rate == other.sample_rate && channels == other.channels &&
         (bit_rate == 0) == (other.bit_rate == 0);
}

namespace {

class Walk {
 public:
  explicit Walk(const FileStretch& stretch) : bytes_(stretch), end_(stretch.size()) { find_ape_without_header(); }

  /// Skips tags and zeros; returns whether a frame is next.
  bool reach_first_frame() {
    while (skip_tag() || skip_zeros()) continue;
    return starts_stream(at_, 2);
  }
  /// Whether a run of frames begins within the first bytes.
  bool find_many_frames() {
    for (int64_t at = 0; at < std::min(end_, kSearched); ++at) {
      if (starts_stream(at, kFramesOfContained)) return true;
    }
    return false;
  }

  Mp3Index run() {
    while (at_ < end_ && index_.fault.empty()) {
      if (!take_frame() && !skip_tag()) skip_junk();
    }
    if (index_.fault.empty()) judge_end();
    if (gaps_ > 0)
      index_.remarks.push_back(fmt::format("{} bytes in {} place{}, the first at {:.2f} s, are no sound; they are passed over",
                                           lost_bytes_, gaps_, gaps_ == 1 ? "" : "s", first_gap_));
    const auto is_empty = [](const Mp3Part& part) { return part.frames.empty(); };
    if (std::ranges::any_of(index_.parts, [&](const Mp3Part& part) { return !is_empty(part); }))
      std::erase_if(index_.parts, is_empty);
    return std::move(index_);
  }

 private:
  struct Found {
    Mp3Header header;
    int64_t bytes;  // of the frame
  };

  std::optional<Found> frame_at(int64_t at) {
    const auto header = mp3_header(static_cast<uint32_t>(bytes_.big_endian(at, 4)));
    if (!header) return {};
    const int64_t size = header->bit_rate > 0 ? header->bytes() : free_bytes(at, *header);
    return size > 4 ? std::optional(Found{*header, size}) : std::nullopt;
  }

  /// Frame size in free format, equal for all frames but for the padding: the distance to the next header of its kind.
  int64_t free_bytes(int64_t at, const Mp3Header& header) {
    if (free_size_ > 0) return free_size_ + header.padding;
    const auto follows = [&](int64_t next) {
      const auto other = mp3_header(static_cast<uint32_t>(bytes_.big_endian(next, 4)));
      return other && other->continues(header) ? other : std::nullopt;
    };
    if (++free_searches_ > kMostSearches) return 0;
    for (int64_t size = 24; size <= kLongestFreeFrame; ++size) {
      const auto second = follows(at + size);
      if (!second) continue;
      if (!follows(at + 2 * size - header.padding + second->padding)) continue;
      free_size_ = size - header.padding;
      free_searches_ = 0;
      return size;
    }
    return 0;
  }

  /// Whether a frame begins here and `count` more follow it, or fewer if the sound ends before.
  bool starts_stream(int64_t at, size_t count) {
    free_size_ = 0;
    const auto first = frame_at(at);
    if (!first || at + first->bytes > end_) return false;
    int64_t next = at + first->bytes;
    for (size_t i = 0; i < count; ++i) {
      if (next == end_ || is_tag(next) || zeros_at(next)) return true;
      const auto other = frame_at(next);
      if (!other || !other->header.continues(first->header)) return false;
      next += other->bytes;
    }
    return true;
  }

  bool take_frame() {
    auto found = frame_at(at_);
    const bool goes_on = found && !index_.parts.empty() && found->header.continues(index_.parts.back().header);
    if (!goes_on) {
      if (!starts_stream(at_, 2)) return false;
      found = frame_at(at_);
    }
    if (at_ + found->bytes > end_) {  // the end of the frame is missing, as in many files
      at_ = end_;
      return true;
    }
    if (const auto promise = promise_at(at_, found->header)) {
      index_.parts.push_back({found->header, promise, {}});
    } else {
      if (!goes_on) index_.parts.push_back({found->header, {}, {}});
      index_.parts.back().frames.push_back({at_, static_cast<int32_t>(found->bytes)});
      sound_bytes_ += found->bytes;
      seconds_ += static_cast<double>(found->header.samples) / found->header.sample_rate;
      judge_gap();
    }
    at_ += found->bytes;
    return true;
  }

  std::optional<Mp3Promise> promise_at(int64_t at, const Mp3Header& header) {
    if (header.layer != 3) return {};
    if (bytes_.says(at + 36, "VBRI"))
      return Mp3Promise{.frames = static_cast<int64_t>(bytes_.big_endian(at + 50, 4)),
                        .bytes = static_cast<int64_t>(bytes_.big_endian(at + 46, 4))};
    const int side = header.version == 1 ? (header.channels == 2 ? 32 : 17) : (header.channels == 2 ? 17 : 9);
    for (const int64_t place : {at + 4 + side, at + 6 + side}) {  // with a checksum, stated or not
      if (bytes_.says(place, "Xing") || bytes_.says(place, "Info")) return xing_at(place);
    }
    return {};
  }

  Mp3Promise xing_at(int64_t at) {
    Mp3Promise promise;
    const uint64_t flags = bytes_.big_endian(at + 4, 4);
    at += 8;
    if (flags & 1) promise.frames = static_cast<int64_t>(bytes_.big_endian(at, 4)), at += 4;
    if (flags & 2) promise.bytes = static_cast<int64_t>(bytes_.big_endian(at, 4)), at += 4;
    if (flags & 4) at += 100;  // seek table
    if (flags & 8) at += 4;    // quality
    const uint64_t encoder = bytes_.big_endian(at, 1), silence = bytes_.big_endian(at + 21, 3);
    promise.is_gapless = encoder != 0 && promise.frames > 0;
    promise.delay = static_cast<int>(silence >> 12);
    promise.padding = static_cast<int>(silence & 0xfff);
    return promise;
  }

  /// Bytes of a tag that begins here; 0 if none does, or if it claims to go beyond the end (damaged).
  int64_t tag_bytes(int64_t at) {
    const int64_t size = at < end_ ? promised_tag_bytes(at) : 0;
    return at + size <= end_ + kId3v1 ? size : 0;
  }
  bool is_tag(int64_t at) { return tag_bytes(at) > 0; }

  int64_t promised_tag_bytes(int64_t at) {
    if (bytes_.says(at, "ID3")) {
      const auto tag = bytes_.peek(at, 10);
      if (tag.size() < 10 || tag[3] == 0xff || std::ranges::any_of(tag.subspan(6), [](uint8_t b) { return b > 0x7f; })) return 0;
      return 10 + sevens(tag.subspan(6)) + (tag[5] & 0x10 ? 10 : 0);
    }
    if (bytes_.says(at, "TAG+")) return 227;
    if (bytes_.says(at, "TAG")) return kId3v1;
    if (bytes_.says(at, "APETAGEX")) {
      const bool is_header = bytes_.little_endian(at + 20, 4) >> 29 & 1;
      return 32 + (is_header ? static_cast<int64_t>(bytes_.little_endian(at + 12, 4)) : 0);
    }
    if (bytes_.says(at, "LYRICSBEGIN")) {
      for (const char* mark : {"LYRICS200", "LYRICSEND"}) {
        if (const int64_t last = bytes_.find(mark, at, end_); last >= 0) return last + 9 - at;
      }
    }
    return at == ape_begin_ ? ape_end_ - at : 0;
  }

  /// An APEv1 tag has its name only at its end, which is the end of the file or before ID3v1.
  void find_ape_without_header() {
    for (const int64_t behind : {int64_t{0}, kId3v1}) {
      const int64_t end = end_ - behind;
      if (!bytes_.says(end - 32, "APETAGEX") || bytes_.little_endian(end - 12, 4) >> 31) continue;
      ape_end_ = end;
      ape_begin_ = end - static_cast<int64_t>(bytes_.little_endian(end - 20, 4));
    }
  }

  bool skip_tag() {
    const int64_t size = tag_bytes(at_);
    at_ = std::min(at_ + size, end_);
    return size > 0;
  }

  bool zeros_at(int64_t at) {
    const auto found = bytes_.peek(at, 32);
    return !found.empty() && std::ranges::all_of(found, [](uint8_t b) { return b == 0; });
  }

  bool skip_zeros() {
    const int64_t begin = at_;
    while (at_ < end_) {
      const auto found = bytes_.peek(at_, ByteView::kMost);
      const auto first = std::ranges::find_if(found, [](uint8_t b) { return b != 0; });
      at_ += first - found.begin();
      if (first != found.end() || found.empty()) break;
    }
    return at_ > begin;
  }

  /// Skips what is neither a frame nor a tag.
  void skip_junk() {
    const int64_t begin = at_;
    while (at_ < end_) {
      skip_zeros();
      if (at_ >= end_ || is_tag(at_)) break;
      if (bytes_.big_endian(at_, 1) == 0xff && starts_stream(at_, 2)) break;
      ++at_;
      ++odd_bytes_;
    }
    gap_bytes_ += at_ - begin;
    if (index_.parts.empty()) lead_ = true;
  }

  int64_t promised() const {
    return index_.parts.empty() || !index_.parts.back().promise ? 0 : index_.parts.back().promise->frames;
  }

  bool is_harm(int64_t bytes) const { return bytes > kHarmless && bytes * kHarmlessShare > sound_bytes_ + bytes; }

  /// A frame comes after bytes that are none: decides whether the sound goes on there or is damaged.
  void judge_gap() {
    if (gap_bytes_ == 0) return;
    const int64_t bytes = std::exchange(gap_bytes_, 0);
    odd_bytes_ = 0;
    if (std::exchange(lead_, false)) return;  // before the first sound
    if (gaps_++ == 0) first_gap_ = seconds_;
    lost_bytes_ += bytes;
    if (promised() == 0 && is_harm(lost_bytes_))
      index_.fault = fmt::format("is damaged at {:.2f} s: {} bytes there are no sound", seconds_, bytes);
  }

  void judge_end() {
    if (odd_bytes_ == 0 || index_.parts.empty()) return;  // many files end in zeros
    if (promised() == 0 && is_harm(odd_bytes_))
      index_.fault = fmt::format("is damaged at {:.2f} s: the {} bytes behind are no sound", seconds_, gap_bytes_);
    else index_.remarks.push_back(fmt::format("{} bytes behind the sound are none; they are passed over", gap_bytes_));
  }

  ByteView bytes_;
  int64_t end_, at_ = 0;
  int64_t free_size_ = 0;
  int free_searches_ = 0;
  int64_t gap_bytes_ = 0, odd_bytes_ = 0;  // since the last frame
  int64_t sound_bytes_ = 0, lost_bytes_ = 0;
  double seconds_ = 0, first_gap_ = 0;
  int gaps_ = 0;
  int64_t ape_begin_ = -1, ape_end_ = -1;
  bool lead_ = false;
  Mp3Index index_;
};

}  // namespace

bool begins_as_mp3(const FileStretch& stretch) { return Walk(stretch).reach_first_frame(); }

bool contains_mp3(const FileStretch& stretch) { return Walk(stretch).find_many_frames(); }

bool resembles_mp3(const FileStretch& stretch) {
  ByteView bytes(stretch);
  int64_t at = 0;
  while (bytes.says(at, "ID3")) at += 10 + sevens(bytes.peek(at + 6, 4));
  return bytes.big_endian(at, 2) >> 5 == 0x7ff;
}

Mp3Index index_of_mp3(const FileStretch& stretch) { return Walk(stretch).run(); }

}  // namespace cudenza
