/// The layers in a list of Keras's variables. Layouts of the names:
///
///   block1_conv1/block1_conv1_W_1:0              Keras 1; roles W b gamma beta running_mean running_std
///   block1_conv1/block1_conv1/kernel:0           Keras 2 and 3; roles kernel bias gamma beta moving_mean moving_variance
///   model_weights/block1_conv1/…                 a whole model, beside its optimizer
///   layers/conv2d_1/vars/0                       Keras 3's .weights.h5: the layer's variables by number
///
/// Kernels are [h,w,in,out], dense layers [in,out], and a flatten counts channels fastest.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "weights/source_layer.h"

namespace cudenza {

struct KerasVariable {
  TensorRecord record;          ///< its name is the path in the file, its shape Keras's
  std::string layer_name = {};  ///< what a group of Keras 3 says of itself ("block1_conv1"); else empty
};

struct KerasFile {
  std::vector<KerasVariable> variables;  ///< in the model's order where the file has it, else in any
  bool is_ordered = false;               ///< the variables are in the model's order
  bool channels_first = false;           ///< the model's pictures are [N,C,H,W]
  std::optional<double> epsilon = {};    ///< of its batch norms, where the file says so
};

/// The convolutions and dense layers, with their batch norms, in the network's order. Layers that are neither are left out.
/// VGG16's and ResNet50's names (keras.applications', old and new) are known and give the order, ResNet50's the depths, too. Of
/// other names the file's order is taken, else that of the numbers in them. Throws DataError naming `file` if a layer has a
/// variable twice, or a batch norm lacks one.
std::vector<SourceLayer> keras_layers(const FileBytes& file, const KerasFile&);

/// Whether this is the path of a variable that keras_layers() knows the role of.
bool is_keras_variable(const std::string& path);

}  // namespace cudenza
