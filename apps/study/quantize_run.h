/// A trained model for inference in bytes (engine/nn/int8.h): calibrated on clips, and judged beside f32.
#pragma once
#include <filesystem>

#include "apps/study/evaluate_run.h"

namespace cudenza {

struct QuantizeChoice {
  std::filesystem::path run;       ///< a run's directory, or a model's file
  std::filesystem::path data;      ///< a data set with the model's classes, or some of them
  std::filesystem::path out = {};  ///< the file to write; empty: int8.h5 beside the model
  int clips = 64;                  ///< to calibrate on
  int workers = 0;                 ///< threads that decode; 0: one a core
  bool strict = false;             ///< a bad file ends it
};

struct QuantizedRun {
  std::filesystem::path out;
  int64_t clips = 0;               ///< that it was calibrated on
  int64_t in_bytes = 0;            ///< layers that compute in bytes
  std::string part = {};           ///< of the data that both were judged by
  Proportion f32 = {}, int8 = {};  ///< correct answers
  int64_t changed = 0;             ///< answers that are others than f32's
};

/// Calibrates on clips that the model learnt from, drawn by the seed, or if the data has none of them on any. Judges by what eval
/// judges by. Throws DataError and UsageError like evaluate_run(); UsageError where `device` is a GPU.
QuantizedRun quantize_run(const QuantizeChoice&, const Compute&, Observer&);

}  // namespace cudenza
