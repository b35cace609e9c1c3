/// Our transforms against the sum of their definition, for every radix and mixture.
#include "kernels/fft/fft.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "tests/support/real_fft.h"

namespace cudenza::testing {
namespace {

using kernels::Cpu;
using kernels::Reference;

/// y[k] of one frame, term by term.
std::complex<double> coefficient(const std::vector<double>& x, int k) {
  std::complex<double> sum = 0;
  const double turn = -2 * M_PI * k / static_cast<double>(x.size());
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * std::polar(1.0, turn * static_cast<double>(i));
  return sum;
}

TEST(RealFftReference, IsTheSum) {
  const int n = 30;
  const auto x = noise(2 * n);
  const auto y = rfft<double>(Reference{}, x, n);
  for (int k = 0; k <= n / 2; ++k) {
    const auto expected = coefficient({x.begin() + n, x.end()}, k);  // of the second frame
    EXPECT_NEAR(y[16 + k].re, expected.real(), 1e-12) << k;
    EXPECT_NEAR(y[16 + k].im, expected.imag(), 1e-12) << k;
  }
}

class RealFftOnCpu : public ::testing::TestWithParam<int> {};

TEST_P(RealFftOnCpu, EqualsTheReference) {
  const int n = GetParam(), batch = 11;  // more than a vector of frames, and a remainder
  const auto x = noise(batch * n);
  const auto exact = rfft<double>(Reference{}, x, n);
  EXPECT_LT(worst_error(rfft<double>(Cpu{}, x, n), exact, n), 1e-14);
  EXPECT_LT(worst_error(rfft<float>(Cpu{}, std::vector<float>(x.begin(), x.end()), n), exact, n), 6e-7);
}

INSTANTIATE_TEST_SUITE_P(Lengths, RealFftOnCpu, ::testing::ValuesIn(kFftLengths));

TEST(FftPlan, KnowsWhatItCanDo) {
  for (const int n : {1, 2, 3, 4, 5, 6, 200, 1024, 1200, 1 << 20}) EXPECT_TRUE(kernels::fft_supports(n)) << n;
  for (const int n : {0, -4, 7, 11, 1022, (1 << 20) + 1, 1 << 21}) EXPECT_FALSE(kernels::fft_supports(n)) << n;
}

TEST(FftPlan, CutsPowersOfTwoAsEachDeviceLikes) {
  const auto radices = [](int n, kernels::FftRadix largest) {
    const auto plan = kernels::make_fft_plan(n, largest);
    std::vector<int> found;
    for (int p = 0; p < plan.passes; ++p) found.push_back(plan.pass[p].radix);
    return found;
  };
  EXPECT_EQ(radices(1024, kernels::FftRadix::cpu), (std::vector{4, 4, 4, 4, 4}));
  EXPECT_EQ(radices(512, kernels::FftRadix::cpu), (std::vector{8, 4, 4, 4}));
  EXPECT_EQ(radices(1024, kernels::FftRadix::gpu), (std::vector{32, 32}));
  EXPECT_EQ(radices(2048, kernels::FftRadix::gpu), (std::vector{16, 16, 8}));
  EXPECT_EQ(radices(200, kernels::FftRadix::gpu), (std::vector{8, 5, 5}));
}

}  // namespace
}  // namespace cudenza::testing
