/// What libhdf5 may say of a file of Keras's: any names, shapes and order of variables. libhdf5 1.10 itself falls on hostile
/// files within seconds, so the bytes here are a list of such answers; what is made of them must lie within the variables, or
/// be refused.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>

#include "tests/fuzz/fuzz_file.h"
#include "weights/keras_layers.h"

namespace cudenza::testing {
namespace {

constexpr size_t kMostVariables = 40, kMostExtent = 9, kMostRank = 5;
constexpr size_t kFileBytes = 4 * 59049;  // the largest variable's, 9^5

/// A part of a path: one that has a meaning, a number after it perhaps, or anything.
std::string part_of_path(FuzzedDataProvider& data) {
  static constexpr const char* kParts[] = {"kernel",
                                           "W",
                                           "bias",
                                           "b",
                                           "gamma",
                                           "beta",
                                           "moving_mean",
                                           "running_mean",
                                           "moving_variance",
                                           "running_std",
                                           "vars",
                                           "0",
                                           "1",
                                           "2",
                                           "3",
                                           "9",
                                           "layers",
                                           "model_weights",
                                           "optimizer_weights",
                                           "conv2d",
                                           "dense",
                                           "batch_normalization",
                                           "block1_conv",
                                           "conv1_conv",
                                           "conv1_bn",
                                           "conv3_block1_",
                                           "_conv",
                                           "_bn",
                                           "res3a_branch2",
                                           "bn3a_branch1",
                                           ":0",
                                           "_",
                                           "fc1",
                                           "conv1",
                                           "bn_conv1"};
  std::string part;
  for (int pieces = data.ConsumeIntegralInRange(1, 3); pieces > 0; --pieces) {
    if (data.ConsumeIntegralInRange(0, 7) > 0) part += data.PickValueInArray(kParts);
    else part += data.ConsumeRandomLengthString(4);
  }
  std::erase(part, '/');
  return part;
}

KerasFile any_file(FuzzedDataProvider& data) {
  KerasFile keras{.variables = {}, .is_ordered = data.ConsumeBool(), .channels_first = data.ConsumeBool()};
  if (data.ConsumeBool()) keras.epsilon = data.ConsumeFloatingPoint<double>();
  std::string group = "g";
  while (data.remaining_bytes() > 0 && keras.variables.size() < kMostVariables) {
    if (data.ConsumeBool()) group = part_of_path(data);
    const std::string path = group + '/' + (data.ConsumeBool() ? part_of_path(data) + '/' : "") + part_of_path(data);
    std::vector<int64_t> sizes(data.ConsumeIntegralInRange<size_t>(0, kMostRank));
    for (int64_t& size : sizes) size = data.ConsumeIntegralInRange<int64_t>(0, kMostExtent);
    if (!is_keras_variable(path)) continue;
    TensorRecord record{.name = path, .sizes = sizes, .strides = contiguous_strides(sizes)};
    keras.variables.push_back({std::move(record), data.ConsumeBool() ? part_of_path(data) : ""});
  }
  return keras;
}

/// Ends the program if a record has numbers beside those of the variable that it comes from.
void check(const KerasFile& keras, const TensorRecord& record) {
  const auto of = std::ranges::find(keras.variables, record.name, [](const KerasVariable& v) { return v.record.name; });
  if (of == keras.variables.end() || record.numel() != of->record.numel() ||
      record.extent() > static_cast<uint64_t>(of->record.numel()))
    std::abort();
  int64_t joined = 1;
  for (const int64_t size : record.shape()) joined *= size;
  if (joined != record.numel()) std::abort();
}

}  // namespace
}  // namespace cudenza::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cudenza;
  static testing::MemoryFile memory;
  static const bool made = (memory.set(std::string(testing::kFileBytes, '\1')), true);
  static_cast<void>(made);
  static const FileBytes file(memory.path());
  FuzzedDataProvider data(bytes, size);
  const KerasFile keras = testing::any_file(data);
  try {
    const std::vector<SourceLayer> layers = keras_layers(file, keras);
    for (const TensorRecord& record : testing::records_of(layers)) testing::check(keras, record);
    testing::read_all(file, testing::records_of(layers));
  } catch (const DataError&) {}
  return 0;
}
