#include "engine/core/segment_pool.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "engine/core/storage.h"

namespace cudenza::testing {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

/// Addresses to hand out; nothing is ever written there.
char* address(size_t bytes) { return reinterpret_cast<char*>((size_t{1} << 40) + bytes); }

std::vector<size_t> released(SegmentPool& pool) {
  std::vector<size_t> sizes;
  pool.release([&](char*, size_t bytes) { sizes.push_back(bytes); });
  return sizes;
}

TEST(SegmentPool, CutsTheSmallestPieceThatFitsAndJoinsWhatComesBack) {
  SegmentPool pool;
  pool.add(address(0), 64 * kMiB);
  pool.add(address(100 * kMiB), 8 * kMiB);
  const auto small = pool.take(6 * kMiB), first = pool.take(16 * kMiB), second = pool.take(20 * kMiB);
  EXPECT_EQ(small.at, address(100 * kMiB));
  EXPECT_EQ(first.at, address(0));
  EXPECT_EQ(second.at, address(16 * kMiB));
  EXPECT_EQ(pool.take(30 * kMiB).at, nullptr) << "28 MiB are left behind the second";
  EXPECT_EQ(pool.give(first.at), 16 * kMiB);
  EXPECT_EQ(pool.take(30 * kMiB).at, nullptr) << "16 and 28 MiB, but not side by side";
  EXPECT_EQ(pool.give(second.at), 20 * kMiB);
  EXPECT_EQ(pool.take(64 * kMiB).at, address(0));
}

TEST(SegmentPool, LeavesNoPieceThatIsTooSmall) {
  SegmentPool pool;
  pool.add(address(0), 4 * kMiB);
  const auto piece = pool.take(4 * kMiB - 64);
  EXPECT_EQ(piece.bytes, 4 * kMiB);
  EXPECT_EQ(pool.give(piece.at), 4 * kMiB);
}

TEST(SegmentPool, DoesNotJoinSegmentsThatHappenToBeNeighbours) {
  SegmentPool pool;
  pool.add(address(0), 4 * kMiB);
  pool.add(address(4 * kMiB), 4 * kMiB);
  EXPECT_EQ(pool.take(8 * kMiB).at, nullptr);
  const auto a = pool.take(4 * kMiB), b = pool.take(4 * kMiB);
  pool.give(a.at), pool.give(b.at);
  EXPECT_EQ(released(pool), (std::vector{4 * kMiB, 4 * kMiB}));
}

TEST(SegmentPool, ReleasesOnlyWhatIsWhollyFree) {
  SegmentPool pool;
  pool.add(address(0), 8 * kMiB);
  pool.add(address(8 * kMiB), 16 * kMiB);
  const auto piece = pool.take(2 * kMiB);
  EXPECT_EQ(released(pool), std::vector{16 * kMiB});
  pool.give(piece.at);
  EXPECT_EQ(released(pool), std::vector{8 * kMiB});
  EXPECT_EQ(pool.take(64).at, nullptr);
}

TEST(SegmentPool, PiecesNeverOverlapAndNothingIsLost) {
  SegmentPool pool;
  const std::vector<size_t> segments{16 * kMiB, 40 * kMiB, 5 * kMiB};
  for (size_t i = 0; i < segments.size(); ++i) pool.add(address(i * 64 * kMiB), segments[i]);
  std::mt19937 random(1);
  std::vector<SegmentPool::Piece> taken;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 2 == 0) {
      const auto piece = pool.take((1 + random() % 200) * (64 << 10));
      for (const auto& other : taken) {
        ASSERT_TRUE(!piece.at || piece.at + piece.bytes <= other.at || other.at + other.bytes <= piece.at);
      }
      if (piece.at) taken.push_back(piece);
    } else if (!taken.empty()) {
      std::swap(taken[random() % taken.size()], taken.back());
      ASSERT_EQ(pool.give(taken.back().at), taken.back().bytes);
      taken.pop_back();
    }
  }
  for (const auto& piece : taken) pool.give(piece.at);
  EXPECT_EQ(released(pool), segments);
}

TEST(Storage, LargeArraysOfOtherSizesTakeWhatOneHasLeft) {
  trim_cpu_pool();
  const size_t before = cpu_memory_use().pooled_bytes;
  { const Storage one(64 * kMiB, Device::cpu()); }
  const size_t kept = cpu_memory_use().pooled_bytes - before;
  if (kept == 0) GTEST_SKIP() << "under AddressSanitizer nothing is kept";
  {
    const Storage a(20 * kMiB, Device::cpu()), b(30 * kMiB, Device::cpu());
    EXPECT_EQ(cpu_memory_use().pooled_bytes - before, kept - 50 * kMiB);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b.data()) % 64, 0u);
  }
  EXPECT_EQ(cpu_memory_use().pooled_bytes - before, kept);
  trim_cpu_pool();
  EXPECT_LE(cpu_memory_use().pooled_bytes, before);
}

}  // namespace
}  // namespace cudenza::testing
