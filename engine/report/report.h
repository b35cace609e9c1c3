/// RUN/report.html: a run for a person to read, on a phone, on a desk or on paper.
#pragma once
#include <filesystem>
#include <string>

namespace cudenza {

/// Draws RUN/plots and makes the page from the other files of the run directory and from nothing else: one file that needs no
/// other and no network. Throws DataError if predictions.csv or model_card.json are missing or cannot be read, if a file is not
/// what checksums.txt says, or if the run is not closed (check_report_folder() in run_folder.h); what else is missing is left
/// out.
std::string report_page(const std::filesystem::path& run);

/// The page into RUN/report.html.
void write_report(const std::filesystem::path& run);

}  // namespace cudenza
