#include "engine/libraries/math_mode.h"

#include <cstdlib>
#include <mutex>
#include <string_view>

namespace cudenza {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value && std::string_view(value) != "0";
}

struct Setting {
  std::mutex mutex;
  MathMode mode{.autotune = is_set("CUDENZA_AUTOTUNE")};
};

Setting& setting() {
  static Setting instance;
  return instance;
}

}  // namespace

MathMode math_mode() {
  std::lock_guard lock(setting().mutex);
  return setting().mode;
}

void set_math_mode(const MathMode& mode) {
  std::lock_guard lock(setting().mutex);
  setting().mode = mode;
}

}  // namespace cudenza
