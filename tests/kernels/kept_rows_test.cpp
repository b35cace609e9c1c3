#include "kernels/kept_rows/kept_rows.h"

#include <gtest/gtest.h>

#include "tests/support/kept_rows_check.h"

namespace cudenza::kernels {
namespace {

TEST(KeptRows, TakeTheDrawOfTheEpoch) {
  const float x[] = {0, 1, 10, 11, 20, 21, 30, 31};  // two rows of two draws of two numbers
  const int64_t first[] = {2, -1, 0}, rows[] = {2, 0};
  for (const uint32_t epoch : {0u, 1u, 2u, 7u}) {
    float y[4];
    kept_rows(Reference{}, {.known = 3, .batch = 2, .row_size = 2, .views = 2}, x, first, rows, &epoch, y);
    const float draw = 10.0f * static_cast<float>(epoch % 2);
    EXPECT_EQ(y[0], draw) << epoch;
    EXPECT_EQ(y[1], draw + 1) << epoch;
    EXPECT_EQ(y[2], draw + 20) << epoch;
    EXPECT_EQ(y[3], draw + 21) << epoch;
  }
}

TEST(KeptRows, AreTheReference) {
  testing::expect_kept_rows<float>(Cpu{});
  testing::expect_kept_rows<bf16>(Cpu{});
  testing::expect_kept_rows<f16>(Cpu{});
}

}  // namespace
}  // namespace cudenza::kernels
