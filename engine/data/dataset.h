/// What is learnt from: sounds or pictures with their labels. Files are named here, not opened.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/folder_walk.h"

namespace cudenza {

enum class Media { sound, pictures };

/// What a file is by its extension, in any case: wav, au, flac, ogg and mp3 are sounds, png pictures; anything else is none.
std::optional<Media> media_of(const std::filesystem::path&);

struct Item {
  std::string path;        ///< from the data set's root, with '/'; a CSV may name absolute ones
  int label = 0;           ///< index into classes
  std::string split;       ///< "train", "valid" or "test"; else empty
  std::string track = {};  ///< from a CSV: what the file is a part of; else empty
};

struct Dataset {
  std::filesystem::path root;
  Media media = Media::sound;
  std::vector<std::string> classes;           ///< sorted
  std::vector<Item> items;                    ///< sorted by path
  bool has_split = false;                     ///< a CSV has the column, or there are folders train, val, test: Item::split counts
  std::vector<std::string> empty_folders;     ///< where a class should be, without sounds or pictures: no classes
  std::vector<std::string> misnamed_folders;  ///< folders named as files are: "blues/x.wav"
  std::vector<UnreadFolder> unread_folders;   ///< whose files are left out
  std::vector<std::string> remarks;           ///< one sentence each about what was passed over and how it was read, for people

  std::filesystem::path path_of(const Item& item) const { return root / item.path; }
  const std::string& class_of(const Item& item) const { return classes[static_cast<size_t>(item.label)]; }
};

/// `data` is
///   a folder with a sub-folder a class. Files are searched in nested folders too, as walk_folder() does; unknown extensions are
///   passed over;
///   or a folder with sub-folders train and val or test (or other names that a CSV may have), and in these one a class: the items
///   have their split;
///   or a CSV file whose first line names the columns path and label, and perhaps split and track, in any order; others are
///   ignored. Paths are relative to the CSV's folder; splits are train, valid (also val, validation), test or empty; files with
///   the same word under `track` are parts of one recording.
/// Classes whose names differ only by blanks or capitals are kept apart and remarked on.
/// Throws DataError that names file, line, value and remedy: nothing there, sounds mixed with pictures, bad lines of a CSV.
Dataset open_dataset(const std::filesystem::path& data);

}  // namespace cudenza
