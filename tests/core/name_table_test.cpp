#include "engine/core/name_table.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {

enum class Shade { light, dark, none };
constexpr NameTable kShades("shade", {std::pair{Shade::light, "light"}, {Shade::dark, "dark"}, {Shade::none, "no shade"}});

TEST(NameTable, GoesBothWays) {
  static_assert(kShades.name_of(Shade::dark) == "dark");
  for (const Shade shade : {Shade::light, Shade::dark, Shade::none}) EXPECT_EQ(kShades.value_of(kShades.name_of(shade)), shade);
}

TEST(NameTable, AnUnknownNameIsAnsweredWithTheChoices) {
  EXPECT_EQ(message_of<UsageError>([] { kShades.value_of("Dark"); }), "there is no shade 'Dark'; choose light, dark or no shade");
  EXPECT_EQ(message_of<UsageError>([] { throw_unknown_name("size", "", std::array<std::string_view, 1>{"one"}); }),
            "there is no size ''; choose one");
}

}  // namespace
}  // namespace cudenza::testing
