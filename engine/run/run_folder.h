/// Run folders: which of them this program may write to, and which it may trust.
#pragma once
#include <filesystem>
#include <string_view>
#include <vector>

#include "engine/run/run_files.h"

namespace cudenza {

/// The start of every HTML page of ours: it identifies a report as a file of this program.
inline constexpr std::string_view kPageBegins =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
    "dark\">\n";

/// Throws UsageError, naming `option`, unless a run or its evaluation may be written to `folder`: it is new, empty, or holds
/// files of this program, and no other file has one of a run's names. Hidden files are ignored, and files of other names are
/// never touched. Throws DataError if the folder cannot be made or written to.
void check_run_folder(std::string_view option, const std::filesystem::path& folder);

/// The same for a folder that must also lie outside the data set (check_outside() in own_files.h).
void check_run_folder(std::string_view option, const std::filesystem::path& folder, const std::filesystem::path& data);

/// A run may come from a stranger. Throws DataError unless every file that its report reads is a regular file in the run, of a
/// plausible size, and the report's files go to real folders and replace only this program's files.
void check_report_folder(const std::filesystem::path& run);

/// The picture named by a row of mistakes.csv; empty if it names none or the file is gone. Throws DataError if it is no regular
/// file directly in RUN/mistakes.
std::filesystem::path mistake_picture(const std::filesystem::path& run, const Mistake&);

/// Removes the pictures of an earlier evaluation: the NN.png that RUN/mistakes/mistakes.csv names, and nothing else.
void remove_mistake_pictures(const std::filesystem::path& run);

}  // namespace cudenza
