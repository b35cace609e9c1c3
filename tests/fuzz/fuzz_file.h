/// What the fuzzer gives, as a file that the readers open.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "tests/support/memory_file.h"
#include "weights/weight_source.h"

namespace cudenza::testing {

/// Reads every tensor of `records`, as a conversion would.
inline void read_all(const FileBytes& file, const std::vector<TensorRecord>& records) {
  std::vector<float> piece(1024);
  for (const TensorRecord& record : records) {
    TensorReader reader(file, record);
    auto left = static_cast<uint64_t>(record.numel());
    if (left > (1 << 16)) continue;  // the last number is checked like the first: only time is saved
    for (; left > 0; left -= std::min<uint64_t>(left, piece.size()))
      reader.read(std::span(piece).first(static_cast<size_t>(std::min<uint64_t>(left, piece.size()))));
  }
}

inline void read_all(const FileBytes& file, const std::vector<StateDict>& dicts) {
  for (const StateDict& dict : dicts) read_all(file, dict.tensors);
}

/// The tensors of the layers, as a conversion would read them.
inline std::vector<TensorRecord> records_of(const std::vector<SourceLayer>& layers) {
  std::vector<TensorRecord> records;
  for (const SourceLayer& layer : layers) {
    if (!layer.fault.empty()) continue;
    records.push_back(layer.weight);
    if (layer.bias) records.push_back(*layer.bias);
    if (layer.norm) records.insert(records.end(), {layer.norm->weight, layer.norm->bias, layer.norm->mean, layer.norm->variance});
  }
  return records;
}

inline void read_all(const FileBytes& file, const WeightContent& content) {
  read_all(file, content.state_dicts);
  for (const StateDict& dict : content.state_dicts) read_all(file, records_of(dict.layers));
}

/// Opens the bytes by `read` (FileBytes to records, state dicts or all content), and reads all they hold. A DataError is what
/// broken files are for.
template <class Read> int fuzz(const uint8_t* data, size_t size, Read&& read) {
  static MemoryFile memory;
  memory.set({reinterpret_cast<const char*>(data), size});
  try {
    const FileBytes file(memory.path());
    read_all(file, read(file));
  } catch (const DataError&) {}
  return 0;
}

}  // namespace cudenza::testing
