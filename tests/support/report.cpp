#include "tests/support/report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace cudenza::testing {
namespace {

std::FILE* report_file() {
  static std::FILE* const file = [] {
    const char* path = std::getenv("CUDENZA_TEST_REPORT");
    const bool is_death_test_child = !GTEST_FLAG_GET(internal_run_death_test).empty();
    return path && !is_death_test_child ? std::fopen(path, "w") : nullptr;
  }();
  return file;
}

class Reporter : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& test) override { report_line("started", name_of(test)); }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    const ::testing::TestResult& result = *test.result();
    if (result.Failed()) return report_line("failed", name_of(test));
    for (int i = 0; i < result.total_part_count(); ++i) {
      if (result.GetTestPartResult(i).skipped())
        return report_line("skipped", name_of(test), reason(result.GetTestPartResult(i)));
    }
    report_line("passed", name_of(test));
  }

  static std::string name_of(const ::testing::TestInfo& test) { return std::string(test.test_suite_name()) + '.' + test.name(); }

  /// What GTEST_SKIP() was given, on one line.
  static std::string reason(const ::testing::TestPartResult& part) {
    std::string text = part.message();
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return text;
  }
};

}  // namespace

void report_tests() {
  if (!report_file()) return;
  report_line("process", program_invocation_short_name);
  ::testing::UnitTest::GetInstance()->listeners().Append(new Reporter);  // GoogleTest owns it
}

void report_line(std::string_view kind, std::string_view name, std::string_view detail) {
  std::FILE* file = report_file();
  if (!file) return;
  fmt::print(file, "{}\t{}{}{}\n", kind, name, detail.empty() ? "" : "\t", detail);
  std::fflush(file);
}

}  // namespace cudenza::testing
