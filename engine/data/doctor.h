/// Checks a data set: opens and decodes every file and compares it with all others.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"

namespace cudenza {

/// In the order of the report: problems that make a file useless, that make it suspect, and those of folders.
enum class Problem {
  missing,          ///< named by a CSV or a link, but does not exist
  unreadable,       ///< the system denies reading the file, or a folder with its files
  empty,            ///< no bytes, or no samples
  corrupt,          ///< cannot be decoded
  truncated,        ///< damaged or cut off: only a part can be decoded
  not_finite,       ///< NaN or infinite samples
  silent,           ///< sound: never louder than -60 dBFS when mixed to mono; pictures: one colour
  too_short,        ///< shorter than DoctorOptions::min_seconds, or than a tenth of the median
  too_long,         ///< sounds: at least ten minutes and twenty times the median: would count as many clips
  clipped,          ///< more than one sample in 200 cut off at full scale (floats: at the peak), or some far beyond it
  unheard,          ///< bytes that are no sound or are not heard
  odd_rate,         ///< differs from nine in ten of the others, or below 11,025 or above 96,000 Hz
  odd_channels,     ///< differs from nine in ten of the others, or more than two
  odd_size,         ///< pictures: differs from nine in ten of the others
  wrong_extension,  ///< another format than the name says
  misnamed_folder,  ///< a folder named like a file
  empty_class,      ///< a folder among the classes that holds no such files
};
constexpr int kProblems = 17;
/// "missing", "wrong_extension" … : the names in JSON, which stay stable.
std::string_view name_of(Problem);
/// Whether the problem makes a file unusable.
bool is_fatal(Problem);

struct Finding {
  Problem problem;
  std::string path;    ///< Item::path, or a folder's path
  std::string reason;  ///< details: "is truncated: only 3.1 s of 30.0 s are there"
};

enum class Likeness {
  bytes,    ///< equal files
  samples,  ///< different files with equal samples (or pixels within the border)
  sound,    ///< the same recording in another format, rate or level
  excerpt,  ///< one is a part of the other
  overlap,  ///< both contain the same stretch
  name,     ///< the same name in one folder, with different extensions
};
std::string_view name_of(Likeness);

struct Duplicates {
  Likeness likeness;
  std::vector<int> items;  ///< two or more, ascending
  bool labels_differ = false;
  double seconds = 0;  ///< sound, excerpt and overlap: length of the shared stretch
};

struct FileFacts {
  bool usable = false;
  int64_t bytes = 0;
  std::string format;
  double seconds = 0;                 ///< sounds
  int sample_rate = 0, channels = 0;  ///< sounds
  int height = 0, width = 0;          ///< pictures
};

struct Diagnosis {
  std::vector<FileFacts> files;        ///< of each item
  std::vector<Finding> findings;       ///< by problem, then by path; several per file are possible
  std::vector<Duplicates> duplicates;  ///< by likeness, without excerpts of one track (track_of)
  std::vector<std::string> notes;      ///< for people; not problems

  bool healthy() const { return findings.empty() && duplicates.empty(); }
  int count(Problem) const;
  int usable() const;
};

struct DoctorOptions {
  double min_seconds = 1;
  std::function<void(size_t done, size_t total)> on_file;  ///< after each file; one call at a time, from any thread
};

/// Never throws for what a file is or holds.
Diagnosis examine_dataset(const Dataset&, const DoctorOptions& = {});

}  // namespace cudenza
