/// Names in HDF5 files, and which links are followed. hdf5::Entered must be held.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// "/a/b" for "a/b" or "/a/b". Throws UsageError for ambiguous names.
std::string absolute(std::string_view name);
/// Whether an absolute() path leads through hard links to something. Soft and external links count as absent: they may lead into
/// other files.
bool exists(Id file, const std::string& path);
/// Callback for the library's iterations: appends to `names`, a std::vector<std::string>. Returns 0, or -1 to end with failure.
int keep_name(const char* name, void* names) noexcept;
/// Link options that create missing groups.
Handle link_options();
bool is_data_set_of_texts(Id file, const std::string& path);
/// Data sets in the group `at` (an absolute() path) and below it, without a leading slash, sorted; text data sets are left out.
std::vector<std::string> data_set_names(const std::filesystem::path&, Id file, const std::string& at);

}  // namespace cudenza::hdf5
