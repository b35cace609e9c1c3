/// What is learnt from: sounds or pictures with their labels. Files are named here, not opened.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

enum class Media { sound, pictures };

/// What a file is by its extension, in any case: wav, au, flac, ogg and mp3 are sounds, png pictures; anything else is none.
std::optional<Media> media_of(const std::filesystem::path&);

struct Item {
  std::string path;   ///< from the data set's root, with '/'; a CSV may name absolute ones
  int label = 0;      ///< index into classes
  std::string split;  ///< from a CSV: "train", "valid" or "test"; else empty
};

struct Dataset {
  std::filesystem::path root;
  Media media = Media::sound;
  std::vector<std::string> classes;  ///< sorted
  std::vector<Item> items;           ///< sorted by path
  bool has_split_column = false;
  std::vector<std::string> empty_folders;     ///< sub-folders of the root without sounds or pictures: no classes
  std::vector<std::string> misnamed_folders;  ///< folders named as files are: "blues/x.wav"
  std::vector<std::string> remarks;           ///< one sentence each about what was passed over, for people

  std::filesystem::path path_of(const Item& item) const { return root / item.path; }
  const std::string& class_of(const Item& item) const { return classes[static_cast<size_t>(item.label)]; }
};

/// `data` is
///   a folder with a sub-folder a class. Files are searched in nested folders too; hidden ones and unknown extensions are
///   passed over; symbolic links are followed;
///   or a CSV file whose first line is `path,label` or `path,label,split`, in any order, other columns ignored. Paths are
///   relative to the CSV's folder; splits are train, valid (also val, validation), test or empty.
/// Throws DataError that names file, line, value and remedy: nothing there, sounds mixed with pictures, bad lines of a CSV.
Dataset open_dataset(const std::filesystem::path& data);

}  // namespace cudenza
