/// The tests of tests/simt, which this program holds too, run under a race detector each.
#include <gtest/gtest.h>

#include <memory>

#include "kernels/simt/races.h"

namespace cudenza::testing {
namespace {

class Watch : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& test) override {
    const std::string suite = test.test_suite_name();
    if (suite != "Races" && suite.find("OpWithoutRaces") == suite.npos) races_ = std::make_unique<simt::RaceDetector>();
  }
  void OnTestEnd(const ::testing::TestInfo&) override {
    if (!races_) return;
    EXPECT_GE(races_->accesses(), races_->launches()) << "the kernels are not those that are traced";
    races_.reset();
  }

  std::unique_ptr<simt::RaceDetector> races_;
};

const bool is_watching = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new Watch);
  return true;
}();

TEST(Watched, ListensToTheOtherTests) { EXPECT_TRUE(is_watching); }

}  // namespace
}  // namespace cudenza::testing
