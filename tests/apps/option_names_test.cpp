#include "apps/cli/option_names.h"

#include <gtest/gtest.h>

namespace cudenza::testing {
namespace {

TEST(OptionNames, TakeThePlaceOfFields) {
  EXPECT_EQ(with_options("`lr` is -1; use a smaller `batch_size`"), "--lr is -1; use a smaller --batch-size");
  EXPECT_EQ(with_options("`picture.height` is 8"), "--image-size is 8");
  EXPECT_EQ(with_options("`crop_seconds`"), "--crop");
}

TEST(OptionNames, LeaveOtherTextAlone) {
  for (const char* text : {"", "plain", "run `cudenza weights convert` on it", "a file called `", "``", "`A`", "x ` y"})
    EXPECT_EQ(with_options(text), text);
  EXPECT_EQ(with_options("`b c` and `lr`"), "`b c` and --lr");
}

}  // namespace
}  // namespace cudenza::testing
