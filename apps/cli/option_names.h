/// From the engine's words to the command line's.
#pragma once
#include <string>
#include <string_view>

namespace cudenza {

/// A message of the engine with its fields (`batch_size`, between backquotes) as the options that set them (--batch-size).
std::string with_options(std::string_view message);

}  // namespace cudenza
