/// Strings in HDF5 attributes and data sets. hdf5::Entered must be held.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// UTF-8 of variable length, as h5py writes it.
Handle text_type();
/// Pointers to the texts, as text_type() expects in memory. Throws UsageError for a text with a zero byte, where HDF5 would end
/// it.
std::vector<const char*> text_pointers(std::span<const std::string>);
/// Fills a buffer with values of the library's type `memory`, or throws.
using ReadValues = std::function<void(Id memory, void* buffer)>;
/// `count` strings of the file's type `stored`, of fixed or variable length.
std::vector<std::string> read_texts(Id stored, size_t count, const ReadValues&);

}  // namespace cudenza::hdf5
