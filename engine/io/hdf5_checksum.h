/// The checksum of our HDF5 files: one line of text in a block of its own before what libhdf5 reads (its "user block", which
/// h5py and h5dump pass over), so that a damaged file is known before libhdf5 follows what it says.
///
///   cudenza checksum xxh3 8f2a… of 94371840 bytes
///
/// Version 0.1 wrote another hash (murmur3): its files are read without a check.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/content_hash.h"
#include "engine/core/posix_file.h"

namespace cudenza::hdf5 {

inline constexpr uint64_t kChecksumBlock = 512;  ///< bytes; the smallest that HDF5 allows

/// Whether a file that begins with `head` is HDF5, with our checksum before it or without. 32 bytes are enough.
inline bool begins_as_hdf5(std::string_view head) {
  return head.starts_with("\x89HDF\r\n\x1a\n") || head.starts_with("cudenza checksum ");
}

/// The checksum of what lies behind the block.
class Checksum {
 public:
  void add(std::span<const std::byte> piece);
  /// The block that belongs before what was added.
  std::string block() const;

 private:
  ContentHasher hasher_;
  uint64_t bytes_ = 0;
};

/// Writes the line that fits what lies behind the block. Throws DataError in the name of `path` if it cannot.
void seal(PosixFile&, const std::filesystem::path& path);

enum class Seal : uint8_t {
  none,
  older,     ///< of version 0.1
  verified,  ///< and the content has this checksum
};
/// Reads the whole file if it has a checksum of this version, and throws DataError if its content has another.
Seal verify_seal(const PosixFile&, const std::filesystem::path& path);

}  // namespace cudenza::hdf5
