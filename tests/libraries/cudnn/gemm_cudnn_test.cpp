/// gemm_gpu() on a GPU against the reference loops on the CPU.
#include <gtest/gtest.h>

#include "engine/core/gpu.h"
#include "engine/libraries/cuda/device_scope.h"
#include "engine/libraries/gemm.h"
#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

class CublasGemm : public ::testing::Test {
 protected:
  void SetUp() override { CUDENZA_NEEDS_GPU(); }
  const ExactMath exact_;

  static void expect_same(const GemmShape& s, bool with_bias) {
    SCOPED_TRACE(fmt::format("{} m {} n {} k {} transposed {}{} bias {}", s.dtype, s.m, s.n, s.k, s.transpose_a, s.transpose_b,
                             with_bias));
    const auto inputs = make_inputs({{{s.m * s.k}}, {{s.k * s.n}}, {{s.n}, Fill::normal, true, true}}, s.dtype);
    const auto on_gpu = moved(inputs, Device::cuda());
    const Tensor expected = Tensor::empty({s.m, s.n}, s.dtype), y = Tensor::empty({s.m, s.n}, s.dtype, Device::cuda());
    gemm_reference(s, inputs[0].raw(), inputs[1].raw(), expected.raw(), with_bias ? inputs[2].raw() : nullptr);
    gemm_gpu(Device::cuda(), s, on_gpu[0].raw(), on_gpu[1].raw(), y.raw(), with_bias ? on_gpu[2].raw() : nullptr);
    EXPECT_TRUE(is_close(y.to(Device::cpu()), expected, kernel_against_cpu(s.dtype)));
  }
};

TEST_F(CublasGemm, EveryTransposeTypeAndBias) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16}) {
    for (int variant = 0; variant < 8; ++variant) {
      for (const auto& [m, n, k] : {std::tuple{16, 24, 32}, {3, 5, 7}, {64, 10, 128}, {1, 1, 1}}) {
        expect_same(
            {.dtype = dtype, .m = m, .n = n, .k = k, .transpose_a = (variant & 1) != 0, .transpose_b = (variant & 2) != 0},
            (variant & 4) != 0);
      }
    }
  }
}

TEST_F(CublasGemm, AnEmptySumIsTheBias) {
  const auto bias = moved(make_inputs({{{6}, Fill::normal, true, true}}, DType::f32), Device::cuda())[0];
  const Tensor y = Tensor::full({2, 6}, 7, DType::f32, Device::cuda());
  gemm_gpu(Device::cuda(), {.m = 2, .n = 6, .k = 0}, nullptr, nullptr, y.raw(), bias.raw());
  auto expected = bias.to_vector<float>();
  expected.insert(expected.end(), expected.begin(), expected.begin() + 6);
  EXPECT_EQ(y.to_vector<float>(), expected);
}

TEST_F(CublasGemm, RefusesDoubles) {
  const Tensor y = Tensor::empty({1, 1}, DType::f32, Device::cuda());
  EXPECT_THROW(gemm_gpu(Device::cuda(), {.dtype = DType::f64, .m = 1, .n = 1, .k = 1}, y.raw(), y.raw(), y.raw(), nullptr),
               UsageError);
}

TEST(DeviceScope, AlignmentIsThatOfTheLeastAlignedArray) {
  const auto at = [](uintptr_t address) { return reinterpret_cast<const void*>(address); };
  EXPECT_EQ(alignment_of({at(256), at(512)}), 16);
  EXPECT_EQ(alignment_of({at(256), at(264)}), 8);
  EXPECT_EQ(alignment_of({at(258), at(264), nullptr}), 2);
  EXPECT_EQ(alignment_of({nullptr}), 16);
}

}  // namespace
}  // namespace cudenza::testing
