#include "engine/data/csv.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(fields_of("a\rb"), (std::vector<Fields>{{"a\rb"}}));
  EXPECT_TRUE(fields_of("").empty());
  EXPECT_TRUE(fields_of("\n\n").empty());
}

TEST(Csv, LinesAreCountedThroughQuotedBreaks) {
  const auto rows = parse_csv("a\n\n\"b\nb\",1\nc\n", "t.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].line, 1);
  EXPECT_EQ(rows[1].line, 3);
  EXPECT_EQ(rows[2].line, 5);
}

TEST(Csv, BrokenQuotesAreNamedWithTheirLine) {
  const auto message = [](std::string_view text) { return error_of<DataError>([&] { parse_csv(text, "t.csv"); }); };
  EXPECT_TRUE(has(message("a\n\"b\nc\n"), "t.csv:2: a quote is opened and never closed"));
  EXPECT_TRUE(has(message("a\n\"b\nb\"c\n"), "t.csv:3: 'c' follows a closing quote"));
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const std::vector<Fields> all = {{""}, {"a,b", "\"", "\r\n", " x ", ""}, {"", ""}, {"plain"}};
  std::string text;
  for (const Fields& fields : all) text += csv_line(fields);
  EXPECT_EQ(fields_of(text), (std::vector<Fields>{{"a,b", "\"", "\r\n", " x ", ""}, {"", ""}, {"plain"}}))
      << "an empty field alone is no row";
  EXPECT_EQ(csv_line({"a", "b c", "1"}), "a,b c,1\n");
  EXPECT_EQ(csv_line({"a,b", "c"}), "\"a,b\",c\n");
}

TEST(Csv, FilesThatCannotBeReadAreNamed) {
  const ScratchFolder folder;
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv(folder / "none.csv"); }), "none.csv: cannot be read: No such file"));
  EXPECT_TRUE(has(error_of<DataError>([&] { read_csv(folder.path()); }), "is a folder"));
  write_file(folder / "x.csv", "a,b\n");
  EXPECT_EQ(read_csv(folder / "x.csv")[0].fields, (Fields{"a", "b"}));
}

}  // namespace
}  // namespace cudenza::testing
