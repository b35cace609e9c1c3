/// A data set with everything that can be wrong with a file, beside some that are good.
#pragma once
#include <filesystem>

namespace cudenza::testing {

/// Makes DATA/bad/… and DATA/good/…: eleven good sounds of 2 s (22,050 Hz mono 16 bit), and one file a fault, named after it.
/// `long_hours` is the length of bad/hours_long.wav, which takes hardly any disk: most of it is a hole.
void make_bad_inputs(const std::filesystem::path& data, double long_hours);

}  // namespace cudenza::testing
