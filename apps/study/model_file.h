/// A trained model: a network with everything that whoever uses it must know, in one HDF5 file (best.h5, last.h5).
#pragma once
#include <filesystem>

#include "apps/study/compute.h"
#include "apps/study/int8_file.h"
#include "apps/study/weights_file.h"
#include "engine/nn/checkpoint.h"
#include "engine/train/input_spec.h"
#include "models/registry.h"

namespace cudenza {

struct Model {
  std::string arch;
  HeadKind head = HeadKind::fastai;
  std::vector<std::string> classes;
  InputSpec input;
  double temperature = 1;            ///< of its confidence, fitted on the validation clips
  std::string weights, weights_sha;  ///< the file its training began from; empty: from scratch
  std::string license, origin;       ///< of those weights, where they are known
  std::shared_ptr<Generator> random;
  std::unique_ptr<Network> network;
  Int8Plans int8 = {};        ///< if it is quantized: it computes by them alone
  Int8Facts int8_facts = {};  ///< with them
};

/// Gives a model of known `arch`, `classes` and `input` its network on the CPU, with the recipe's head and new weights by `seed`.
void begin_anew(Model&, const Recipe&, uint64_t seed);
/// Everything of the model, weights included.
void write_model(Hdf5File&, const Model&);
/// The model that a file holds, on `device`, in evaluation mode. Throws DataError if it holds none, UsageError if it is quantized
/// and `device` is a GPU.
Model read_model(const std::filesystem::path&, Device);
/// What the file says of its model, without the network.
Model read_model_facts(const Hdf5File&);
/// Where `quantize` leaves a run's quantized model.
std::filesystem::path quantized_path(const std::filesystem::path& run);
/// Whether it was made of the weights that a model's file holds now.
bool is_made_of(const Int8Facts&, const std::filesystem::path& model);
/// The model's file that judges in `precision`: model_path(), but of a run's directory in int8 the file that `quantize` made of
/// it. Throws UsageError if there is none, or if best.h5 has other weights by now.
std::filesystem::path judged_path(const std::filesystem::path& run, const Compute&);
/// Makes the model's network ready to judge in `precision`, and returns the type of its pictures: for a quantized model, which
/// takes auto and int8, type_beside_int8(), else study_type(). Throws UsageError for int8 of another model or on a GPU.
DType judging_type(Model&, const Compute&, Device);
/// Takes over what the file's model began from: `weights`, `weights_sha`, `license` and `origin`.
void take_origin(const Hdf5File&, Model&);
/// `run` may be a run directory, which means its best.h5, or a model's file.
std::filesystem::path model_path(const std::filesystem::path& run);

std::string_view name_of(HeadKind);
HeadKind head_from_name(std::string_view);

/// Lets a new network begin with a file's weights: ImageNet's or those of a model trained here. Everything below the head is
/// taken, and the head too with `keep_head`. Throws DataError if the file is of another network.
LoadReport begin_with(Model&, const WeightsFile& weights, bool keep_head);

}  // namespace cudenza
