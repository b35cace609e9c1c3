/// The folders of runs as places: which of them this program may write into, and which it may believe.
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/run/run_files.h"

namespace cudenza {

/// How every HTML page of ours begins: by this a report is known again as a file of this program.
inline constexpr std::string_view kPageBegins =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
    "dark\">\n";

/// Throws UsageError, naming `option`, unless a run, or what judges one, may be written into `folder`: it is new, empty, or this
/// program wrote files there, and each of a run's names that is taken there is taken by such a file. Hidden files do not
/// count. Files of other names are never touched. Throws DataError if the folder cannot be made or written to.
void check_run_folder(std::string_view option, const std::filesystem::path& folder);

/// The same for a folder that must not become a part of the data set either (check_outside() in own_files.h).
void check_run_folder(std::string_view option, const std::filesystem::path& folder, const std::filesystem::path& data);

/// A run may come from a stranger. Throws DataError unless every file that its report reads is a regular file within the run,
/// of a size that such files have, and what the report writes goes to real folders and over this program's own files.
void check_report_folder(const std::filesystem::path& run);

/// The picture that a row of mistakes.csv names, if it may be shown; empty if it names none or the file is gone. Throws
/// DataError if it is no regular file in RUN/mistakes itself.
std::filesystem::path mistake_picture(const std::filesystem::path& run, const Mistake&);

/// Takes an earlier judgement's pictures away: the NN.png that RUN/mistakes/mistakes.csv names. Nothing else is removed.
void remove_mistake_pictures(const std::filesystem::path& run);

}  // namespace cudenza
