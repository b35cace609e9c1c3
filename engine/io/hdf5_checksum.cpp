#include "engine/io/hdf5_checksum.h"

#include <cstring>
#include <string>
#include <vector>

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {
namespace fs = std::filesystem;
namespace {

size_t read_piece(const PosixFile& file, const fs::path& path, uint64_t at, std::span<std::byte> to) {
  size_t got = 0;
  const int status = file.read(at, to, got);
  if (status != 0) fail(path, "cannot be read: {}", std::strerror(status));
  return got;
}

/// The block with the checksum of what follows it in the file.
std::string fitting_block(const PosixFile& file, const fs::path& path) {
  std::vector<std::byte> piece(size_t{1} << 18);
  Checksum checksum;
  uint64_t at = kChecksumBlock;
  while (const size_t got = read_piece(file, path, at, piece)) {
    checksum.add({piece.data(), got});
    at += got;
  }
  return checksum.block();
}

std::string block_of(const PosixFile& file, const fs::path& path) {
  std::string block(kChecksumBlock, '\0');
  block.resize(read_piece(file, path, 0, std::as_writable_bytes(std::span(block))));
  return block;
}

}  // namespace

void Checksum::add(std::span<const std::byte> piece) {
  hasher_.add(piece);
  bytes_ += piece.size();
}

std::string Checksum::block() const {
  std::string block = fmt::format("cudenza checksum xxh3 {} of {} bytes\n", hasher_.finish().text(), bytes_);
  block.resize(kChecksumBlock, '\0');
  return block;
}

void seal(PosixFile& file, const fs::path& path) {
  const std::string block = fitting_block(file, path);
  if (const int status = file.write(0, std::as_bytes(std::span(block))); status != 0)
    fail(path, "cannot be written: {}", std::strerror(status));
  if (block_of(file, path) != block) fail(path, "cannot be written: what was written is not what is read");
}

Seal verify_seal(const PosixFile& file, const fs::path& path) {
  const std::string block = block_of(file, path);
  if (block.starts_with("cudenza checksum murmur3 ")) return Seal::older;
  // Either half of the line is enough: the other may be damaged.
  if (!block.starts_with("cudenza") && block.find("checksum xxh3") == std::string::npos) return Seal::none;
  if (block != fitting_block(file, path))
    fail(path,
         "is damaged or cut off: it does not have the checksum that it was written with; take another copy, or make it anew");
  return Seal::verified;
}

}  // namespace cudenza::hdf5
