/// Sounds or pictures in a folder that a user names.
#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "apps/study/observer.h"
#include "engine/data/dataset.h"

namespace cudenza {

/// Whether a path is a folder, or a link to one; false for what is not there or may not be looked at.
bool is_folder(const std::filesystem::path&);

/// Warns the observer of nested folders of `root` that cannot be read; with `strict` the first is a DataError.
void tell_unread(const std::filesystem::path& root, std::span<const UnreadFolder>, bool strict, Observer&);

/// The files of this kind in the folder and in nested ones, as walk_folder() finds them, with the folder's path in front.
/// Folders that cannot be read are told by tell_unread(). Throws DataError if there are no such files.
std::vector<std::filesystem::path> files_in_folder(const std::filesystem::path& folder, Media, bool strict, Observer&);

}  // namespace cudenza
