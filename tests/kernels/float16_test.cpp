/// bf16 and f16 against their definitions, worked out in double.
#include "kernels/common/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cudenza {
namespace {

/// A binary format: sign, exponent_bits, fraction_bits.
struct Format {
  int exponent_bits, fraction_bits;
  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  uint32_t top_exponent() const { return (1u << exponent_bits) - 1; }
};
constexpr Format kBf16{8, 7}, kF16{5, 10};

/// What the bits mean, by the definition.
double value_of(const Format& f, uint32_t bits) {
  const double sign = bits >> (f.exponent_bits + f.fraction_bits) ? -1 : 1;
  const uint32_t exponent = bits >> f.fraction_bits & f.top_exponent(), fraction = bits & ((1u << f.fraction_bits) - 1);
  if (exponent == f.top_exponent()) return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - f.bias() - f.fraction_bits);
  return sign * std::ldexp(fraction + (1u << f.fraction_bits), static_cast<int>(exponent) - f.bias() - f.fraction_bits);
}

/// `value` rounded to nearest even: the multiple of its binade's last place, by the processor's own rounding of doubles.
double rounded(const Format& f, double value) {
  if (!std::isfinite(value) || value == 0) return value;
  const int exponent = std::max(std::ilogb(value), 1 - f.bias());
  const double step = std::ldexp(1.0, exponent - f.fraction_bits), result = std::nearbyint(value / step) * step;
  const double largest = std::ldexp(2 - std::ldexp(1.0, -f.fraction_bits), f.bias());
  return std::abs(result) > largest ? std::copysign(std::numeric_limits<double>::infinity(), value) : result;
}

template <class T> void expect_every_pattern_means_its_value(const Format& f) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    T x;
    x.bits = static_cast<uint16_t>(bits);
    const float value = x;
    const double expected = value_of(f, bits);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(static_cast<float>(T(value)))) << bits;
    } else {
      ASSERT_EQ(value, expected) << bits;
      ASSERT_EQ(std::signbit(value), std::signbit(expected)) << bits;
      ASSERT_EQ(T(value).bits, bits) << "there and back";
    }
  }
}

template <class T> void expect_rounds_right(const Format& f, float value) {
  const float result = T(value);
  if (std::isnan(value)) {
    ASSERT_TRUE(std::isnan(result));
    return;
  }
  ASSERT_EQ(result, rounded(f, value)) << value;
  ASSERT_EQ(std::signbit(result), std::signbit(value)) << value;
  T assigned;
  assigned = value;
  ASSERT_EQ(assigned.bits, T(value).bits) << value;
}

/// Ties and their neighbours: around every value, and around the middle between it and the next.
template <class T> void expect_ties_go_to_even(const Format& f) {
  const uint32_t top = f.top_exponent() << f.fraction_bits;  // infinity
  for (uint32_t bits = 0; bits < top; ++bits) {
    const double next = bits + 1 < top ? value_of(f, bits + 1) : std::ldexp(1.0, f.bias() + 1);
    const float here = static_cast<float>(value_of(f, bits)), middle = static_cast<float>((value_of(f, bits) + next) / 2);
    for (const float value : {here, middle}) {
      for (const float near : {std::nextafter(value, -1.0f), value, std::nextafter(value, INFINITY)}) {
        expect_rounds_right<T>(f, near);
        expect_rounds_right<T>(f, -near);
      }
    }
  }
}

/// A walk over all floats, in steps that meet every exponent with many fractions.
template <class T> void expect_floats_round_right(const Format& f) {
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 9973)
    expect_rounds_right<T>(f, std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

TEST(Bf16, EveryPatternMeansItsValue) { expect_every_pattern_means_its_value<bf16>(kBf16); }
TEST(F16, EveryPatternMeansItsValue) { expect_every_pattern_means_its_value<f16>(kF16); }
TEST(Bf16, TiesGoToEven) { expect_ties_go_to_even<bf16>(kBf16); }
TEST(F16, TiesGoToEven) { expect_ties_go_to_even<f16>(kF16); }
TEST(Bf16, FloatsRoundToTheNearest) { expect_floats_round_right<bf16>(kBf16); }
TEST(F16, FloatsRoundToTheNearest) { expect_floats_round_right<f16>(kF16); }

TEST(F16, OverflowsAndUnderflowsWhereIeeeSays) {
  EXPECT_EQ(static_cast<float>(f16(65519.996f)), 65504.0f);
  EXPECT_EQ(static_cast<float>(f16(65520.0f)), INFINITY);
  EXPECT_EQ(f16(0x1p-25f).bits, 0);  // half the smallest subnormal: a tie, to even
  EXPECT_EQ(f16(std::nextafter(0x1p-25f, 1.0f)).bits, 1);
  EXPECT_EQ(f16(-0.0f).bits, 0x8000);
}

}  // namespace
}  // namespace cudenza
