/// cudenza info RUN: a trained model, and whether it is quantized.
#pragma once
#include <filesystem>

namespace cudenza {

/// Prints what the model of a run's directory, or of a file, is and how well it did.
void describe_model(const std::filesystem::path& run, bool as_json);

}  // namespace cudenza
