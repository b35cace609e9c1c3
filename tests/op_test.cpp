/// Proofs 1, 2, 4 and 6 of every OpCase (tests/support/op_case.h).
#include <gtest/gtest.h>

#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/reference_kernels.h"
#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"
#include "tests/support/op_case.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

class Op : public ::testing::TestWithParam<OpCase> {};

/// Sum of the first result's elements times the fixed weights that run_case() uses.
double weighted_sum(const OpCase& op_case, const std::vector<Tensor>& inputs, const std::vector<double>& weights) {
  NoGrad no_grad;
  const auto y = op_case.run(inputs).at(0).to_vector<double>();
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += y[i] * weights[i];
  return sum;
}

Outcome by_reference(const OpCase& op_case, const std::vector<Tensor>& inputs) {
  const ReferenceKernels reference;
  return run_case(op_case, moved(inputs, Device::cpu()));
}

TEST_P(Op, GradientEqualsCentralDifferences) {
  const OpCase& op_case = GetParam();
  if (!op_case.has_gradient || !op_case.has_f64) GTEST_SKIP() << "has no f64 gradient";
  const auto inputs = make_inputs(op_case.inputs, DType::f64);
  const Outcome analytic = run_case(op_case, inputs);
  const auto weights = output_weights(analytic.results[0].numel());
  size_t k = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) continue;
    const Tensor numeric = Tensor::empty(inputs[i].shape(), DType::f64);
    const auto elements = inputs[i].span<double>();
    for (size_t j = 0; j < elements.size(); ++j) {
      const double here = elements[j];
      elements[j] = here + kGradientStep;
      const double above = weighted_sum(op_case, inputs, weights);
      elements[j] = here - kGradientStep;
      const double below = weighted_sum(op_case, inputs, weights);
      elements[j] = here;
      numeric.span<double>()[j] = (above - below) / (2 * kGradientStep);
    }
    EXPECT_TRUE(is_close(analytic.gradients.at(k++), numeric, kGradient)) << "gradient of input " << i;
  }
}

TEST_P(Op, LowerPrecisionFollowsF64) {
  const OpCase& op_case = GetParam();
  if (!op_case.has_f64) GTEST_SKIP() << "has no f64 version";
  for (const DType dtype : op_case.dtypes) {
    SCOPED_TRACE(name_of(dtype));
    const auto inputs = make_inputs(op_case.inputs, dtype);
    const Outcome exact = run_case(op_case, converted(inputs, op_case.inputs, DType::f64));
    expect_same_outcome(op_case, run_case(op_case, inputs), exact, against_f64(dtype));
  }
}

TEST_P(Op, GpuEqualsCpu) {
  const OpCase& op_case = GetParam();
  CUDENZA_NEEDS_GPU();
  const ExactMath exact;  // no TF32: the tolerances are those of f32
  for (const DType dtype : op_case.dtypes) {
    SCOPED_TRACE(name_of(dtype));
    const auto inputs = make_inputs(op_case.inputs, dtype);
    const Outcome on_gpu = run_case(op_case, moved(inputs, Device::cuda()));
    expect_same_outcome(op_case, on_gpu, by_reference(op_case, inputs), kernel_against_cpu(dtype));
  }
}

/// Larger ones are there for stores past the cache, which are the same for both types of 16 bits.
constexpr int64_t kMostInF16 = int64_t{1} << 22;

TEST_P(Op, FastPathEqualsReference) {
  const OpCase& op_case = GetParam();
  std::vector<std::vector<Input>> all = op_case.special;
  all.push_back(op_case.inputs);
  for (const auto& specs : all) {
    for (const DType dtype : op_case.dtypes) {
      if (dtype == DType::f16 && specs[0].shape.numel() > kMostInF16) continue;
      SCOPED_TRACE(fmt::format("{} of {}", dtype, specs[0].shape));
      const auto inputs = make_inputs(specs, dtype);
      const Outcome reference = by_reference(op_case, inputs);
      const ThreadCount three(3);  // whatever the machine has: pieces of the work that end anywhere
      expect_same_outcome(op_case, run_case(op_case, misaligned(inputs)), reference,
                          op_case.same_bits ? Tolerance{0, 0} : cpu_against_reference(dtype));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Op, ::testing::ValuesIn(all_op_cases()), test_name);

}  // namespace
}  // namespace cudenza::testing
