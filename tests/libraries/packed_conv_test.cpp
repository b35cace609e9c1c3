/// Packed convolutions against the reference loops: every kind, over types, shapes and epilogues.
#include "engine/libraries/packed_conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"
#include "tests/support/conv_shapes.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

/// Shapes at random: pixels, filters and channels that fill blocks, panels and words, and such that do not.
std::vector<ConvShape> shapes_at_random() {
  std::mt19937 random(7);
  const auto from = [&](int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random); };
  std::vector<ConvShape> shapes;
  while (shapes.size() < 60) {
    const ConvShape s{.batch = from(1, 4),
                      .height = from(1, 31),
                      .width = from(1, 31),
                      .in_channels = from(1, 70),
                      .out_channels = from(1, 100),
                      .kernel_h = from(1, 5),
                      .kernel_w = from(1, 5),
                      .stride = from(1, 3),
                      .pad = from(0, 4)};
    if (s.height + 2 * s.pad >= s.kernel_h && s.width + 2 * s.pad >= s.kernel_w) shapes.push_back(s);
  }
  return shapes;
}

std::vector<ConvShape> all_shapes() {
  std::vector<ConvShape> all = shapes_of_layers();
  for (const auto& more : {shapes_of_winograd(), shapes_at_random()}) all.insert(all.end(), more.begin(), more.end());
  all.push_back(conv_of_linear(DType::f32, 1, 300, 10));
  all.push_back(conv_of_linear(DType::f32, 70, 64, 96));
  // filters beyond a core's cache, and rows of which it holds a few
  all.push_back(
      {.batch = 3, .height = 5, .width = 5, .in_channels = 512, .out_channels = 160, .kernel_h = 3, .kernel_w = 3, .pad = 1});
  all.push_back(
      {.batch = 1, .height = 40, .width = 60, .in_channels = 96, .out_channels = 33, .kernel_h = 3, .kernel_w = 3, .pad = 1});
  // pictures: windows that begin at whole words, rows that end within one
  for (const int64_t stride : {2, 4})
    all.push_back({.batch = 2,
                   .height = 19,
                   .width = 21,
                   .in_channels = 3,
                   .out_channels = 40,
                   .kernel_h = 7,
                   .kernel_w = 7,
                   .stride = stride,
                   .pad = 3});
  return all;
}

class PackedConvs : public ::testing::TestWithParam<DType> {
 protected:
  /// Calls check(packed, shape, operands) for each shape and kind.
  template <class F> void for_each(const std::vector<ConvShape>& shapes, F&& check) {
    for (ConvShape s : shapes) {
      s.dtype = GetParam();
      const ConvOperands operands(s);
      for (const PackedKind kind : packed_kinds(s)) {
        SCOPED_TRACE(fmt::format("{} {}", s.text(), name_of(kind)));
        check(PackedConv(s, kind, operands.w.raw()), s, operands);
      }
    }
  }
};

Tensor result_of(const PackedConv& conv, const ConvShape& s, const ConvOperands& o, const ConvEpilogue& e = {}) {
  const Tensor y = Tensor::full(o.y.shape(), NAN, s.dtype);
  conv.forward(s, o.x.raw(), y.raw(), e);
  return y;
}

/// The epilogue by plain loops, in f64.
Tensor finished(const Tensor& sums, const ConvOperands& o, const ConvEpilogue& e) {
  const Tensor y = sums.clone();
  const std::vector<double> bias = o.bias.to_vector<double>(), residual = o.y.to_vector<double>();
  double* const v = y.data<double>();
  for (size_t i = 0; i < residual.size(); ++i) {
    if (e.bias) v[i] += bias[i % bias.size()];
    if (e.residual) v[i] += residual[i];
    if (e.relu && v[i] < 0) v[i] = 0;
  }
  return y;
}

TEST_P(PackedConvs, EqualTheReferenceWithEveryEpilogue) {
  Tensor sums;  // of the last shape: its kinds follow each other
  std::string of_shape;
  for_each(all_shapes(), [&](const PackedConv& conv, const ConvShape& s, const ConvOperands& o) {
    ConvShape wide = s;
    wide.dtype = DType::f64;
    if (of_shape != s.text()) {
      const ConvOperands wide_o = o.to(wide.dtype);
      sums = like(wide_o.y);
      conv_reference().forward(wide, wide_o.x.raw(), wide_o.w.raw(), sums.raw());
      of_shape = s.text();
    }
    for (int parts = 0; parts < 8; ++parts) {
      SCOPED_TRACE(fmt::format("bias {} residual {} relu {}", parts & 1, parts >> 1 & 1, parts >> 2));
      const ConvEpilogue epilogue{
          .bias = parts & 1 ? o.bias.raw() : nullptr, .residual = parts & 2 ? o.y.raw() : nullptr, .relu = (parts & 4) != 0};
      EXPECT_TRUE(is_close(result_of(conv, s, o, epilogue), finished(sums, o, epilogue), against_f64(s.dtype),
                           conv.kind() == PackedKind::direct ? 1 : 2));
    }
  });
}

TEST_P(PackedConvs, GiveTheSameBitsOnAnyNumberOfThreads) {
  for_each(all_shapes(), [&](const PackedConv& conv, const ConvShape& s, const ConvOperands& o) {
    const Tensor alone = [&] {
      const ThreadCount one(1);
      return result_of(conv, s, o);
    }();
    for (const int threads : {2, 3, 7}) {
      const ThreadCount some(threads);
      EXPECT_TRUE(is_same(result_of(conv, s, o), alone)) << threads << " threads";
    }
  });
}

TEST_P(PackedConvs, GiveAPictureTheSameBitsAloneAndInABatch) {
  for_each(all_shapes(), [&](const PackedConv& conv, const ConvShape& s, const ConvOperands& o) {
    const Tensor all = result_of(conv, s, o);
    ConvShape one = s;
    one.batch = 1;
    for (const int64_t n : {int64_t{0}, s.batch / 2, s.batch - 1}) {
      ConvOperands part = o;
      part.x = o.x[n].view({1, s.height, s.width, s.in_channels});
      part.y = o.y[n].view({1, s.out_height(), s.out_width(), s.out_channels});
      EXPECT_TRUE(is_same(result_of(conv, one, part), all[n].view(part.y.shape()))) << "picture " << n;
    }
  });
}

TEST_P(PackedConvs, AddAResidualThatIsTheResult) {
  for_each(shapes_of_layers(), [&](const PackedConv& conv, const ConvShape& s, const ConvOperands& o) {
    const Tensor y = o.y.clone();
    conv.forward(s, o.x.raw(), y.raw(), {.residual = y.raw()});
    EXPECT_TRUE(is_same(y, result_of(conv, s, o, {.residual = o.y.raw()})));
  });
}

// What is not finite stays in the outputs whose windows see it; Winograd's tiles spread it (kernels/winograd/winograd.h).
TEST_P(PackedConvs, KeepNaNWhereItIs) {
  for_each(all_shapes(), [&](const PackedConv& conv, const ConvShape& s, const ConvOperands& o) {
    if (conv.kind() != PackedKind::direct) return;
    const Tensor x = o.x.to(DType::f32).clone();
    x.span<float>()[static_cast<size_t>(x.numel() / 2)] = NAN;
    ConvOperands bad = o;
    bad.x = x.to(s.dtype);
    const Tensor expected = like(o.y);
    conv_reference().forward(s, bad.x.raw(), o.w.raw(), expected.raw(), {.relu = true});
    const auto is_nan = [](float v) { return std::isnan(v); };
    const std::vector<float> y = result_of(conv, s, bad, {.relu = true}).to_vector<float>(), want = expected.to_vector<float>();
    EXPECT_TRUE(std::ranges::equal(y, want, {}, is_nan, is_nan));
  });
}

INSTANTIATE_TEST_SUITE_P(Types, PackedConvs, ::testing::Values(DType::f32, DType::bf16),
                         [](const auto& c) { return std::string(name_of(c.param)); });

constexpr ConvShape kSmall{
    .batch = 1, .height = 28, .width = 28, .in_channels = 64, .out_channels = 64, .kernel_h = 3, .kernel_w = 3, .pad = 1};

TEST(PackedKind, IsARuleOfTheShapeAlone) {
  EXPECT_EQ(packed_kind(kSmall), PackedKind::winograd);
  const auto with = [](auto change) {
    ConvShape s = kSmall;
    change(s);
    return packed_kind(s);
  };
  EXPECT_EQ(with([](ConvShape& s) { s.stride = 2; }), PackedKind::direct);
  EXPECT_EQ(with([](ConvShape& s) { s.height = s.width = 7; }), PackedKind::direct);
  EXPECT_EQ(with([](ConvShape& s) { s.in_channels = 3; }), PackedKind::direct);
  for (const DType t : {DType::f16, DType::f64}) {
    ConvShape s = kSmall;
    s.dtype = t;
    EXPECT_TRUE(packed_kinds(s).empty());
    EXPECT_THROW(packed_kind(s), UsageError);
  }
}

}  // namespace
}  // namespace cudenza::testing
