/// How a whole is shared out.
#include <gtest/gtest.h>

#include "engine/core/ranks.h"

namespace cudenza::testing {
namespace {

TEST(Share, SharesFollowEachOtherAndDifferByOneAtMost) {
  for (const int64_t whole : {0, 1, 2, 7, 16, 17, 1000}) {
    for (const int size : {1, 2, 3, 8, 17}) {
      int64_t end = 0;
      for (int rank = 0; rank < size; ++rank) {
        const Share share = share_of(whole, rank, size);
        EXPECT_EQ(share.begin, end) << whole << " by " << size;
        EXPECT_GE(share.count, whole / size);
        EXPECT_LE(share.count, (whole + size - 1) / size);
        end += share.count;
      }
      EXPECT_EQ(end, whole) << "by " << size;
    }
  }
}

TEST(Share, RefusesARankThatIsNotThere) {
  EXPECT_THROW(share_of(4, 2, 2), UsageError);
  EXPECT_THROW(share_of(4, -1, 2), UsageError);
  EXPECT_THROW(share_of(-1, 0, 2), UsageError);
}

TEST(Share, AProcessAloneHasAll) {
  Ranks alone;
  EXPECT_EQ(alone.share(5), (Share{0, 5}));
  EXPECT_TRUE(alone.is_first());
  EXPECT_TRUE(alone.any(true));
  EXPECT_FALSE(alone.any(false));
  EXPECT_EQ(alone.of_first(0.1), 0.1);
  EXPECT_EQ(alone.collect("x"), std::vector<std::string>{"x"});
  EXPECT_EQ(alone.joined({"x", "y"}), (std::vector<std::string>{"x", "y"}));
}

}  // namespace
}  // namespace cudenza::testing
