#include "engine/data/csv.h"

#include "engine/core/error.h"
#include "engine/core/regular_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class Parser {
 public:
  Parser(std::string_view text, const fs::path& file) : text_(text), file_(file) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  std::vector<CsvRow> rows() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      if (at_line_end()) end_line();
      else rows.push_back(next_row());
    }
    return rows;
  }

 private:
  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool at_line_end() const { return at_ == text_.size() || at('\n') || at('\r'); }

  void end_line() {
    if (at_ < text_.size()) at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
    ++line_;
  }

  CsvRow next_row() {
    CsvRow row{line_, {field()}};
    while (at(',')) {
      ++at_;
      row.fields.push_back(field());
    }
    end_line();
    return row;
  }

  std::string field() { return at('"') ? quoted() : plain(); }

  std::string plain() {
    const size_t begin = at_;
    while (!at(',') && !at_line_end()) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string quoted() {
    const int begin_line = line_;
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        if (!at('"')) return end_of_quoted(std::move(value));
      }
      line_ += text_[at_] == '\n' || (text_[at_] == '\r' && !text_.substr(at_).starts_with("\r\n"));
      value += text_[at_];
    }
    throw DataError(fmt::format("{}:{}: a quote is opened and never closed; write a quote within a field as two", file_.string(),
                                begin_line));
  }

  std::string end_of_quoted(std::string value) const {
    if (at(',') || at_line_end()) return value;
    throw DataError(fmt::format("{}:{}: '{}' follows a closing quote; quote the whole field, and write a quote within it as two",
                                file_.string(), line_, text_[at_]));
  }

  std::string_view text_;
  const fs::path& file_;
  size_t at_ = 0;
  int line_ = 1;
};

std::string line_of(const std::string* begin, const std::string* end) {
  std::string line;
  for (const std::string* field = begin; field != end; ++field) {
    if (field != begin) line += ',';
    // Unquoted, an empty line would not be read back as one empty field, and a byte order mark would be skipped.
    const bool must_quote = field->find_first_of(",\"\r\n") != std::string::npos || (field->empty() && end - begin == 1) ||
                            field->starts_with(kByteOrderMark);
    if (!must_quote) {
      line += *field;
      continue;
    }
    line += '"';
    for (const char c : *field) line += c == '"' ? std::string(2, c) : std::string(1, c);
    line += '"';
  }
  return line + '\n';
}

}  // namespace

std::vector<CsvRow> parse_csv(std::string_view text, const fs::path& file) { return Parser(text, file).rows(); }

std::vector<CsvRow> read_csv(const fs::path& path) { return parse_csv(read_text(path), path); }

std::string csv_line(std::span<const std::string> fields) { return line_of(fields.data(), fields.data() + fields.size()); }
std::string csv_line(std::initializer_list<std::string> fields) { return line_of(fields.begin(), fields.end()); }

}  // namespace cudenza
