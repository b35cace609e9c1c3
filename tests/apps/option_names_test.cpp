#include "apps/cli/option_names.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"
#include "tests/support/program.h"

namespace cudenza::testing {
namespace {

TEST(OptionNames, FieldsBecomeOptions) {
  EXPECT_EQ(with_option_names("`batch_size` is 0; try `lr` 0.1"), "--batch-size is 0; try --lr 0.1");
  EXPECT_EQ(with_option_names("but `arch` says vgg16"), "but --model says vgg16");
  EXPECT_EQ(with_option_names("`crop_width` and `picture.height`"), "--crop and --image-size");
}

TEST(OptionNames, AllElseStays) {
  for (const char* text : {"", "`", "a `b", "`` `", "`weights list` has them", "`no_field`", "`lr.wav`: is empty", "--lr is 0"})
    EXPECT_EQ(with_option_names(text), text);
  EXPECT_EQ(with_option_names("`odd`lr`"), "`odd--lr");  // what closes one may open the next
}

TEST(OptionNames, TheProgramSaysThem) {
  const Ran ran = run_program("info --device cpu --precision tf32 --arch alexnet");
  EXPECT_EQ(ran.status, 0) << ran.err;  // a description computes nothing
  const Ran forward = run_program("forward --device cpu --precision tf32 --arch alexnet --weights w --input x --output y");
  EXPECT_EQ(forward.status, 2);
  expect_says(forward.err, "cudenza: --precision tf32 is a GPU's");
}

}  // namespace
}  // namespace cudenza::testing
