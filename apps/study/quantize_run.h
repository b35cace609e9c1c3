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
  Int8Facts facts = {};
};

/// Calibrates on clips that the model learnt from, drawn by the seed, or if the data has none of them on any. Judges by what eval
/// judges by, and writes the file at the end. Throws DataError and UsageError like evaluate_run(); UsageError where `device` is a
/// GPU, or if the model is quantized already.
QuantizedRun quantize_run(const QuantizeChoice&, const Compute&, Observer&);

}  // namespace cudenza
