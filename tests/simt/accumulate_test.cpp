/// accumulate() on SIMT against the plain loop: many arrays of all lengths, aligned and not.
#include "kernels/accumulate/accumulate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

/// So many pairs of arrays that several launches are needed; array i begins `offset` elements into its own memory.
template <class T> struct Pairs {
  std::vector<std::vector<float>> sums;
  std::vector<std::vector<T>> terms;
  std::vector<Addition<T>> additions;

  explicit Pairs(int64_t offset) {
    for (int i = 0; i < 150; ++i) {
      const int64_t count = i == 7 ? 20'001 : i % 41;  // the empty ones among them
      sums.emplace_back(), terms.emplace_back();
      for (int64_t k = 0; k < count + offset; ++k) {
        sums.back().push_back(std::sin(static_cast<float>(i + 2 * k)));
        terms.back().push_back(static_cast<T>(std::cos(static_cast<float>(3 * i + k))));
      }
    }
    for (size_t i = 0; i < sums.size(); ++i)
      additions.push_back({sums[i].data() + offset, terms[i].data() + offset, std::ssize(sums[i]) - offset});
  }
};

template <class T> void expect_the_reference() {
  for (const int64_t offset : {0, 1}) {
    Pairs<T> expected(offset), result(offset);
    accumulate<T>(Reference{}, expected.additions);
    accumulate<T>(Gpu{}, result.additions);
    EXPECT_EQ(result.sums, expected.sums);
  }
}

TEST(Accumulate, IsTheReferenceInEveryThreadOrder) {
  for (const auto order : {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom}) {
    simt::set_order(order);
    expect_the_reference<float>();
    expect_the_reference<bf16>();
    expect_the_reference<f16>();
  }
}

}  // namespace
}  // namespace cudenza::kernels
