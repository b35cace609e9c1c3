#include "tests/weights/checkpoints.h"

#include <fstream>

#include "tests/weights/hostile_files.h"
#include "weights/arch_match.h"
#include "weights/tensor_record.h"

namespace cudenza::testing {
namespace {

std::string numbers(float value) {
  const std::string one(reinterpret_cast<const char*>(&value), sizeof value);
  std::string all;
  all.reserve(sizeof value * kStorageNumbers);
  for (int64_t i = 0; i < kStorageNumbers; ++i) all += one;
  return all;
}

}  // namespace

Renaming prefixed(const std::string& prefix) {
  return [prefix](const std::string& name) { return prefix + name; };
}

std::string pickled_resnet34(const Renaming& renamed, const std::string& storage) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const ExpectedTensor& t : expected_tensors("resnet34")) {
    std::string sizes, strides;
    for (const int64_t size : t.shape) sizes += pickled::integer(size);
    for (const int64_t stride : contiguous_strides({t.shape.begin(), t.shape.end()})) strides += pickled::integer(stride);
    const std::string name = renamed(t.name);
    if (!name.empty()) entries.emplace_back(name, pickled::tensor(storage, kStorageNumbers, pickled::integer(0), sizes, strides));
  }
  return pickled_dict(entries);
}

std::string pickled_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string items;
  for (const auto& [name, value] : entries) items += pickled::text(name) + value;
  return "}(" + items + "u";
}

void write_checkpoint(const std::filesystem::path& path, const std::string& object, bool stream) {
  static const std::string ones = numbers(1), twos = numbers(2);
  const std::string pickle = pickled::whole(object), count = little(kStorageNumbers, 8);
  const bool has_twos = pickle.find(pickled::text("1") + pickled::text("cpu")) != std::string::npos;
  const std::string keys = pickled::whole("](" + pickled::text("0") + (has_twos ? pickled::text("1") : "") + "e");
  std::ofstream(path, std::ios::binary) << (stream ? torch_stream_of(pickle, keys, count + ones + (has_twos ? count + twos : ""))
                                                   : torch_zip_of(pickle, ones,
                                                                  {{"archive/data/1", twos}, {"archive/byteorder", "little"}}));
}

}  // namespace cudenza::testing
