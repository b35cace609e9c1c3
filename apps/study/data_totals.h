/// A data set in figures, from what the doctor (engine/data/doctor.h) has found in its files.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/doctor.h"

namespace cudenza {

/// What is counted over usable files.
struct DataTotals {
  double seconds = 0;
  int64_t bytes = 0;                          ///< of unusable files too
  std::vector<double> lengths;                ///< of sounds in seconds, ascending
  std::map<int, int> rates, channels;         ///< of sounds: files by sample rate in Hz, by number of channels
  std::map<std::string, int> formats, sizes;  ///< files by format; of pictures by "WIDTHxHEIGHT"
};

struct ClassTotals {
  int files = 0, usable = 0;
  double seconds = 0;
};

DataTotals totals_of(const Dataset&, const Diagnosis&);
/// In the order of Dataset::classes.
std::vector<ClassTotals> class_totals(const Dataset&, const Diagnosis&);
/// The largest class by the smallest, of usable files; nothing if a class has none.
std::optional<double> imbalance_of(std::span<const ClassTotals>);
/// "3 of 1000 files cannot be used, 2 findings are suspect, 1 duplicate"; empty if nothing is wrong.
std::string verdict(const Dataset&, const Diagnosis&);

}  // namespace cudenza
