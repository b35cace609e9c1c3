/// oneDNN and Winograd's algorithm against the reference loops: all three functions of a convolution, over types, shapes and
/// epilogues.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "engine/libraries/conv.h"
#include "engine/libraries/math_mode.h"
#include "engine/libraries/onednn/primitives.h"
#include "tests/support/compare.h"
#include "tests/support/conv_shapes.h"
#include "tests/support/network_convs.h"

namespace cudenza::testing {
namespace {

/// f32 is held against sums in f64: Winograd's algorithm rounds otherwise than plain sums in f32, of which none is the right one.
DType type_of_reference(DType t) { return t == DType::f32 ? DType::f64 : t; }

struct Case {
  const ConvBackend& (*backend)();
  std::vector<ConvShape> (*shapes)();
  DType dtype;
  double rounding;  ///< how much coarser than that of plain sums
};

class CpuConv : public ::testing::TestWithParam<Case> {
 protected:
  /// Calls check(shape, the reference's shape, operands, the reference's operands) for each shape in the type of this run.
  template <class F> void for_each_shape(F&& check) {
    for (ConvShape s : GetParam().shapes()) {
      s.dtype = GetParam().dtype;
      ASSERT_TRUE(backend().supports(s)) << s.text();
      SCOPED_TRACE(s.text());
      ConvShape wide = s;
      wide.dtype = type_of_reference(s.dtype);
      const ConvOperands operands(s);
      check(s, wide, operands, operands.to(wide.dtype));
    }
  }
  const ConvBackend& backend() const { return GetParam().backend(); }
  ::testing::AssertionResult is_right(const Tensor& result, const Tensor& expected) const {
    const auto [backend, shapes, t, rounding] = GetParam();
    return is_close(result, expected, t == DType::f32 ? against_f64(t) : kernel_against_cpu(t), rounding);
  }
};

TEST_P(CpuConv, ForwardEqualsReferenceWithEveryEpilogue) {
  for_each_shape([&](const ConvShape& s, const ConvShape& wide, const ConvOperands& o, const ConvOperands& wide_o) {
    for (int parts = 0; parts < 8; ++parts) {
      SCOPED_TRACE(fmt::format("bias {} residual {} relu {}", parts & 1, parts >> 1 & 1, parts >> 2));
      const auto forward = [parts](const ConvBackend& conv, const ConvShape& shape, const ConvOperands& in) {
        const Tensor y = like(in.y);
        conv.forward(shape, in.x.raw(), in.w.raw(), y.raw(),
                     {.bias = parts & 1 ? in.bias.raw() : nullptr,
                      .residual = parts & 2 ? in.y.raw() : nullptr,
                      .relu = (parts & 4) != 0});
        return y;
      };
      EXPECT_TRUE(is_right(forward(backend(), s, o), forward(conv_reference(), wide, wide_o)));
    }
  });
}

TEST_P(CpuConv, ResidualMayBeTheResultItself) {
  for_each_shape([&](const ConvShape& s, const ConvShape& wide, const ConvOperands& o, const ConvOperands& wide_o) {
    const auto in_place = [](const ConvBackend& conv, const ConvShape& shape, const ConvOperands& in) {
      const Tensor y = in.y.clone();
      conv.forward(shape, in.x.raw(), in.w.raw(), y.raw(), {.residual = y.raw()});
      return y;
    };
    const Tensor apart = like(wide_o.y);
    conv_reference().forward(wide, wide_o.x.raw(), wide_o.w.raw(), apart.raw(), {.residual = wide_o.y.raw()});
    EXPECT_TRUE(is_right(in_place(backend(), s, o), apart));
    EXPECT_TRUE(is_close(in_place(conv_reference(), wide, wide_o), apart, {0, 0}));
  });
}

TEST_P(CpuConv, BackwardDataEqualsReference) {
  for_each_shape([&](const ConvShape& s, const ConvShape& wide, const ConvOperands& o, const ConvOperands& wide_o) {
    const Tensor dx = like(o.x), expected = like(wide_o.x);
    backend().backward_data(s, o.y.raw(), o.w.raw(), dx.raw());
    conv_reference().backward_data(wide, wide_o.y.raw(), wide_o.w.raw(), expected.raw());
    EXPECT_TRUE(is_right(dx, expected));
  });
}

TEST_P(CpuConv, BackwardWeightsEqualsReference) {
  for_each_shape([&](const ConvShape& s, const ConvShape& wide, const ConvOperands& o, const ConvOperands& wide_o) {
    const Tensor dw = like(o.w), expected = like(wide_o.w);
    backend().backward_weights(s, o.x.raw(), o.y.raw(), dw.raw());
    conv_reference().backward_weights(wide, wide_o.x.raw(), wide_o.y.raw(), expected.raw());
    EXPECT_TRUE(is_right(dw, expected));
  });
}

TEST_P(CpuConv, GivesTheSameBitsTwice) {
  for_each_shape([&](const ConvShape& s, const ConvShape&, const ConvOperands& o, const ConvOperands&) {
    const Tensor once = like(o.w), twice = like(o.w);
    backend().backward_weights(s, o.x.raw(), o.y.raw(), once.raw());
    backend().backward_weights(s, o.x.raw(), o.y.raw(), twice.raw());
    EXPECT_TRUE(is_close(once, twice, {0, 0}));
  });
}

/// The three results: y, dx and dw.
std::vector<Tensor> results_of(const ConvBackend& conv, const ConvShape& s, const ConvOperands& o) {
  const std::vector<Tensor> results{like(o.y), like(o.x), like(o.w)};
  conv.forward(s, o.x.raw(), o.w.raw(), results[0].raw());
  conv.backward_data(s, o.y.raw(), o.w.raw(), results[1].raw());
  conv.backward_weights(s, o.x.raw(), o.y.raw(), results[2].raw());
  return results;
}

/// Checks that no number of threads changes a bit; returns the results.
std::vector<Tensor> same_on_any_threads(const ConvBackend& conv, const ConvShape& s, const ConvOperands& o) {
  const int threads = omp_get_max_threads();
  std::vector<Tensor> first;
  for (const int count : {1, 2, 3, 5, 7}) {
    omp_set_num_threads(count);
    const std::vector<Tensor> results = results_of(conv, s, o);
    if (first.empty()) first = results;
    for (size_t i = 0; i < results.size(); ++i)
      EXPECT_TRUE(is_close(results[i], first[i], {0, 0})) << s.text() << " on " << count << " threads, result " << i;
  }
  omp_set_num_threads(threads);
  return first;
}

// A run that was killed may go on on a machine with another number of cores.
TEST_P(CpuConv, DeterministicallyGivesTheSameBitsOnAnyNumberOfThreads) {
  const ExactMath exact;
  for_each_shape([&](const ConvShape& s, const ConvShape& wide, const ConvOperands& o, const ConvOperands& wide_o) {
    const std::vector<Tensor> results = same_on_any_threads(backend(), s, o);
    const std::vector<Tensor> expected = results_of(conv_reference(), wide, wide_o);
    for (size_t i = 0; i < results.size(); ++i) EXPECT_TRUE(is_right(results[i], expected[i])) << "result " << i;
  });
}

TEST_P(CpuConv, NaNStaysNaN) {
  for_each_shape([&](const ConvShape& s, const ConvShape&, const ConvOperands& o, const ConvOperands&) {
    const auto nan_like = [](const Tensor& t) { return Tensor::full(t.shape(), NAN, t.dtype()); };
    const auto all_nan = [&](const Tensor& x, const Tensor& w, const ConvEpilogue& epilogue) {
      const Tensor y = like(o.y);
      backend().forward(s, x.raw(), w.raw(), y.raw(), epilogue);
      return std::ranges::all_of(y.to_vector<float>(), [](float v) { return std::isnan(v); });
    };
    const Tensor x = nan_like(o.x), w = nan_like(o.w), bias = nan_like(o.bias), residual = nan_like(o.y);
    if (s.pad < s.kernel_h && s.pad < s.kernel_w) {  // no window sees padding alone
      EXPECT_TRUE(all_nan(x, o.w, {.relu = true}));
      EXPECT_TRUE(all_nan(o.x, w, {.bias = o.bias.raw(), .residual = o.y.raw(), .relu = true}));
    }
    EXPECT_TRUE(all_nan(o.x, o.w, {.bias = bias.raw(), .relu = true}));
    EXPECT_TRUE(all_nan(o.x, o.w, {.residual = residual.raw(), .relu = true}));
  });
}

const auto name_of_case = [](const auto& c) { return std::string(name_of(c.param.dtype)); };

// oneDNN's choice among its kernels depends on the shape.
TEST(ConvBackend, DeterministicallyGivesTheSameBitsForTheNetworksLayers) {
  const ExactMath exact;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const NetworkConv& conv : kNetworkConvs) {
      ConvShape s = conv.shape(dtype, 3);
      s.height = s.width = std::max<int64_t>(conv.size / 8, conv.kernel);
      same_on_any_threads(conv_backend(Device::cpu(), s), s, ConvOperands(s));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OneDnn, CpuConv,
                         ::testing::Values(Case{conv_onednn, shapes_of_layers, DType::f32, 1},
                                           Case{conv_onednn, shapes_of_layers, DType::bf16, 1},
                                           Case{conv_onednn, shapes_of_layers, DType::f16, 1}),
                         name_of_case);
INSTANTIATE_TEST_SUITE_P(Winograd, CpuConv,
                         ::testing::Values(Case{conv_winograd, shapes_of_winograd, DType::f32, 2},
                                           Case{conv_winograd, shapes_of_winograd, DType::bf16, 1}),
                         name_of_case);

TEST(ConvBackend, TakesWinogradWhereItMultipliesLess) {
  ConvShape s{
      .batch = 8, .height = 56, .width = 56, .in_channels = 64, .out_channels = 64, .kernel_h = 3, .kernel_w = 3, .pad = 1};
  EXPECT_EQ(conv_backend(Device::cpu(), s).name(), "Winograd");
  const auto with = [&](auto change) {
    ConvShape other = s;
    change(other);
    return conv_backend(Device::cpu(), other).name();
  };
  EXPECT_EQ(with([](ConvShape& c) { c.stride = 2; }), "oneDNN");
  EXPECT_EQ(with([](ConvShape& c) { c.kernel_h = c.kernel_w = 1, c.pad = 0; }), "oneDNN");
  EXPECT_EQ(with([](ConvShape& c) { c.in_channels = 3; }), "oneDNN");
  EXPECT_EQ(with([](ConvShape& c) { c.height = c.width = 2; }), "oneDNN");
  EXPECT_EQ(with([](ConvShape& c) { c.batch = 1, c.height = c.width = 7; }), "oneDNN");
  EXPECT_EQ(with([](ConvShape& c) { c.dtype = DType::f64; }), "reference");
}

TEST(ConvBackend, ServesEachTypeOnTheCpu) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    EXPECT_EQ(conv_backend(Device::cpu(), {.dtype = dtype}).name(), "oneDNN");
  EXPECT_EQ(conv_backend(Device::cpu(), {.dtype = DType::f64}).name(), "reference");
  EXPECT_THROW(conv_backend(Device::cpu(), {.dtype = DType::i64}), UsageError);
}

// oneDNN has a plan for every f32 convolution, also where its best kernels do not fit, but for windows in the padding alone.
TEST(ConvBackend, EveryF32ConvolutionHasAFastPlan) {
  using onednn::Pass;
  for (const ConvShape& s : shapes_of_layers()) {
    if (s.pad >= s.kernel_h) {
      EXPECT_FALSE(onednn::conv_plan(s, Pass::forward)) << s.text();
      continue;
    }
    for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
      const auto plan = onednn::conv_plan(s, pass);
      ASSERT_TRUE(plan) << s.text();
      EXPECT_EQ(onednn::conv_plan(s, pass), plan) << "the second request is served from the cache";
    }
    EXPECT_TRUE(onednn::conv_plan(s, Pass::forward, {.bias = true, .residual = true})) << s.text();
  }
}

TEST(ConvBackend, ShapeSaysWhatItIs) {
  const ConvShape s{.dtype = DType::bf16,
                    .batch = 64,
                    .height = 56,
                    .width = 58,
                    .in_channels = 64,
                    .out_channels = 128,
                    .kernel_h = 3,
                    .kernel_w = 3,
                    .stride = 2,
                    .pad = 1};
  EXPECT_EQ(s.text(), "bf16 x[64,56,58,64] w[128,3,3,64] stride 2 pad 1");
  EXPECT_EQ(s.out_height(), 28);
  EXPECT_EQ(s.out_width(), 29);
  EXPECT_EQ(s.flops(), 2.0 * 64 * 28 * 29 * 128 * 9 * 64);
}

}  // namespace
}  // namespace cudenza::testing
