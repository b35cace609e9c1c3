#include "engine/core/print_err.h"

#include <cstdio>

namespace cudenza {

void write_err(std::string_view text) noexcept {
  if (std::fwrite(text.data(), 1, text.size(), stderr) < text.size()) std::clearerr(stderr);
}

}  // namespace cudenza
