/// The tests of tests/simt, which this program holds too, run under both detectors each.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kernels/simt/races.h"
#include "kernels/simt/unwritten.h"
#include "tests/profile/measured.h"
#include "tests/support/report.h"

namespace cudenza::testing {
namespace {

class Watch : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& test) override {
    const std::string suite = test.test_suite_name();
    for (const char* own : {"Races", "Unwritten", "Profiler", "TracedOp", "Floors"})
      if (suite.find(own) != suite.npos) return;
    races_ = std::make_unique<simt::RaceDetector>();
    unwritten_ = std::make_unique<simt::UnwrittenDetector>();
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    if (!races_) return;
    EXPECT_GE(races_->accesses(), races_->launches()) << "the kernels are not those that are traced";
    races_.reset();
    unwritten_.reset();
  }

  void OnTestProgramEnd(const ::testing::UnitTest&) override {
    for (const std::string& kernel : simt::kernels_run()) report_line("kernel", bare_name(kernel));
  }

  std::unique_ptr<simt::RaceDetector> races_;
  std::unique_ptr<simt::UnwrittenDetector> unwritten_;
};

const bool is_watching = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new Watch);
  return true;
}();

TEST(Watched, ListensToTheOtherTests) { EXPECT_TRUE(is_watching); }

}  // namespace
}  // namespace cudenza::testing
