/// What a run is made of: its classes, its files with what they hold and what they are for, its options. It stands in last.h5 and
/// best.h5 (group "run"), so that a run that goes on knows whether its data are still the same, and a judge which clips a model
/// has learnt from. The CSV files and config.toml beside them are for people.
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
  int64_t clips = -1;   ///< rows made of it, 0 if it could not be used; -1: not known yet
};

struct RunIdentity {
  std::string data;                  ///< the folder or CSV, as an absolute path
  std::string options;               ///< what config.toml said
  std::vector<std::string> classes;  ///< in the order of the network's outputs
  std::vector<RunFile> files;        ///< those with a part, sorted by path
};

void write_identity(Hdf5File&, const RunIdentity&);
/// Nothing if the file has none, or one whose files have other hashes, as those of version 0.1. Throws DataError for one that cannot be read.
std::optional<RunIdentity> read_identity(const Hdf5File&);

/// The first thing in which `now` is not what `run` was, in one sentence without a full stop: a class, then a file. Empty if all
/// is the same. Numbers of clips are compared where both know them.
std::string difference(const RunIdentity& run, const RunIdentity& now);

/// The hashes of the files' bytes as text, on so many threads (0: one a core). Empty for what is no file or cannot be read.
std::vector<std::string> contents_of(std::span<const std::filesystem::path>, int threads);

}  // namespace cudenza
