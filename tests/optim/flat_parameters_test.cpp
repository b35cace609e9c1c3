#include "engine/optim/flat_parameters.h"

#include <gtest/gtest.h>

#include "engine/ops/softmax_xent.h"

namespace cudenza {
namespace {

Tensor numbered(int64_t count, float first) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return Tensor::from(values, {count});
}

TEST(FlatParameters, TensorsBecomeSlices) {
  const Tensor a = numbered(5, 10), b = numbered(17, 100), copy_of_a = a;
  const FlatParameters parameters({{"body", {{"a", a}}}, {"head", {{"b", b}}}});
  EXPECT_EQ(parameters.values().numel(), 16 + 32);
  EXPECT_EQ(parameters.parameter_count(), 22);
  EXPECT_EQ(a.raw(), parameters.values().raw());
  EXPECT_EQ(b.raw(), parameters.values().data<float>() + 16);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b.raw()) % 64, 0u);
  EXPECT_EQ(a.to_vector<float>(), numbered(5, 10).to_vector<float>());
  parameters.values().span<float>()[4] = -1;
  EXPECT_EQ(a.span<float>()[4], -1);
  EXPECT_EQ(copy_of_a.span<float>()[4], -1);  // copies made before are the same slice
  for (int i = 5; i < 16; ++i) EXPECT_EQ(parameters.values().span<float>()[i], 0) << "padding " << i;
}

TEST(FlatParameters, BackwardWritesIntoTheFlatGradient) {
  const Tensor other = numbered(3, 1), logits = Tensor::from(std::vector<float>{0, 0}, {1, 2});
  const FlatParameters parameters({{"all", {{"other", other}, {"logits", logits}}}});
  const Tensor label = Tensor::from(std::vector<int64_t>{0}, {1});
  for (int i = 0; i < 2; ++i) softmax_cross_entropy(logits, label).backward();
  const auto g = parameters.gradients().span<float>();
  EXPECT_EQ(g[0], 0);
  EXPECT_EQ(g[16], -1);  // twice softmax - 1
  EXPECT_EQ(g[17], 1);
  parameters.zero_grad();
  EXPECT_EQ(logits.grad().to_vector<float>(), std::vector<float>(2, 0.0f));
}

TEST(FlatParameters, SectionsAreWeightsNormsBiasesOfEachGroup) {
  const Tensor beta = numbered(4, 0), w1 = numbered(20, 0), bias = numbered(1, 0), w2 = numbered(2, 0), head = numbered(3, 0);
  const FlatParameters parameters({
      {"body", {{"beta", beta, ParameterKind::norm}, {"w1", w1}, {"bias", bias, ParameterKind::bias}, {"w2", w2}}},
      {"empty", {}},
      {"head", {{"head", head}}},
  });
  const auto& sections = parameters.sections();
  ASSERT_EQ(sections.size(), 4u);
  const int64_t begins[] = {0, 48, 64, 80}, ends[] = {48, 64, 80, 96};
  const ParameterKind kinds[] = {ParameterKind::weight, ParameterKind::norm, ParameterKind::bias, ParameterKind::weight};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(sections[i].begin, begins[i]);
    EXPECT_EQ(sections[i].end, ends[i]);
    EXPECT_EQ(sections[i].kind, kinds[i]);
    EXPECT_EQ(sections[i].group, i < 3 ? 0 : 2);
  }
  ASSERT_EQ(parameters.slices().size(), 5u);
  EXPECT_EQ(parameters.slices()[1].name, "w2");
  EXPECT_EQ(parameters.slices()[1].begin, 32);
}

TEST(FlatParameters, RefusesWhatCannotBeFlat) {
  const Tensor a = numbered(3, 0);
  EXPECT_THROW(FlatParameters({{"all", {{"a", a}, {"again", a}}}}), UsageError);
  EXPECT_THROW(FlatParameters({{"all", {{"half", Tensor::zeros({2}, DType::bf16)}}}}), UsageError);
  EXPECT_THROW(FlatParameters({{"all", {{"none", Tensor()}}}}), UsageError);
  EXPECT_THROW(FlatParameters(std::vector<ParameterGroup>{}), UsageError);
}

}  // namespace
}  // namespace cudenza
