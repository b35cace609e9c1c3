/// Sounds to what a network sees of them, step by step, in an HDF5 file for other programs and as pictures for the eye.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/study/compute.h"
#include "apps/study/observer.h"
#include "engine/audio/mel_spec.h"
#include "engine/audio/picture.h"

namespace cudenza {

struct FeatureChoice {
  std::vector<std::string> inputs;          ///< sound files, folders of them, CSV lists (sound_inputs.h)
  std::filesystem::path out;                ///< the HDF5 file
  std::filesystem::path png = {};           ///< a folder for pictures with axes; empty: none are drawn
  std::string preset = "seed";              ///< what `mel` began as
  MelSpec mel = {};                         ///< the spectrograms
  PictureSpec picture = {};                 ///< the network's input
  Normalize normalize = Normalize::global;  ///< how it is made of them
  std::filesystem::path statistics = {};    ///< another features file whose statistics are taken; empty: those of these clips
  int threads = 0;                          ///< that decode; 0: one a core
  bool cache = true;                        ///< of decoded sound
  bool strict = false;                      ///< a bad file ends the work
};

struct FeatureReport {
  struct Clip {
    std::string name, file;
    double seconds = 0;
    int64_t frames = 0;
    float lowest_db = 0, highest_db = 0;
  };
  struct Skipped {
    std::string file, reason;
  };
  std::vector<Clip> clips;
  std::vector<Skipped> skipped;
};

/// Writes /<clip>/mel_db [bands, frames] in decibels, /<clip>/image [rows, columns, channels], /clips (their names), the
/// statistics, and what everything was made with. Throws UsageError before the work if a choice makes no sense or a place is
/// another's, DataError if no file can be used.
FeatureReport write_features(const FeatureChoice&, const Compute&, Observer&);

}  // namespace cudenza
