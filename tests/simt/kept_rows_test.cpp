/// The kernel of kept_rows on the host.
#include "tests/support/kept_rows_check.h"

namespace cudenza::kernels {
namespace {

TEST(KeptRowsOnSimt, AreTheReference) {
  testing::expect_kept_rows<float>(Gpu{});
  testing::expect_kept_rows<bf16>(Gpu{});
  testing::expect_kept_rows<f16>(Gpu{});
}

}  // namespace
}  // namespace cudenza::kernels
