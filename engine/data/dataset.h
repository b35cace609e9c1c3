/// Data sets: sounds or pictures with their labels. Files are named here, not opened.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/folder_walk.h"

namespace cudenza {

enum class Media { sound, pictures };

/// Media of a file by its extension, in any case: wav, au, flac, ogg and mp3 are sounds, png pictures; else nullopt.
std::optional<Media> media_of(const std::filesystem::path&);

struct Item {
  std::string path;        ///< relative to the data set's root, with '/'; a CSV may also name absolute paths
  int label = 0;           ///< index into classes
  std::string split;       ///< "train", "valid" or "test"; empty without a split
  std::string track = {};  ///< from a CSV: the recording that the file is a part of; else empty
};

struct Dataset {
  std::filesystem::path root;
  Media media = Media::sound;
  std::vector<std::string> classes;           ///< sorted
  std::vector<Item> items;                    ///< sorted by path
  bool has_split = false;                     ///< Item::split is set: a CSV has the column, or there are folders train, val, test
  std::vector<std::string> empty_folders;     ///< class folders without sounds or pictures: no classes
  std::vector<std::string> misnamed_folders;  ///< folders named like files: "blues/x.wav"
  std::vector<UnreadFolder> unread_folders;   ///< their files are left out
  std::vector<std::string> remarks;           ///< for people: one sentence each about what was skipped and how the data was read

  std::filesystem::path path_of(const Item& item) const { return root / item.path; }
  const std::string& class_of(const Item& item) const { return classes[static_cast<size_t>(item.label)]; }
};

/// `data` is one of:
///   a folder with one sub-folder per class. Nested folders are searched too (walk_folder()); unknown extensions are skipped;
///   a folder with sub-folders train and val or test (or the other names that a CSV may use), each with one sub-folder per class:
///   the items have their split;
///   a CSV file whose first line names the columns path and label, optionally split and track, in any order; others are ignored.
///   Paths are relative to the CSV's folder; splits are train, valid (also val, validation), test or empty; files with the same
///   `track` are parts of one recording.
/// Classes whose names differ only by blanks or capitals stay separate, with a remark.
/// Throws DataError that names file, line, value and remedy: nothing found, sounds mixed with pictures, bad lines of a CSV.
Dataset open_dataset(const std::filesystem::path& data);

}  // namespace cudenza
