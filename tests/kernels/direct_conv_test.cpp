/// Convolutions of bytes against the plain loops: the same numbers, whatever the shape, the epilogue, the threads and the batch.
#include "kernels/direct_conv/direct_conv.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

using kernels::DirectConvShape;
using kernels::Int8Epilogue;

constexpr size_t kAligned = 64;

struct AlignedBytes {
  explicit AlignedBytes(int64_t count) : bytes(static_cast<size_t>(count) + kAligned) {}
  std::byte* data() {
    void* p = bytes.data();
    size_t room = bytes.size();
    return static_cast<std::byte*>(std::align(kAligned, 1, p, room));
  }
  std::vector<std::byte> bytes;
};

/// x, w and what an epilogue needs, at random; scales such that results lie on both sides of 0 and of 255.
struct Operands {
  Operands(const DirectConvShape& shape, std::mt19937& random) : s(shape) {
    const auto number = [&](int least, int most) { return std::uniform_int_distribution<int>(least, most)(random); };
    const int64_t terms = s.kernel_h * s.kernel_w * s.in_channels;
    x.resize(static_cast<size_t>(s.batch * s.height * s.width * s.in_channels));
    w.resize(static_cast<size_t>(s.out_channels * terms));
    residual.resize(static_cast<size_t>(outputs()));
    for (uint8_t& v : x) v = static_cast<uint8_t>(number(0, 255));
    for (int8_t& v : w) v = static_cast<int8_t>(number(-127, 127));
    for (uint8_t& v : residual) v = static_cast<uint8_t>(number(0, 255));
    const double usual = 128 * 73 * std::sqrt(static_cast<double>(terms));
    for (int64_t k = 0; k < s.out_channels; ++k) {
      scale.push_back(static_cast<float>(150 / usual * number(50, 200) / 100));
      bias.push_back(static_cast<float>(number(-200, 400)) / 3);
    }
  }
  int64_t outputs() const { return s.batch * s.out_height() * s.out_width() * s.out_channels; }
  Int8Epilogue epilogue(bool with_residual, bool relu) const {
    return {.scale = scale.data(),
            .bias = bias.data(),
            .residual = with_residual ? residual.data() : nullptr,
            .residual_scale = 0.73F,
            .relu = relu};
  }

  DirectConvShape s;
  std::vector<uint8_t> x, residual;
  std::vector<int8_t> w;
  std::vector<float> scale, bias;
};

template <class Y> std::vector<Y> by_loops(const Operands& o, const Int8Epilogue& e) {
  std::vector<Y> y(static_cast<size_t>(o.outputs()));
  kernels::direct_convolve(kernels::Reference{}, o.s, o.x.data(), o.w.data(), y.data(), e);
  return y;
}

template <class Y> void convolve(const Operands& o, const DirectConvShape& s, const uint8_t* x, Y* y, const Int8Epilogue& e) {
  const int64_t scratch_bytes = kernels::direct_conv_scratch_bytes<uint8_t>(s);
  AlignedBytes packed(kernels::direct_conv_filter_bytes<uint8_t>(s)), scratch(scratch_bytes);
  kernels::direct_conv_pack<uint8_t>({}, s, o.w.data(), packed.data());
  kernels::direct_convolve({}, s, x, packed.data(), y, e, scratch_bytes > 0 ? scratch.data() : nullptr);
}

template <class Y> bool same(const Y* a, const Y* b, size_t count) { return std::memcmp(a, b, count * sizeof(Y)) == 0; }

template <class Y> void expect_exact(const Operands& o, const Int8Epilogue& e) {
  const std::vector<Y> expected = by_loops<Y>(o, e);
  for (const int threads : {1, 2, 3}) {
    const ThreadCount some(threads);
    std::vector<Y> y(expected.size());
    convolve(o, o.s, o.x.data(), y.data(), e);
    EXPECT_TRUE(same(y.data(), expected.data(), y.size())) << threads << " threads, " << sizeof(Y) << " bytes";
  }
  DirectConvShape one = o.s;
  one.batch = 1;
  const size_t last = expected.size() / static_cast<size_t>(o.s.batch) * static_cast<size_t>(o.s.batch - 1);
  Int8Epilogue of_last = e;
  if (e.residual) of_last.residual += last;
  std::vector<Y> y(expected.size() - last);
  convolve(o, one, o.x.data() + o.x.size() - o.x.size() / static_cast<size_t>(o.s.batch), y.data(), of_last);
  EXPECT_TRUE(same(y.data(), expected.data() + last, y.size())) << "alone";
}

void check(const DirectConvShape& s, std::mt19937& random) {
  SCOPED_TRACE(::testing::Message() << "x [" << s.batch << ',' << s.height << ',' << s.width << ',' << s.in_channels << "] w ["
                                    << s.out_channels << ',' << s.kernel_h << ',' << s.kernel_w << "] stride " << s.stride
                                    << " pad " << s.pad);
  const Operands o(s, random);
  for (const bool residual : {false, true}) {
    expect_exact<uint8_t>(o, o.epilogue(residual, false));
    expect_exact<float>(o, o.epilogue(residual, true));
    expect_exact<bf16>(o, o.epilogue(residual, false));
  }
}

TEST(Int8Conv, EqualsThePlainLoops) {
  std::mt19937 random(11);
  const auto from = [&](int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random); };
  for (int i = 0; i < 60; ++i) {
    DirectConvShape s;
    do {
      s = {.batch = from(1, 4),
           .height = from(1, 25),
           .width = from(1, 25),
           .in_channels = from(1, 70),
           .out_channels = from(1, 100),
           .kernel_h = from(1, 5),
           .kernel_w = from(1, 5),
           .stride = from(1, 3),
           .pad = from(0, 4)};
    } while (s.height + 2 * s.pad < s.kernel_h || s.width + 2 * s.pad < s.kernel_w);
    check(s, random);
  }
}

// Filters beyond a core's cache, whole panels, and a linear layer.
TEST(Int8Conv, EqualsThePlainLoopsForShapesOfNetworks) {
  std::mt19937 random(12);
  check({.batch = 2, .height = 7, .width = 7, .in_channels = 512, .out_channels = 160, .kernel_h = 3, .kernel_w = 3, .pad = 1},
        random);
  check({.batch = 2, .height = 28, .width = 28, .in_channels = 64, .out_channels = 96, .kernel_h = 1, .kernel_w = 1}, random);
  check({.batch = 3, .height = 1, .width = 1, .in_channels = 1000, .out_channels = 64, .kernel_h = 1, .kernel_w = 1}, random);
  // a picture, whose windows begin at whole words and whose rows end within one
  check({.batch = 2,
         .height = 23,
         .width = 29,
         .in_channels = 3,
         .out_channels = 40,
         .kernel_h = 11,
         .kernel_w = 11,
         .stride = 4,
         .pad = 2},
        random);
}

// On any number of threads, bands of lines are equally long or differ by one.
TEST(Int8Conv, EqualsThePlainLoopsForAnyNumberOfLines) {
  std::mt19937 random(16);
  for (int64_t height = 1; height <= 40; ++height)
    check({.batch = 2,
           .height = height,
           .width = 15,
           .in_channels = 64,
           .out_channels = 64,
           .kernel_h = 3,
           .kernel_w = 3,
           .pad = 1},
          random);
}

// A line is cut into blocks or tiles of one length, the last of which may begin in the one before.
TEST(Int8Conv, EqualsThePlainLoopsForLinesOfAnyLength) {
  std::mt19937 random(15);
  for (int64_t width = 1; width <= 40; ++width) {
    check({.batch = 1, .height = 3, .width = width, .in_channels = 32, .out_channels = 40, .kernel_h = 1, .kernel_w = 1}, random);
    check(
        {.batch = 1, .height = 3, .width = width, .in_channels = 32, .out_channels = 40, .kernel_h = 3, .kernel_w = 3, .pad = 1},
        random);
  }
}

// vpmaddubsw would stop each pair at 32767.
TEST(Int8Conv, SumsTheLargestBytesExactly) {
  const DirectConvShape s{.batch = 1,
                          .height = 1,
                          .width = 1,
                          .in_channels = kernels::kMostInt8Terms,
                          .out_channels = 32,
                          .kernel_h = 1,
                          .kernel_w = 1};
  std::mt19937 random(13);
  Operands o(s, random);
  for (const int sign : {1, -1}) {
    std::ranges::fill(o.x, 255), std::ranges::fill(o.w, sign * 127);
    std::ranges::fill(o.scale, 1), std::ranges::fill(o.bias, 0);
    expect_exact<float>(o, o.epilogue(false, false));
    std::vector<float> y(32);
    convolve(o, s, o.x.data(), y.data(), o.epilogue(false, false));
    EXPECT_EQ(y[0], static_cast<float>(sign * 255LL * 127 * kernels::kMostInt8Terms));
  }
}

TEST(Int8Conv, EndsAtTheLeastAndTheLargestByte) {
  const DirectConvShape s{
      .batch = 1, .height = 1, .width = 2, .in_channels = 4, .out_channels = 32, .kernel_h = 1, .kernel_w = 1};
  std::mt19937 random(14);
  Operands o(s, random);
  std::ranges::fill(o.scale, 0);
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {-infinity, -3e9F, -1, -0.5F, 0.5F, 1.5F, 2.5F, 254.5F, 255.5F, 3e9F, infinity};
  const std::vector<uint8_t> bytes = {0, 0, 0, 0, 0, 2, 2, 254, 255, 255, 255};
  std::ranges::copy(values, o.bias.begin());
  std::vector<uint8_t> y(64);
  convolve(o, s, o.x.data(), y.data(), o.epilogue(false, false));
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(y[i], bytes[i]) << values[i];
    EXPECT_EQ(y[i + 32], bytes[i]) << values[i];
  }
}

}  // namespace
}  // namespace cudenza::testing
