/// A network's weights in our HDF5 files, and what a file says about them.
///
/// One f32 data set a tensor, under its PyTorch name ("/layer1.0.conv1.weight") and in PyTorch's order: filters OIHW where the
/// engine has KRSC, and the columns of a linear layer that follows a flatten c, h, w where the engine has h, w, c. What else
/// a file holds (an optimizer's state) stands in groups of its own, which are not looked at here.
#pragma once
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/io/hdf5_file.h"
#include "engine/nn/module.h"

namespace cudenza {

/// The root attributes of a file with weights, beside `format` ("cudenza") and `format_version`. More than a thousand classes are
/// a data set of that name: an attribute has no room for some 4,000.
struct WeightsInfo {
  std::string arch = {};                        ///< "resnet50"
  std::string source = {}, source_sha256 = {};  ///< the file they were converted from; empty if they were trained here
  int64_t input_size = 224;                     ///< side of the pictures, in pixels
  std::vector<double> mean = {0.485, 0.456, 0.406}, std = {0.229, 0.224, 0.225};  ///< of each channel, pictures being 0..1
  std::string interpolation = "bilinear";
  std::vector<std::string> classes = {};  ///< names of the logits
};
void write_info(Hdf5File&, const WeightsInfo&);
/// Throws DataError if the file is not one of ours, or of a version that this program does not know.
WeightsInfo read_info(const Hdf5File&);

/// What `read` gives of a file. A UsageError there becomes a DataError in the file's name: its values are wrong, and not what the
/// user asked for.
template <class Read> auto sensible(const Hdf5File& file, std::string_view what, Read&& read) {
  try {
    return read();
  } catch (const UsageError& error) {
    throw DataError(fmt::format("{}: {} makes no sense: {}", file.path().string(), what, error.what()));
  }
}

/// One tensor of a network, and how files hold it.
struct StateEntry {
  std::string name;
  Tensor tensor;     ///< as the engine holds it: [rows, positions, channels]
  Shape file_shape;  ///< as files hold it: [rows, channels, positions]
  int64_t rows = 1, channels = 1, positions = 1;
};
/// A network's state_dict() in its order. Tensors share their elements with the network's.
std::vector<StateEntry> file_state(const Module&);
/// A tensor laid out as its entry says (a parameter, or its gradient in the parameter's stead) in files' order, f32 on the CPU.
Tensor as_in_file(const StateEntry&);

/// Throws DataError naming file, tensor, count and `remedy` if any of `values` is NaN or infinite.
void require_finite(const Hdf5File&, std::string_view name, const Tensor& values, std::string_view remedy);

/// Throws DataError for weights that are not finite.
void write_state(Hdf5File&, const Module&, std::string_view group = "/");

struct LoadOptions {
  /// Beginnings of names ("fc.", "head."): such tensors of the network keep their values, and such of the file are left out.
  std::vector<std::string> replace_head = {};
  bool allow_missing = false;     ///< the network's tensors that the file lacks keep their values
  bool allow_unexpected = false;  ///< the file's tensors that the network lacks are left out
  std::string group = "/";
};

struct LoadReport {
  std::vector<std::string> loaded, replaced, missing, unexpected;
  bool summed_channels = false;  ///< the first filters were made for colours, and summed for a network of one channel

  std::string text() const;  ///< in one line: "loaded 318 tensors; new: fc.weight fc.bias"
};

/// Loads the weights of a file into a network, wherever it lives. Colour filters [O,3,h,w] that meet a first convolution of
/// one channel are summed. PyTorch's counters of batches (num_batches_tracked) are ignored.
/// Throws DataError, and leaves the network as it is, if shapes differ, names do in a way the options do not allow, or a number
/// that would be loaded is not finite.
LoadReport read_state(const Hdf5File&, Module&, const LoadOptions& = {});

}  // namespace cudenza
