/// Comma-separated values (RFC 4180): fields may be quoted; quoted fields may hold commas, doubled quotes and line breaks.
#pragma once
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

struct CsvRow {
  int line = 0;  ///< where it begins in the file, from 1
  std::vector<std::string> fields;
};

/// The rows of a text without empty lines. Lines end with LF, CRLF or CR; a byte order mark is skipped. Throws DataError naming
/// `file` and the line if a quote is not closed or text follows a closing one.
std::vector<CsvRow> parse_csv(std::string_view text, const std::filesystem::path& file);
/// The same from a file. Throws DataError if it cannot be read to its end or is no regular file.
std::vector<CsvRow> read_csv(const std::filesystem::path&);

/// One line with its end (LF), quoted where needed: fields of any bytes are read back unchanged.
std::string csv_line(std::span<const std::string> fields);
std::string csv_line(std::initializer_list<std::string> fields);

}  // namespace cudenza
