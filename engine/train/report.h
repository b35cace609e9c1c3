/// RUN/report.html: a run for a person to read, on a phone, on a desk or on paper.
#pragma once
#include <filesystem>

namespace cudenza {

/// Draws RUN/plots and writes RUN/report.html from the other files of the run directory and from nothing else: one file that
/// needs no other and no network. Throws DataError if predictions.csv or model_card.json are missing or cannot be read; what
/// else is missing is left out.
void write_report(const std::filesystem::path& run);

}  // namespace cudenza
