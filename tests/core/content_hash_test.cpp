#include "engine/core/content_hash.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string_view>

#include "engine/core/error.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

ContentHash hash(std::string_view text) { return hash_of(std::as_bytes(std::span(text))); }

// Values of the published MurmurHash3_x64_128 with seed 0.
TEST(ContentHash, HasThePublishedValues) {
  EXPECT_EQ(hash("").text(), "00000000000000000000000000000000");
  EXPECT_EQ(hash("hello").text(), "cbd8a7b341bd9b025b1e906a48ae1d19");
  EXPECT_EQ(hash("The quick brown fox jumps over the lazy dog").text(), "e34bbc7bbc071b6c7a433ca9c49a9347");
}

TEST(ContentHash, PiecesMakeNoDifference) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += static_cast<char>(i * 37);
  for (size_t piece = 1; piece < 40; ++piece) {
    ContentHasher hasher;
    for (size_t i = 0; i < text.size(); i += piece)
      hasher.add(std::as_bytes(std::span(text).subspan(i, std::min(piece, text.size() - i))));
    EXPECT_EQ(hasher.finish(), hash(text)) << piece;
  }
}

TEST(ContentHash, StripesTellEveryLengthAndEveryBitApart) {
  std::string text(200, 'x');
  const auto striped = [](std::string_view bytes) { return striped_hash_of(std::as_bytes(std::span(bytes))); };
  std::set<ContentHash> seen;
  for (size_t length = 0; length <= text.size(); ++length) seen.insert(striped(std::string_view(text).substr(0, length)));
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    seen.insert(striped(text));
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_EQ(seen.size(), 201u + 1600u);
  EXPECT_EQ(striped(text), striped(std::string(200, 'x')));
}

TEST(ContentHash, OfAFileIsOfItsBytes) {
  const ScratchFolder scratch;
  const std::string text(1'000'003, 'x');
  std::ofstream(scratch.path() / "x") << text;
  EXPECT_EQ(hash_of_file(scratch.path() / "x"), hash(text));
  EXPECT_NE(hash_of_file(scratch.path() / "x"), hash(text.substr(1)));
  EXPECT_THROW(hash_of_file(scratch.path() / "none"), DataError);
  EXPECT_THROW(hash_of_file(scratch.path()), DataError);
}

}  // namespace
}  // namespace cudenza::testing
