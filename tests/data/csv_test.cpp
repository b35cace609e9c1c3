#include "engine/data/csv.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "engine/core/error.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {

using Fields = std::vector<std::string>;

std::vector<Fields> fields_of(std::string_view text) {
  std::vector<Fields> all;
  for (const CsvRow& row : parse_csv(text, "t.csv")) all.push_back(row.fields);
  return all;
}

TEST(Csv, PlainAndQuotedFields) {
  EXPECT_EQ(fields_of("path,label\na.wav,blues\n"), (std::vector<Fields>{{"path", "label"}, {"a.wav", "blues"}}));
  EXPECT_EQ(fields_of("\"a, b\",\"say \"\"x\"\"\",\"two\nlines\""), (std::vector<Fields>{{"a, b", "say \"x\"", "two\nlines"}}));
  EXPECT_EQ(fields_of("a,,c\n,\n"), (std::vector<Fields>{{"a", "", "c"}, {"", ""}}));
  EXPECT_EQ(fields_of("5\" disc,x"), (std::vector<Fields>{{"5\" disc", "x"}}));
}

TEST(Csv, MarksLineEndsAndEmptyLinesOfOtherSystems) {
  EXPECT_EQ(fields_of("\xEF\xBB\xBFpath,label\r\n\r\na,b\r\n\"c\",d\r"),
            (std::vector<Fields>{{"path", "label"}, {"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(fields_of("path,label\ra,b\r\r\"c\rc\",d\r"), (std::vector<Fields>{{"path", "label"}, {"a", "b"}, {"c\rc", "d"}}));
  EXPECT_TRUE(fields_of("").empty());
  EXPECT_TRUE(fields_of("\n\n").empty());
}

TEST(Csv, LinesAreCountedThroughQuotedBreaks) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto rows = parse_csv(fmt::format("a{0}{0}\"b{0}b\",1{0}c{0}", end), "t.csv");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].line, 1);
    EXPECT_EQ(rows[1].line, 3);
    EXPECT_EQ(rows[2].line, 5);
  }
}

TEST(Csv, BrokenQuotesAreNamedWithTheirLine) {
  const auto message = [](std::string_view text) { return error_of<DataError>([&] { parse_csv(text, "t.csv"); }); };
  EXPECT_TRUE(has(message("a\n\"b\nc\n"), "t.csv:2: a quote is opened and never closed"));
  EXPECT_TRUE(has(message("a\n\"b\nb\"c\n"), "t.csv:3: 'c' follows a closing quote"));
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const std::vector<Fields> all = {{"\xEF\xBB\xBF"}, {""}, {"a,b", "\"", "\r\n", " x ", ""}, {"", ""}, {"plain"}};
  std::string text;
  for (const Fields& fields : all) text += csv_line(fields);
  EXPECT_EQ(fields_of(text), all);
  EXPECT_EQ(csv_line({"a", "b c", "1"}), "a,b c,1\n");
  EXPECT_EQ(csv_line({"a,b", "c"}), "\"a,b\",c\n");
}

TEST(Csv, FieldsOfAnyBytesAreReadBack) {
  std::mt19937 random(1);
  const auto any = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  constexpr std::string_view kTelling = "\",\r\n \xEF\xBB\xBF";  // often, since these are what can go wrong
  std::vector<Fields> all(300);
  std::string text;
  for (Fields& fields : all) {
    fields.resize(static_cast<size_t>(1 + any(4)));
    for (std::string& field : fields) {
      field.resize(static_cast<size_t>(any(12)));
      for (char& c : field) c = any(2) ? kTelling[static_cast<size_t>(any(8))] : static_cast<char>(any(256));
    }
    text += csv_line(fields);
  }
  EXPECT_EQ(fields_of(text), all);
}

TEST(Csv, FilesThatCannotBeReadAreNamed) {
  const ScratchFolder folder;
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv(folder / "none.csv"); }), "none.csv: cannot be read: No such file"));
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv(folder.path()); }), "is a folder, not a file"));
  // Its reading fails at the first byte: what was not read must not look like the end.
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv("/proc/self/mem"); }), "/proc/self/mem: cannot be read: Input/output"));
  ASSERT_EQ(mkfifo((folder / "pipe.csv").c_str(), 0600), 0);
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv(folder / "pipe.csv"); }), "pipe.csv: is a pipe, not a file"));
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv("/dev/zero"); }), "/dev/zero: is a device, not a file"));
  write_file(folder / "x.csv", "a,b\n");
  EXPECT_EQ(read_csv(folder / "x.csv")[0].fields, (Fields{"a", "b"}));
}

}  // namespace
}  // namespace cudenza::testing
