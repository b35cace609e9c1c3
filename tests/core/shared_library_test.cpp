#include "engine/core/shared_library.h"

#include <gtest/gtest.h>

#include "engine/core/error.h"

namespace cudenza::testing {
namespace {

std::string error_of(const auto& f) {
  try {
    f();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SharedLibrary, GivesFunctionsByName) {
  const SharedLibrary library("libm.so.6", "install a C library");
  EXPECT_EQ(library.function<double(double)>("floor")(2.5), 2);
}

TEST(SharedLibrary, SaysWhatIsMissingAndWhatHelps) {
  const std::string absent = error_of([] { SharedLibrary("libabsent.so.3", "install absent 3"); });
  EXPECT_NE(absent.find("libabsent.so.3 cannot be loaded"), std::string::npos) << absent;
  EXPECT_NE(absent.find("; install absent 3"), std::string::npos) << absent;
  const SharedLibrary library("libm.so.6", "");
  const std::string old = error_of([&] { library.function<void()>("of_next_year"); });
  EXPECT_NE(old.find("libm.so.6 has no of_next_year"), std::string::npos) << old;
}

}  // namespace
}  // namespace cudenza::testing
