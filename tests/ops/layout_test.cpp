/// Transposes of every element size and of sides around the CPU's squares and strips, against their definition.
#include "engine/ops/layout.h"

#include <gtest/gtest.h>

#include <numeric>

#include "kernels/layout/layout.h"

namespace cudenza {
namespace {

/// y begins `past` elements after a border of cache lines; what lies around it must stay as it is.
template <class Element> void expect_transposed(const kernels::TransposeShape& s, int64_t past = 0) {
  constexpr int64_t kLine = 64 / sizeof(Element);
  constexpr Element kUntouched = 77;
  const int64_t count = s.batch * s.rows * s.columns;
  std::vector<Element> x(static_cast<size_t>(count)), memory(static_cast<size_t>(count + 3 * kLine), kUntouched);
  for (int64_t k = 0; k < count; ++k) x[static_cast<size_t>(k)] = static_cast<Element>(uint64_t(k) * 0x9E3779B97F4A7C15u >> 40);
  Element* const line = memory.data() + kLine - reinterpret_cast<uintptr_t>(memory.data()) % 64 / sizeof(Element);
  const Element* const y = line + past;
  kernels::transpose(kernels::Cpu{}, x.data(), line + past, s);
  int64_t wrong = 0;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < s.rows; ++i) {
      for (int64_t j = 0; j < s.columns; ++j) wrong += y[(n * s.columns + j) * s.rows + i] != x[(n * s.rows + i) * s.columns + j];
    }
  }
  for (const Element* p = memory.data(); p < y; ++p) wrong += *p != kUntouched;
  for (const Element* p = y + count; p < memory.data() + memory.size(); ++p) wrong += *p != kUntouched;
  EXPECT_EQ(wrong, 0) << s.rows << " x " << s.columns << " of " << sizeof(Element) << " bytes, " << past << " past a line";
}

template <class Element> void expect_all_transposed(const kernels::TransposeShape& s) {
  expect_transposed<Element>(s);
  expect_transposed<Element>(s, 1);
}

TEST(Layout, EveryElementSizeAndBorder) {
  for (const int64_t rows : {1, 2, 3, 4, 5, 8, 11, 16, 35, 72, 130, 144, 288, 600}) {
    for (const int64_t columns : {1, 2, 3, 4, 7, 16, 33, 130, 257, 520}) {
      expect_all_transposed<uint8_t>({2, rows, columns});
      expect_all_transposed<uint16_t>({2, rows, columns});
      expect_all_transposed<uint32_t>({2, rows, columns});
      expect_all_transposed<uint64_t>({2, rows, columns});
    }
  }
}

TEST(Layout, LargeResultsAreStreamedPastTheCache) {
  expect_all_transposed<uint32_t>({3, 64, 30001});   // y's rows are short: one run
  expect_all_transposed<uint32_t>({2, 2064, 1031});  // long, beginning on lines: straight from registers
  expect_all_transposed<uint16_t>({2, 4128, 1063});
  expect_all_transposed<uint32_t>({2, 2051, 1031});  // long, beginning anywhere: by lines that the next piece completes
  expect_all_transposed<uint16_t>({2, 4111, 1063});
  expect_all_transposed<uint8_t>({2, 4111, 2101});
  expect_all_transposed<uint64_t>({2, 1033, 1029});
  expect_all_transposed<uint32_t>({1, 1000003, 5});  // short rows of x
  expect_all_transposed<uint16_t>({1, 400000, 21});
  expect_all_transposed<uint32_t>({1, 5, 1000003});  // few rows or columns, but more than are picked by bytes
  expect_all_transposed<uint8_t>({16, 3, 500003});   // pictures
  expect_all_transposed<uint8_t>({16, 500003, 3});
  expect_all_transposed<uint16_t>({4, 1000003, 3});
  expect_all_transposed<uint32_t>({4, 4, 300001});
  expect_all_transposed<uint64_t>({2, 600001, 2});
  expect_all_transposed<uint32_t>({1, 1, 5000003});  // a copy
}

TEST(Layout, RowsAreCopiedBetweenPitches) {
  for (const int64_t rows : {3, 30001}) {  // the second streamed
    constexpr int64_t kBytes = 601, kFrom = 603, kTo = 901;
    std::vector<char> from(rows * kFrom), to(rows * kTo, 7);
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<char>(i % 251);
    kernels::copy_rows(kernels::Cpu{}, to.data() + 5, kTo, from.data() + 1, kFrom, kBytes, rows);
    int64_t wrong = 0;
    for (int64_t i = 0; i < rows * kTo; ++i) {
      const int64_t row = i / kTo, byte = i % kTo - 5;
      wrong += to[i] != (byte >= 0 && byte < kBytes ? from[row * kFrom + 1 + byte] : 7);
    }
    EXPECT_EQ(wrong, 0) << rows << " rows";
  }
}

TEST(Layout, AxesGoWhereTheirNamesSay) {
  std::vector<float> values(2 * 3 * 4 * 5);
  std::iota(values.begin(), values.end(), 0.0f);
  const Tensor x = Tensor::from(values, {2, 3, 4, 5}), y = nchw_to_nhwc(x), filter = oihw_to_krsc(x);
  EXPECT_EQ(y.shape(), (Shape{2, 4, 5, 3}));
  EXPECT_EQ(y.span<float>()[((1 * 4 + 2) * 5 + 3) * 3 + 2], values[((1 * 3 + 2) * 4 + 2) * 5 + 3]);
  EXPECT_EQ(filter.to_vector<float>(), y.to_vector<float>());
  EXPECT_EQ(nhwc_to_nchw(y).to_vector<float>(), values);
  EXPECT_EQ(krsc_to_oihw(filter).shape(), x.shape());
}

TEST(Layout, BytesAndLabelsMoveToo) {
  const Tensor x = Tensor::from(std::vector<uint8_t>{1, 2, 3, 4, 5, 6}, {1, 3, 1, 2});
  EXPECT_EQ(nchw_to_nhwc(x).to_vector<uint8_t>(), (std::vector<uint8_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(nchw_to_nhwc(x.to(DType::i64)).to_vector<int64_t>(), (std::vector<int64_t>{1, 3, 5, 2, 4, 6}));
}

}  // namespace
}  // namespace cudenza
