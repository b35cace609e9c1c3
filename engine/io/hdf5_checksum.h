/// The checksum of our HDF5 files: one line of text in a block before the part that libhdf5 reads (its "user block", which h5py
/// and h5dump skip). A damaged file is detected before libhdf5 parses it.
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

/// Whether a file that begins with `head` is HDF5, with or without our checksum. 32 bytes are enough.
inline bool begins_as_hdf5(std::string_view head) {
  return head.starts_with("\x89HDF\r\n\x1a\n") || head.starts_with("cudenza checksum ");
}

/// Checksum of what follows the block.
class Checksum {
 public:
  void add(std::span<const std::byte> piece);
  /// The block for what was added.
  std::string block() const;

 private:
  ContentHasher hasher_;
  uint64_t bytes_ = 0;
};

/// Writes the checksum of what follows the block into the block. Throws DataError naming `path` if it cannot.
void seal(PosixFile&, const std::filesystem::path& path);

enum class Seal : uint8_t {
  none,
  older,     ///< from version 0.1
  verified,  ///< the content matches the checksum
};
/// Reads the whole file if it has a checksum of this version; throws DataError if the content does not match.
Seal verify_seal(const PosixFile&, const std::filesystem::path& path);

}  // namespace cudenza::hdf5
