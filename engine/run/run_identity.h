/// The inputs of a run: its classes, its files with their content and split, its options. Stored in last.h5 and best.h5 (group
/// "run"): a resumed run checks that its data is unchanged, and evaluation knows which clips a model was trained on. The CSV
/// files and config.toml beside them are for people.
#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/hdf5_file.h"

namespace cudenza {

struct RunFile {
  std::string path;     ///< as the data set names it
  std::string label;    ///< its class
  std::string part;     ///< train, valid or test
  std::string content;  ///< the hash of its bytes, 32 hexadecimal digits; empty if it could not be read
  int64_t clips = -1;   ///< rows made from it, 0 if it was unusable; -1: not known yet
};

struct RunIdentity {
  std::string data;                         ///< the folder or CSV, as an absolute path
  std::string options;                      ///< the text of config.toml
  std::vector<std::string> classes;         ///< in the order of the network's outputs
  std::vector<RunFile> files;               ///< those with a split, sorted by path
  std::optional<bool> valid_is_drawn = {};  ///< Split's; nothing: the run does not say
};

void write_identity(Hdf5File&, const RunIdentity&);
/// nullopt if the file has none, or one with other hashes (version 0.1). Throws DataError if it cannot be read.
std::optional<RunIdentity> read_identity(const Hdf5File&);

/// The first difference between `run` and `now`, in one sentence without a full stop: a class, then a file. Empty if they are
/// equal. Numbers of clips are compared only if both are known.
std::string difference(const RunIdentity& run, const RunIdentity& now);

/// Hashes of the files' bytes as text, computed on `threads` threads (0: one per core). Empty for files that cannot be read.
std::vector<std::string> contents_of(std::span<const std::filesystem::path>, int threads);

}  // namespace cudenza
