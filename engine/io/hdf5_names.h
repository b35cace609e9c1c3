/// Names in HDF5 files, and which of them are followed. hdf5::Entered must be held.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// "/a/b" of "a/b" or "/a/b". Throws UsageError for names that could be mistaken.
std::string absolute(std::string_view name);
/// Whether an absolute() path leads through hard links to something. Soft and external links are as good as absent: they may
/// lead into other files.
bool exists(Id file, const std::string& path);
/// For the library's iterations: appends to `names`, a std::vector<std::string>. 0, or -1 to end the iteration as failed.
int keep_name(const char* name, void* names) noexcept;
/// Options for links that make the groups on their way.
Handle link_options();
bool is_data_set_of_texts(Id file, const std::string& path);
/// The data sets in the group `at` (an absolute() path) and below it, without a leading slash, sorted; not those of texts.
std::vector<std::string> data_set_names(const std::filesystem::path&, Id file, const std::string& at);

}  // namespace cudenza::hdf5
