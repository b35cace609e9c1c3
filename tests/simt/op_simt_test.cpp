/// Proof 3 of every OpCase: the kernels' own source, run on the host in three thread orders, against the reference.
#include <gtest/gtest.h>

#include "engine/core/reference_kernels.h"
#include "kernels/simt/simt.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

class OpOnSimt : public ::testing::TestWithParam<OpCase> {};

TEST_P(OpOnSimt, KernelSourceEqualsReference) {
  const OpCase& op_case = GetParam();
  if (!op_case.has_kernel) GTEST_SKIP() << "served by a library on a GPU";
  for (const DType dtype : op_case.dtypes) {
    const auto inputs = make_inputs(op_case.inputs, dtype);
    const Outcome expected = [&] {
      const ReferenceKernels reference;
      return run_case(op_case, moved(inputs, Device::cpu()));
    }();
    for (const auto& [order, name] :
         {std::pair{simt::Order::kForward, "forward"}, {simt::Order::kReverse, "reverse"}, {simt::Order::kRandom, "random"}}) {
      SCOPED_TRACE(fmt::format("{}, {} order", dtype, name));
      simt::set_order(order);
      expect_same_outcome(op_case, run_case(op_case, moved(inputs, Device::cuda())), expected, kernel_against_cpu(dtype));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OpOnSimt, ::testing::ValuesIn(all_op_cases()), test_name);

}  // namespace
}  // namespace cudenza::testing
