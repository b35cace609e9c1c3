/// What goes wrong in one thread reaches the thread that waits.
#include "kernels/common/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <vector>

#include "kernels/common/parallel_each.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {
using namespace kernels;

TEST(Parallel, RangesCoverEverythingOnce) {
  const ThreadCount threads(3);
  std::vector<int> visits(100'000);
  parallel_ranges(static_cast<int64_t>(visits.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
  });
  EXPECT_EQ(visits, std::vector<int>(100'000, 1));
}

TEST(Parallel, NoMemoryInOneRangeReachesTheCaller) {
  for (const int count : {1, 4}) {
    const ThreadCount threads(count);
    std::atomic<int> done = 0;
    const auto run = [&] {
      parallel_ranges(100'000, 1, [&](int64_t begin, int64_t) {
        if (begin == 0) throw std::bad_alloc();
        ++done;
      });
    };
    EXPECT_THROW(run(), std::bad_alloc);
    EXPECT_EQ(done, count - 1) << "the other ranges are finished before";
  }
}

TEST(Parallel, AFailedTaskEndsTheWorkAndReachesTheCaller) {
  for (const int count : {1, 4}) {
    std::atomic<int> begun = 0;
    const auto run = [&] {
      parallel_each(
          1000, [&](int64_t i) { ++begun, i == 10 ? throw std::runtime_error("task 10") : void(); }, count);
    };
    try {
      run();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "task 10");
    }
    if (count == 1) {
      EXPECT_EQ(begun, 11) << "none is begun after the failure";
    }
  }
}

TEST(Parallel, EachTaskIsDoneOnce) {
  std::vector<int> visits(1000);
  parallel_each(
      1000, [&](int64_t i) { ++visits[static_cast<size_t>(i)]; }, 4);
  EXPECT_EQ(visits, std::vector<int>(1000, 1));
}

}  // namespace
}  // namespace cudenza::testing
