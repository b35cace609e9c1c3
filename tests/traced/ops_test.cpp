/// Every kernel that an op's cases run, forward and backward, without a race and without reads of what nothing wrote.
#include <gtest/gtest.h>

#include "kernels/simt/races.h"
#include "kernels/simt/unwritten.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

class TracedOp : public ::testing::TestWithParam<OpCase> {};

TEST_P(TracedOp, IsOrderedAndReadsWhatWasWritten) {
  const OpCase& op_case = GetParam();
  if (!op_case.has_kernel) GTEST_SKIP() << "served by a library on a GPU";
  simt::RaceDetector races;
  const simt::UnwrittenDetector unwritten;
  for (const DType dtype : op_case.dtypes) {
    SCOPED_TRACE(fmt::format("{}", dtype));
    EXPECT_NO_THROW(run_case(op_case, moved(make_inputs(op_case.inputs, dtype), Device::cuda())));
  }
  EXPECT_GE(races.accesses(), races.launches()) << "the kernels are not those that are traced";
}

INSTANTIATE_TEST_SUITE_P(All, TracedOp, ::testing::ValuesIn(all_op_cases()), test_name);

}  // namespace
}  // namespace cudenza::testing
