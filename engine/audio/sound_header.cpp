#include "engine/audio/sound_header.h"

#include <algorithm>
#include <string_view>

namespace cudenza {
namespace {

constexpr int64_t kNoise = 4096;              // bytes after the samples that deserve no warning
constexpr int64_t kChunksBehind = 64 * 1024;  // bytes at the end that are searched for chunks after samples of unknown size

/// A header's numbers: little-endian in RIFF, big-endian in most others.
struct Numbers {
  ByteView& bytes;
  bool big_endian = false;

  int64_t at(int64_t place, int width = 4) const {
    return static_cast<int64_t>(big_endian ? bytes.big_endian(place, width) : bytes.little_endian(place, width));
  }
  Patch patch(int64_t place, int64_t value, int width = 4) const {
    std::string text;
    for (int i = 0; i < width; ++i) text += static_cast<char>(value >> 8 * i);
    if (big_endian) std::ranges::reverse(text);
    return {place, text};
  }
};

/// Where the samples begin, and how many bytes of them the header promises.
struct Promise {
  int64_t begin, bytes;
};

/// Where the next chunk would begin.
int64_t behind(const Promise& samples) { return samples.begin + samples.bytes + samples.bytes % 2; }

/// Content of the first chunk of that name. A chunk is name, size, content, padded to an even number of bytes.
std::optional<Promise> chunk_of(const Numbers& numbers, std::string_view name) {
  for (int64_t at = 12; at + 8 <= numbers.bytes.size(); at += 8 + numbers.at(at + 4) + numbers.at(at + 4) % 2) {
    if (numbers.bytes.says(at, name)) return Promise{at + 8, numbers.at(at + 4)};
  }
  return {};
}

/// Whether only chunks lie between `at` and the end.
bool are_chunks(const Numbers& numbers, int64_t at) {
  const int64_t end = numbers.bytes.size();
  if (at >= end) return false;
  while (at + 8 <= end) {
    const auto name = numbers.bytes.peek(at, 4);
    if (!std::ranges::all_of(name, [](uint8_t c) { return c >= 32 && c < 127; })) return false;
    at += 8 + numbers.at(at + 4);
    if (at == end || at + 1 == end) return true;
    at += at % 2;
  }
  return at == end;
}

/// End of samples of unknown size: before chunks that reach the end of the file, if there are any.
int64_t end_of_samples(const Numbers& numbers, int64_t begin) {
  const int64_t end = numbers.bytes.size();
  for (int64_t at = std::max(begin, end - kChunksBehind); at < end; ++at) {
    if (at % 2 == 0 && are_chunks(numbers, at)) return at;
  }
  return end;
}

bool is_left_open(int64_t promised) {
  const auto is_between = [promised](int64_t low, int64_t high) { return low <= promised && promised <= high; };
  constexpr int64_t kLargest = int64_t{1} << 62;
  return is_between(0x7ef00000, 0x80100000) || is_between(0xfff00000, 0xffffffff) || promised < 0 || promised >= kLargest;
}

/// Whether the size of the samples was never filled in.
bool is_open(const Numbers& numbers, const Promise& promise, int64_t there) {
  if (promise.bytes == 0) return there > 0 && !are_chunks(numbers, promise.begin);
  if (!is_left_open(promise.bytes)) return false;
  return promise.bytes < 0 || promise.bytes > there || (promise.bytes < there && !are_chunks(numbers, behind(promise)));
}

/// Compares the samples present with those promised. If their size was never filled in, returns the bytes present, at most what a
/// field of `width` bytes can hold.
std::optional<int64_t> open_bytes(const Numbers& numbers, const Promise& promise, HeaderFacts& facts, int width = 4) {
  constexpr int64_t kMost = 0xfffffff0;
  const int64_t there = std::max<int64_t>(numbers.bytes.size() - promise.begin, 0);
  if (is_open(numbers, promise, there)) {
    const int64_t all = end_of_samples(numbers, promise.begin) - promise.begin, heard = width == 4 ? std::min(all, kMost) : all;
    facts.bytes_behind = all - heard;
    return heard;
  }
  if (promise.bytes == 0) return {};
  facts.share_present = std::min(static_cast<double>(there) / static_cast<double>(promise.bytes), 1.0);
  const int64_t left = numbers.bytes.size() - behind(promise);
  if (left > kNoise && !are_chunks(numbers, behind(promise))) facts.bytes_behind = left;
  return {};
}

HeaderFacts riff_facts(const Numbers& numbers) {
  HeaderFacts facts;
  const bool is_rf64 = numbers.bytes.says(0, "RF64") && numbers.bytes.says(12, "ds64");
  auto data = chunk_of(numbers, "data");
  if (!data) return facts;
  const int64_t size_at = is_rf64 ? 28 : data->begin - 4;
  const int width = is_rf64 ? 8 : 4;
  if (is_rf64) data->bytes = numbers.at(size_at, width);
  const auto found = open_bytes(numbers, *data, facts, width);
  if (!found) return facts;
  facts.patches = {numbers.patch(is_rf64 ? 20 : 4, data->begin + *found - 8, width), numbers.patch(size_at, *found, width)};
  return facts;
}

HeaderFacts aiff_facts(const Numbers& numbers) {
  HeaderFacts facts;
  const auto sound = chunk_of(numbers, "SSND"), common = chunk_of(numbers, "COMM");
  if (!sound) return facts;
  constexpr int64_t kBefore = 8;  // bytes of the chunk before its samples
  const Promise samples{sound->begin + kBefore, std::max<int64_t>(sound->bytes - kBefore, 0)};
  const auto found = open_bytes(numbers, samples, facts);
  if (!found) return facts;
  facts.patches = {numbers.patch(4, samples.begin + *found - 8), numbers.patch(sound->begin - 4, *found + kBefore)};
  const int64_t width = common ? numbers.at(common->begin, 2) * ((numbers.at(common->begin + 6, 2) + 7) / 8) : 0;
  if (width > 0) facts.patches.push_back(numbers.patch(common->begin + 2, *found / width));
  return facts;
}

HeaderFacts au_facts(const Numbers& numbers) {
  HeaderFacts facts;
  const Promise samples{numbers.at(4), numbers.at(8)};
  const auto found = open_bytes(numbers, samples, facts);
  if (found) facts.patches = {numbers.patch(8, *found)};
  return facts;
}

/// Sony Wave64: chunks have 16-byte names, 8-byte sizes that include the header, and 8-byte alignment.
HeaderFacts wave64_facts(const Numbers& numbers) {
  HeaderFacts facts;
  constexpr int64_t kHead = 24;
  for (int64_t at = 40; at + kHead <= numbers.bytes.size();) {
    const int64_t size = numbers.at(at + 16, 8);
    if (numbers.bytes.says(at, "data")) {
      const Promise samples{at + kHead, size >= 0 ? std::max<int64_t>(size - kHead, 0) : size};
      if (const auto found = open_bytes(numbers, samples, facts, 8))
        facts.patches = {numbers.patch(16, at + kHead + *found, 8), numbers.patch(at + 16, kHead + *found, 8)};
      return facts;
    }
    if (size < kHead || size > numbers.bytes.size()) break;
    at += (size + 7) / 8 * 8;
  }
  return facts;
}

/// Apple CAF: from byte 8 on, chunks of name, 8-byte size, content. A size of -1 is allowed for the samples.
HeaderFacts caf_facts(const Numbers& numbers) {
  HeaderFacts facts;
  constexpr int64_t kHead = 12;
  for (int64_t at = 8; at + kHead <= numbers.bytes.size();) {
    const int64_t size = numbers.at(at + 4, 8);
    if (numbers.bytes.says(at, "data")) {
      const auto found = open_bytes(numbers, {at + kHead, size}, facts, 8);
      if (found) facts.patches = {numbers.patch(at + 4, *found, 8)};
      return facts;
    }
    if (size < 0 || size > numbers.bytes.size()) break;
    at += kHead + size;
  }
  return facts;
}

}  // namespace

HeaderFacts header_facts(ByteView& bytes) {
  if (bytes.says(0, "RIFF") || bytes.says(0, "RF64")) return riff_facts({bytes});
  if (bytes.says(0, "RIFX")) return riff_facts({bytes, true});
  if (bytes.says(0, "FORM")) return aiff_facts({bytes, true});
  if (bytes.says(0, ".snd")) return au_facts({bytes, true});
  if (bytes.says(0, "dns.")) return au_facts({bytes});
  if (bytes.says(0, "riff")) return wave64_facts({bytes});
  if (bytes.says(0, "caff")) return caf_facts({bytes, true});
  return {};
}

std::optional<FileStretch> wrapped_mp3(ByteView& bytes) {
  constexpr int64_t kMpeg = 0x50, kMp3 = 0x55;
  const Numbers numbers{bytes};
  if (!bytes.says(0, "RIFF")) return {};
  const auto format = chunk_of(numbers, "fmt "), data = chunk_of(numbers, "data");
  if (!format || !data || (numbers.at(format->begin, 2) != kMpeg && numbers.at(format->begin, 2) != kMp3)) return {};
  const int64_t end = data->begin + data->bytes;
  return bytes.stretch().part(data->begin, data->bytes > 0 && end <= bytes.size() ? end : bytes.size());
}

int64_t size_in_header(ByteView& bytes) {
  const auto of_chunks = [](const Numbers& numbers) { return 8 + numbers.at(4) + numbers.at(4) % 2; };
  const auto of_au = [](const Numbers& numbers) { return numbers.at(4) + numbers.at(8); };
  if (bytes.says(0, "RIFF")) return of_chunks({bytes});
  if (bytes.says(0, "RIFX") || bytes.says(0, "FORM")) return of_chunks({bytes, true});
  if (bytes.says(0, ".snd")) return of_au({bytes, true});
  if (bytes.says(0, "dns.")) return of_au({bytes});
  return 0;
}

}  // namespace cudenza
