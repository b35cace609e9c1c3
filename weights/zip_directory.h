/// The members of a zip archive, and where their bytes are. Only uncompressed members can be read.
#pragma once
#include <map>
#include <string>

#include "weights/file_bytes.h"

namespace cudenza {

class ZipDirectory {
 public:
  /// Reads the archive's directory (also zip64). Throws DataError if it is corrupt or names a member twice.
  explicit ZipDirectory(const FileBytes&);

  struct Range {
    uint64_t begin, end;
  };
  bool contains(const std::string& name) const { return members_.contains(name); }
  /// Position of a member's bytes in the file. Throws DataError if it is missing, compressed or encrypted.
  Range find(const std::string& name) const;
  /// The name of the only member with this ending. Throws DataError if there is none or several.
  std::string only_one_ending(std::string_view ending) const;

 private:
  struct Member {
    uint16_t flags, method;
    uint64_t stored_bytes, bytes, local_header;
  };
  void read_directory(uint64_t begin, uint64_t bytes, uint64_t count);

  const FileBytes& file_;
  std::map<std::string, Member> members_;
};

}  // namespace cudenza
