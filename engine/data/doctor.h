/// What is wrong with a data set: every file opened and decoded, and compared with all others.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"

namespace cudenza {

/// In the order in which they are reported: those that make a file useless, those that make it suspect, those of folders.
enum class Problem {
  missing,          ///< a CSV names it, or a link leads to it, but it is not there
  unreadable,       ///< the system does not let the file, or a folder with its files, be read
  empty,            ///< no bytes, or no samples
  corrupt,          ///< cannot be decoded
  truncated,        ///< damaged or cut off: only a part can be decoded
  not_finite,       ///< NaN or infinite samples
  silent,           ///< sound: never louder than -60 dBFS when mixed to mono; pictures: one colour
  too_short,        ///< than DoctorOptions::min_seconds, or than a tenth of the median
  too_long,         ///< sounds: ten minutes or more, and twenty times the median: it would count as many clips
  clipped,          ///< more than one sample in 200 at full scale, or some far beyond it
  unheard,          ///< bytes that are no sound, or that are not heard
  odd_rate,         ///< unlike nine in ten of the others, or below 11,025 or above 96,000 Hz
  odd_channels,     ///< unlike nine in ten of the others, or more than two
  odd_size,         ///< of a picture: unlike nine in ten of the others
  wrong_extension,  ///< another format than its name says
  misnamed_folder,  ///< a folder that is named as a file
  empty_class,      ///< a folder beside the classes that holds nothing of the kind
};
constexpr int kProblems = 17;
/// "missing", "wrong_extension" … : the names in JSON, which stay as they are.
std::string_view name_of(Problem);
/// Whether a file that has it cannot be used at all.
bool is_fatal(Problem);

struct Finding {
  Problem problem;
  std::string path;    ///< as in Item::path, or a folder's
  std::string reason;  ///< what exactly: "is truncated: only 3.1 s of 30.0 s are there"
};

enum class Likeness {
  bytes,    ///< the same file
  samples,  ///< other files, the same samples (or pixels within the border)
  sound,    ///< the same recording in another format, rate or level
  excerpt,  ///< one is a part of the other
  overlap,  ///< they share a stretch
  name,     ///< one name in a folder, with several extensions
};
std::string_view name_of(Likeness);

struct Duplicates {
  Likeness likeness;
  std::vector<int> items;  ///< two or more, ascending
  bool labels_differ = false;
  double seconds = 0;  ///< sound, excerpt and overlap: that they share
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
  std::vector<Finding> findings;       ///< by problem, then by path; a file may have several
  std::vector<Duplicates> duplicates;  ///< by likeness. Excerpts of one track (track_of) are none
  std::vector<std::string> notes;      ///< for people; nothing that is wrong

  bool healthy() const { return findings.empty() && duplicates.empty(); }
  int count(Problem) const;
  int usable() const;
};

struct DoctorOptions {
  double min_seconds = 1;
  std::function<void(size_t done, size_t total)> on_file;  ///< after each file, one at a time, from any thread
};

/// Never throws for what a file is or holds.
Diagnosis examine_dataset(const Dataset&, const DoctorOptions& = {});

}  // namespace cudenza
