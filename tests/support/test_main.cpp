/// main() of the test programs.
#include <gtest/gtest.h>

#include "tests/support/report.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  cudenza::testing::report_tests();
  return RUN_ALL_TESTS();
}
