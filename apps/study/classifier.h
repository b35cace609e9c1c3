/// A trained model in use: what it hears in files and in samples.
///
///   const cudenza::Classifier classifier("run");
///   for (const auto& [name, probability] : classifier("song.mp3").top(3))
///     std::printf("%s %.1f %%\n", name.c_str(), 100 * probability);
#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/study/compute.h"
#include "apps/study/prediction.h"
#include "engine/data/dataset.h"

namespace cudenza {

/// The defaults are those of `cudenza predict`.
struct ClassifierOptions {
  Compute compute = {};
  double window = 0;                      ///< seconds that are heard at once; 0: as many as in training
  double hop = 0;                         ///< seconds from window to window; 0: half a window
  Aggregate aggregate = Aggregate::mean;  ///< of the windows
  int tta = 0;                            ///< augmented passes joined with the plain one
  int batch_size = 32;                    ///< windows that the network hears together
};

/// Sound in memory, full scale 1. The classifier reads it and keeps nothing of it.
struct SoundSamples {
  std::span<const float> interleaved;  ///< [frames, channels]: left, right, left, right, …
  int sample_rate = 0;                 ///< Hz
  int channels = 1;
};

/// The network, read once and kept on its device. Several threads may use one classifier: a call that finds another at work
/// waits for its end, since one call takes all cores, or the whole GPU. Several classifiers may live side by side, but MathMode
/// is the process's: the one made last decides (chosen_type() in compute.h).
class Classifier {
 public:
  /// `run` is a run's directory, which means its best.h5, or a model's file. Throws DataError if there is no model that can be
  /// read, UsageError for options that make no sense, DeviceError if the device is not there or lacks memory.
  explicit Classifier(const std::filesystem::path& run, const ClassifierOptions& = {});
  ~Classifier();
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;

  /// What the model hears in a file: of any length, rate and number of channels if it learnt from sounds, a PNG if it learnt from
  /// pictures. The file is read in pieces: an hour takes no more memory than a minute. Throws DataError, naming the file, if it
  /// cannot be used.
  Prediction operator()(const std::filesystem::path& file) const;
  /// The same for samples. Without gaps between windows the result is that of a file with these samples, to the bit (after a gap
  /// a file is entered anew, and resampling may round differently). Throws UsageError if they make no sound, or if the model
  /// learnt from pictures; DataError for samples that are not numbers.
  Prediction operator()(const SoundSamples&) const;

  const std::vector<std::string>& classes() const;
  /// What the model learnt from.
  Media media() const;
  Device device() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cudenza
