/// The transposing kernels for every element size, on sides around their tiles: by tiles, by pairs of 16-bit elements, narrow.
#include "kernels/layout/layout.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

template <class Element> void expect_as_on_cpu(const TransposeShape& s, size_t offset = 0) {
  std::vector<Element> x(offset + static_cast<size_t>(s.batch * s.rows * s.columns)), y(x.size()), expected(x.size());
  std::iota(x.begin(), x.end(), Element{1});
  transpose(Gpu{}, x.data() + offset, y.data() + offset, s);
  transpose(Cpu{}, x.data() + offset, expected.data() + offset, s);
  EXPECT_EQ(y, expected) << s.rows << " x " << s.columns << " of " << sizeof(Element) << " bytes";
}

TEST(LayoutKernels, EveryElementSizeAndBorder) {
  for (const auto order : {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom}) {
    simt::set_order(order);
    for (const TransposeShape& s :
         std::vector<TransposeShape>{{2, 33, 16}, {2, 16, 65}, {1, 66, 34}, {2, 3, 300}, {2, 260, 2}, {3, 15, 7}, {0, 20, 20}}) {
      expect_as_on_cpu<uint8_t>(s);
      expect_as_on_cpu<uint16_t>(s);
      expect_as_on_cpu<uint32_t>(s);
      expect_as_on_cpu<uint64_t>(s);
    }
  }
}

TEST(LayoutKernels, PairsNeedAlignedPointers) { expect_as_on_cpu<uint16_t>({1, 18, 20}, 1); }

}  // namespace
}  // namespace cudenza::kernels
