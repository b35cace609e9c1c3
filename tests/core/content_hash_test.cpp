#include "engine/core/content_hash.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string_view>

#include "engine/core/error.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

ContentHash hash(std::string_view text) { return hash_of(std::as_bytes(std::span(text))); }

// Of xxhsum -H128, the library's own program: hashes stand in files, so that they may never change.
TEST(ContentHash, IsXxh3) {
  EXPECT_EQ(hash("").text(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(hash("hello").text(), "b5e9c1ad071b3e7fc779cfaa5e523818");
  EXPECT_EQ(hash(std::string(1000, 'x')).text(), "50a1af5a5f2dcf01c0a4877b962cba82");
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
