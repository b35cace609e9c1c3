/// Record of what was written to a file, to compare with what is read back.
#pragma once
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/core/content_hash.h"
#include "engine/io/hdf5_file.h"

namespace cudenza::hdf5 {

class WriteRecord {
 public:
  /// A whole data set.
  void add(std::string_view name, const Tensor& host);
  /// Rows from `first` on; replaces what was recorded of the rows that they overwrite.
  void add_rows(std::string_view name, int64_t first, const Tensor& host);
  void add_texts(std::string_view name, std::span<const std::string>);
  void add_attribute(std::string_view object, std::string_view name, const Hdf5Attribute&);

  /// Throws DataError if the file holds anything else.
  void check(const Hdf5File&) const;

 private:
  struct Rows {
    int64_t first, count;
    ContentHash hash;
  };
  std::map<std::string, ContentHash, std::less<>> whole_, texts_;
  std::map<std::string, std::vector<Rows>, std::less<>> rows_;
  std::map<std::pair<std::string, std::string>, ContentHash> attributes_;  // by object and name
};

}  // namespace cudenza::hdf5
