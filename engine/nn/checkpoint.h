/// Checkpoints: a network's weights and their description in our HDF5 files.
///
/// One f32 data set per tensor, under its PyTorch name ("/layer1.0.conv1.weight") and in PyTorch's order: filters are OIHW
/// (KRSC in the engine), and the columns of a linear layer after a flatten are c, h, w (h, w, c in the engine). Other
/// contents, such as an optimizer's state, are in groups of their own, which this code ignores.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/hdf5_file.h"
#include "engine/nn/module.h"

namespace cudenza {

/// The root attributes of a weights file, besides `format` ("cudenza") and `format_version`. More than a thousand classes are
/// stored as a data set of that name, because about 4,000 do not fit in an attribute.
struct WeightsInfo {
  std::string arch = {};                        ///< "resnet50"
  std::string source = {}, source_sha256 = {};  ///< the file they were converted from; empty if they were trained here
  int64_t input_size = 224;                     ///< side of the pictures, in pixels
  std::vector<double> mean = {0.485, 0.456, 0.406}, std = {0.229, 0.224, 0.225};  ///< of each channel, for pictures in 0..1
  std::string interpolation = "bilinear";
  std::vector<std::string> classes = {};  ///< names of the logits
  /// Of the weights or, of a model trained here, of those that it began with; empty: not known.
  std::string license = {}, origin = {};
  std::string note = {};  ///< how the network that they were made for differs from ours; empty: it does not
};
void write_info(Hdf5File&, const WeightsInfo&);
/// Throws DataError if the file is not ours, or its version is unknown to this program.
WeightsInfo read_info(const Hdf5File&);

/// Returns read(). Turns its UsageError into a DataError that names the file: the file's values are wrong, not the user's.
template <class Read> auto sensible(const Hdf5File& file, std::string_view what, Read&& read) {
  try {
    return read();
  } catch (const UsageError& error) {
    throw DataError(fmt::format("{}: {} makes no sense: {}", file.path().string(), what, error.what()));
  }
}

/// One tensor of a network, and its layout in files.
struct StateEntry {
  std::string name;
  Tensor tensor;     ///< in the engine's layout: [rows, positions, channels]
  Shape file_shape;  ///< in the files' layout: [rows, channels, positions]
  int64_t rows = 1, channels = 1, positions = 1;
};
/// A network's state_dict(), in its order. Tensors share their elements with the network.
std::vector<StateEntry> file_state(const Module&);
/// The entry's tensor (a parameter, or a gradient put in its place) in the files' layout, f32 on the CPU.
Tensor as_in_file(const StateEntry&);

/// Throws DataError naming file, tensor, count and `remedy` if any of `values` is NaN or infinite.
void require_finite(const Hdf5File&, std::string_view name, const Tensor& values, std::string_view remedy);

/// All tensors but those `left_out`. Throws DataError if a weight is not finite.
void write_state(Hdf5File&, const Module&, std::string_view group = "/", std::span<const std::string> left_out = {});

struct LoadOptions {
  /// Prefixes of names ("fc.", "head."): the network keeps its values for these tensors, and the file's are ignored.
  std::vector<std::string> replace_head = {};
  bool allow_missing = false;     ///< tensors missing in the file keep their values
  bool allow_unexpected = false;  ///< tensors missing in the network are ignored
  std::string group = "/";
};

struct LoadReport {
  std::vector<std::string> loaded, replaced, missing, unexpected;
  bool summed_channels = false;  ///< filters for 3 colour channels were summed for a network of 1 channel

  std::string text() const;  ///< one line: "loaded 318 tensors; new: fc.weight fc.bias"
};

/// Loads a file's weights into a network on any device. If the first convolution has one channel and the file's filters are
/// [O,3,h,w], their channels are summed. PyTorch's batch counters (num_batches_tracked) are ignored.
/// Throws DataError and leaves the network unchanged if shapes differ, names differ beyond the options, or a number to load is
/// not finite.
LoadReport read_state(const Hdf5File&, Module&, const LoadOptions& = {});

}  // namespace cudenza
