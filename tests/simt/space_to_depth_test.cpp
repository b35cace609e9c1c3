/// space_to_depth() and its inverse on SIMT against the plain loop, element for element.
#include "kernels/space_to_depth/space_to_depth.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

template <class T> std::vector<T> counted(int64_t count) {
  std::vector<T> values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<T>(static_cast<float>(i % 251 + 1)));
  return values;
}

template <class T> std::vector<float> as_floats(const std::vector<T>& values) { return {values.begin(), values.end()}; }

template <class T> void expect_the_reference(const DepthShape& shape) {
  const auto x = counted<T>(shape.elements());
  const auto size = static_cast<size_t>(shape.out_blocks() * shape.out_channels());
  std::vector<T> expected(size + 8), result(size + 8), back(x.size());
  const auto aligned = [](std::vector<T>& values) {  // to 16 bytes
    return values.data() + (16 - reinterpret_cast<uintptr_t>(values.data()) % 16) % 16 / sizeof(T);
  };
  space_to_depth(Reference{}, shape, x.data(), aligned(expected));
  space_to_depth(Gpu{}, shape, x.data(), aligned(result));
  EXPECT_EQ(as_floats(std::vector<T>(aligned(result), aligned(result) + size)),
            as_floats(std::vector<T>(aligned(expected), aligned(expected) + size)));
  depth_to_space(Gpu{}, shape, aligned(result), back.data());
  EXPECT_EQ(as_floats(back), as_floats(x));
}

TEST(SpaceToDepth, IsTheReferenceAndComesBack) {
  for (const DepthShape& shape :
       {DepthShape{2, 16, 15, 3, 2, 4, 12, 12}, DepthShape{2, 23, 20, 3, 4, 4, 9, 8}, DepthShape{5, 7, 7, 3, 2, 1, 4, 4},
        DepthShape{2, 13, 14, 1, 2, 0, 7, 7}, DepthShape{1, 9, 30, 1, 4, 2, 3, 8}}) {
    expect_the_reference<bf16>(shape);
    expect_the_reference<f16>(shape);
  }
}

}  // namespace
}  // namespace cudenza::kernels
