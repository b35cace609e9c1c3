#include "engine/audio/joined_sounds.h"

#include <algorithm>
#include <numeric>

#include "engine/audio/sound_header.h"

namespace cudenza {
namespace {

struct OggPage {
  int64_t begin, end;  ///< in the stretch; the end may lie beyond it, if the page is cut off
  bool begins_stream, ends_stream;
};

/// Calls f(page) for each page that begins at `at` or later. Bytes between pages are passed over.
template <class F> void for_pages(ByteView& bytes, int64_t at, F f) {
  constexpr int64_t kHead = 27;  // bytes of a page before its segment table
  while (at >= 0 && at < bytes.size()) {
    if (!bytes.says(at, "OggS")) {
      at = bytes.find("OggS", at + 1, bytes.size());
      continue;
    }
    const auto head = bytes.peek(at, kHead + 255);
    if (static_cast<int64_t>(head.size()) < kHead) break;
    OggPage page{.begin = at, .end = at, .begins_stream = (head[5] & 2) != 0, .ends_stream = (head[5] & 4) != 0};
    const auto lengths = head.subspan(kHead, std::min<size_t>(head[26], head.size() - kHead));
    page.end = at + kHead + head[26] + std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
    at = page.end;
    f(page);
  }
}

/// Links of a chained Ogg. A link begins at the first page that begins a stream after other pages (all its streams begin
/// together, such as a sound and its cover picture) and ends with its last page.
std::vector<FileStretch> ogg_links(ByteView& bytes) {
  std::vector<FileStretch> links;
  bool has_content = true;
  for_pages(bytes, 0, [&](const OggPage& page) {
    if (links.empty() || (page.begins_stream && has_content)) links.push_back(bytes.stretch().part(page.begin, page.begin));
    has_content = !page.begins_stream;
    links.back().end = bytes.stretch().begin + std::min(page.end, bytes.size());
  });
  if (links.empty()) return {bytes.stretch()};  // no complete page
  return links;
}

/// A flac stream begins with "fLaC" and the STREAMINFO block, which has a fixed size.
std::vector<FileStretch> flac_streams(ByteView& bytes) {
  std::vector<FileStretch> streams;
  for (int64_t begin = 0, at = 0; at >= 0; begin = at) {
    do at = bytes.find("fLaC", std::max(at, begin) + 4, bytes.size());
    while (at >= 0 && (bytes.big_endian(at + 4, 4) & 0x7fffffff) != 34);
    streams.push_back(bytes.stretch().part(begin, at >= 0 ? at : bytes.size()));
  }
  return streams;
}

/// Chunked files and au files state their size; the next file of the same kind begins there.
std::vector<FileStretch> files_by_size(ByteView& bytes) {
  std::vector<FileStretch> files;
  int64_t begin = 0;
  while (true) {
    ByteView rest(bytes.stretch().part(begin, bytes.size()));
    const int64_t size = size_in_header(rest);
    const bool is_followed = size > 0 && rest.big_endian(size, 4) == rest.big_endian(0, 4);
    files.push_back(is_followed ? rest.stretch().part(0, size) : rest.stretch());
    if (!is_followed) return files;
    begin += size;
  }
}

}  // namespace

std::vector<FileStretch> joined_sounds(const FileStretch& whole) {
  ByteView bytes(whole);
  if (bytes.says(0, "OggS")) return ogg_links(bytes);
  if (bytes.says(0, "fLaC")) return flac_streams(bytes);
  return files_by_size(bytes);
}

bool ogg_lacks_end(const FileStretch& stretch) {
  ByteView bytes(stretch);
  constexpr int64_t kLongestPage = 27 + 255 + 255 * 255;
  bool lacks_end = true;
  for_pages(bytes, std::max<int64_t>(bytes.size() - kLongestPage, 0),
            [&](const OggPage& page) { lacks_end = !page.ends_stream || page.end > bytes.size(); });
  return lacks_end;
}

}  // namespace cudenza
