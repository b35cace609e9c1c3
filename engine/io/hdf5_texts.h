/// Texts in HDF5 files, whether an attribute or a data set holds them. hdf5::Entered must be held.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {

/// UTF-8 of any length, as h5py writes it.
Handle text_type();
/// Pointers to texts that have no zero byte (HDF5 would end them there; throws UsageError): what text_type() is in memory.
std::vector<const char*> text_pointers(std::span<const std::string>);
/// Fills a buffer with values of the library's type `memory`, or throws.
using ReadValues = std::function<void(Id memory, void* buffer)>;
/// `count` texts that the file holds as `stored`, a string type of fixed or variable length.
std::vector<std::string> read_texts(Id stored, size_t count, const ReadValues&);

}  // namespace cudenza::hdf5
