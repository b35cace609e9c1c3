#include "engine/core/shared_library.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"
#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {

TEST(SharedLibrary, GivesFunctionsByName) {
  const SharedLibrary library("libm.so.6", "install a C library");
  EXPECT_EQ(library.function<double(double)>("floor")(2.5), 2);
}

TEST(SharedLibrary, SaysWhatIsMissingAndWhatHelps) {
  const std::string absent = message_of<DeviceError>([] { SharedLibrary("libabsent.so.3", "install absent 3"); });
  expect_says(absent, "libabsent.so.3 cannot be loaded");
  expect_says(absent, "; install absent 3");
  const SharedLibrary library("libm.so.6", "");
  expect_says(message_of<DeviceError>([&] { library.function<void()>("of_next_year"); }), "libm.so.6 has no of_next_year");
}

}  // namespace
}  // namespace cudenza::testing
