#include "engine/core/sha256.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace cudenza::testing {
namespace {

std::string sha256_of(std::string_view text, size_t piece = SIZE_MAX) {
  Sha256 sha;
  for (size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    sha.update(std::as_bytes(std::span(text.substr(at, piece))));
  return sha.hex();
}

// FIPS 180-4's own examples.
TEST(Sha256, GivesTheStandardsExamples) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesMakeNoDifference) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (size_t length = 0; length < text.size(); ++length) {
    const std::string whole = sha256_of(text.substr(0, length));
    for (const size_t piece : {1, 3, 63, 64, 65}) EXPECT_EQ(sha256_of(text.substr(0, length), piece), whole) << length;
  }
}

}  // namespace
}  // namespace cudenza::testing
