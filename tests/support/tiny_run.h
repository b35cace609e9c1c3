/// A data set of eight short tones, and runs that learn to tell low from high: the least that the verbs can be tried on.
#pragma once
#include <filesystem>
#include <string>

#include "tests/support/scratch_folder.h"

namespace cudenza::testing {

/// Memory where there is a file system in it: what a test writes a thousand times nobody keeps.
std::filesystem::path quick_place();

/// Every tensor of an HDF5 file by name and content, as text. Throws DataError if one cannot be read.
std::string tensors_of(const std::filesystem::path&);

class TinyRun {
 public:
  /// Makes the data, and keeps the cache of decoded sound apart from the user's.
  TinyRun();

  const std::filesystem::path& folder() const { return scratch_.path(); }
  std::filesystem::path data() const { return folder() / "data"; }

  /// The arguments that train on the data into `out`.
  std::string train(const std::filesystem::path& out, int epochs = 1) const;
  /// Trains into `out`. Throws std::runtime_error with what the program said if it fails.
  void make(const std::filesystem::path& out, int epochs = 1) const;
  /// Trains into `out`, and stops the run after its first epoch, as a closed terminal does.
  void make_stopped(const std::filesystem::path& out, int epochs) const { stop_early(train(out, epochs), out); }
  /// The same with other arguments, which train into `out`.
  static void stop_early(const std::string& arguments, const std::filesystem::path& out);
  /// What the run came to: its predictions, its split and its weights.
  static std::string result_of(const std::filesystem::path& out);

 private:
  ScratchFolder scratch_{quick_place()};
};

}  // namespace cudenza::testing
