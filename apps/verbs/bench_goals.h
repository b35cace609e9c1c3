/// The goals for a GPU, and what measurements say of them.
#pragma once
#include <filesystem>

namespace cudenza {

/// Prints a table (or JSON): each goal, what was measured, whether it is met. `folder` is where bench/gpu_check.sh leaves its
/// measurements; what is not there counts as not measured. Throws DataError for a file that is no JSON.
void print_goals(const std::filesystem::path& folder, bool as_json);

}  // namespace cudenza
