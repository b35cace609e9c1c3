#include "weights/zip_directory.h"

#include <algorithm>
#include <cstring>

namespace cudenza {
namespace {

constexpr uint32_t kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr uint32_t kMemberSignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr uint64_t kEndBytes = 22, kLocator64Bytes = 20, kEnd64Bytes = 56, kMemberBytes = 46, kLocalBytes = 30;
constexpr uint64_t kLongestComment = 0xFFFF;
constexpr uint64_t kMostMembers = 1 << 17;
constexpr uint32_t kSaturated32 = 0xFFFFFFFF;
constexpr uint16_t kSaturated16 = 0xFFFF, kZip64Field = 1;

/// Position of the end record, at the end of the file before a comment.
uint64_t find_end(const FileBytes& file) {
  const uint64_t tail = std::min(file.size(), kEndBytes + kLongestComment);
  std::vector<std::byte> bytes(static_cast<size_t>(tail));
  file.read(file.size() - tail, bytes);
  for (uint64_t at = tail < kEndBytes ? 0 : tail - kEndBytes + 1; at-- > 0;) {
    uint32_t signature = 0;
    std::memcpy(&signature, bytes.data() + at, sizeof signature);
    if (signature == kEndSignature) return file.size() - tail + at;
  }
  file.fail("is a zip archive without its directory: it is cut off or corrupt");
}

struct DirectoryPlace {
  uint64_t count, bytes, begin;
};

DirectoryPlace place_from_zip64(const FileBytes& file, uint64_t end) {
  if (end < kLocator64Bytes) file.fail("is a zip archive whose 64-bit directory is missing");
  ByteStream locator(file, end - kLocator64Bytes, end, "zip64 locator");
  if (locator.u32() != kLocator64Signature) locator.fail("has the wrong signature");
  locator.skip(4);
  const uint64_t at = locator.u64();
  file.check_range(at, kEnd64Bytes, "the zip64 directory's end record");
  ByteStream record(file, at, at + kEnd64Bytes, "zip64 end record");
  if (record.u32() != kEnd64Signature) record.fail("has the wrong signature");
  record.skip(28);
  const uint64_t count = record.u64(), bytes = record.u64(), begin = record.u64();
  return {count, bytes, begin};
}

DirectoryPlace find_directory(const FileBytes& file) {
  const uint64_t end = find_end(file);
  ByteStream record(file, end, end + kEndBytes, "zip end record");
  record.skip(10);
  const DirectoryPlace place{record.u16(), record.u32(), record.u32()};
  const bool is_zip64 = place.count == kSaturated16 || place.bytes == kSaturated32 || place.begin == kSaturated32;
  return is_zip64 ? place_from_zip64(file, end) : place;
}

}  // namespace

ZipDirectory::ZipDirectory(const FileBytes& file) : file_(file) {
  const DirectoryPlace place = find_directory(file);
  file.check_range(place.begin, place.bytes, "the zip archive's directory");
  if (place.count > kMostMembers || place.count * kMemberBytes > place.bytes)
    file.fail("is a zip archive that claims {} members, more than its directory can hold", place.count);
  read_directory(place.begin, place.bytes, place.count);
}

void ZipDirectory::read_directory(uint64_t begin, uint64_t bytes, uint64_t count) {
  ByteStream in(file_, begin, begin + bytes, "zip directory");
  for (uint64_t i = 0; i < count; ++i) {
    if (in.u32() != kMemberSignature) in.fail("has an entry with the wrong signature");
    in.skip(4);
    Member m{};
    m.flags = in.u16();
    m.method = in.u16();
    in.skip(8);
    m.stored_bytes = in.u32();
    m.bytes = in.u32();
    const uint16_t name_length = in.u16(), extra_length = in.u16(), comment_length = in.u16();
    in.skip(8);
    m.local_header = in.u32();
    const std::string name = in.bytes(name_length);
    for (uint64_t left = extra_length; left > 0;) {
      if (left < 4) in.fail("has an entry whose extra field is cut off");
      const uint16_t id = in.u16(), length = in.u16();
      if (length > left - 4) in.fail("has an entry whose extra field is cut off");
      uint64_t used = 0;
      const auto widen = [&](uint64_t& value) {  // in this order, those that exceeded 32 bits
        if (id != kZip64Field || value != kSaturated32 || length - used < 8) return;
        value = in.u64();
        used += 8;
      };
      widen(m.bytes);
      widen(m.stored_bytes);
      widen(m.local_header);
      in.skip(length - used);
      left -= 4u + length;
    }
    in.skip(comment_length);
    if (!members_.emplace(name, m).second) in.fail("names a member twice");
  }
}

ZipDirectory::Range ZipDirectory::find(const std::string& name) const {
  const auto at = members_.find(name);
  const std::string shown = printable(name);
  if (at == members_.end()) file_.fail("is a zip archive without the member '{}'", shown);
  const Member& m = at->second;
  if (m.flags & 1) file_.fail("'{}' is encrypted", shown);
  if (m.method != 0)
    file_.fail("'{}' is compressed (method {}); torch.save stores its members: unpack and pack with zip -0", shown, m.method);
  if (m.stored_bytes != m.bytes) file_.fail("'{}' is stored, yet has two sizes: {} and {}", shown, m.stored_bytes, m.bytes);
  file_.check_range(m.local_header, kLocalBytes, "a zip archive's member");
  ByteStream header(file_, m.local_header, m.local_header + kLocalBytes, "zip member");
  if (header.u32() != kLocalSignature) header.fail("has the wrong signature");
  header.skip(22);
  const uint64_t name_bytes = header.u16(), extra_bytes = header.u16();
  const uint64_t begin = header.position() + name_bytes + extra_bytes;
  file_.check_range(begin, m.bytes, "the zip archive's member '" + shown + "'");
  return {begin, begin + m.bytes};
}

std::string ZipDirectory::only_one_ending(std::string_view ending) const {
  std::string found;
  for (const auto& [name, member] : members_) {
    if (!name.ends_with(ending)) continue;
    if (!found.empty()) file_.fail("is a zip archive with several members called {}", ending);
    found = name;
  }
  if (found.empty()) file_.fail("is a zip archive, but not one that torch.save wrote: it has no {}", ending);
  return found;
}

}  // namespace cudenza
