#include "engine/core/text.h"

#include <gtest/gtest.h>

#include <random>

namespace cudenza::testing {
namespace {

const std::string kOdd = "\xEF\xBF\xBD";  // U+FFFD

TEST(Text, WhatIsTextStaysAsItIs) {
  for (const char* text : {"", "rock", "Dvořák – Rusalka", "音楽", "عربي", "\xF0\x9F\x8E\xB5", "a\tb\nc\r\n", "<i>&'\"`$@_^{}~%"})
    EXPECT_EQ(displayable(text), text);
}

TEST(Text, WhatIsNoneIsMarked) {
  EXPECT_EQ(displayable("a\xFF"
                        "b"),
            "a" + kOdd + "b");
  EXPECT_EQ(displayable("\xC3"), kOdd);                        // cut
  EXPECT_EQ(displayable("\xC0\xAF"), kOdd + kOdd);             // '/' in two bytes
  EXPECT_EQ(displayable("\xED\xA0\x80"), kOdd + kOdd + kOdd);  // a surrogate
  EXPECT_EQ(displayable("\xF4\x90\x80\x80"), kOdd + kOdd + kOdd + kOdd);
  EXPECT_EQ(displayable("x\x1B[2Jy\x7F"), "x" + kOdd + "[2Jy" + kOdd);
  EXPECT_EQ(displayable("\u202Egnp.exe"), kOdd + "gnp.exe");  // would be shown as "exe.png"
  EXPECT_EQ(displayable("\uFFFE"), kOdd);                     // not allowed in XML
  EXPECT_EQ(displayable("\u0085"), kOdd);
}

TEST(Text, CutsByCharactersNotByBytes) {
  EXPECT_EQ(shortened("classical", 9), "classical");
  EXPECT_EQ(shortened("classical", 8), "classic…");
  EXPECT_EQ(shortened("Dvořák", 5), "Dvoř…");
  EXPECT_EQ(shortened("音楽音楽", 6), "音楽…");  // two columns each
  EXPECT_EQ(columns_of("音楽"), 4u);
  EXPECT_EQ(columns_of("ř"), 1u);
  EXPECT_EQ(shortened("a\nb\tc", 10), "a b c");
  EXPECT_EQ(shortened("abc", 1), "…");
}

TEST(Text, AnyBytesBecomeTextThatStaysText) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string text = displayable(bytes);
    EXPECT_EQ(displayable(text), text);
    for (const size_t most : {1u, 5u, 13u}) {
      const std::string cut = shortened(bytes, most);
      EXPECT_LE(columns_of(cut), most);
      EXPECT_EQ(displayable(cut), cut);
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
