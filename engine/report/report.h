/// RUN/report.html: a run for people to read, on a phone, a desktop or paper.
#pragma once
#include <filesystem>
#include <string>

namespace cudenza {

/// Draws RUN/plots and makes the page from the run directory's other files only: one file that needs no other file and no
/// network. Throws DataError if predictions.csv or model_card.json is missing or cannot be read, if a file differs from
/// checksums.txt, or if the run refers to files outside (check_report_folder() in run_folder.h). Other missing files are left
/// out.
std::string report_page(const std::filesystem::path& run);

/// Writes the page to RUN/report.html.
void write_report(const std::filesystem::path& run);

}  // namespace cudenza
