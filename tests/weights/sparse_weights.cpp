#include "tests/weights/sparse_weights.h"

#include <fmt/ranges.h>

#include <fstream>

#include "weights/convert.h"

namespace cudenza::testing {
namespace fs = std::filesystem;

void write_sparse_weights(const fs::path& path, const SparseWeights& wanted) {
  std::string header = "{";
  if (!wanted.metadata.empty()) header += fmt::format(R"("__metadata__":{{{}}})", wanted.metadata);
  std::vector<int64_t> begins;
  int64_t bytes = 0;
  const auto add = [&](const std::string& name, std::string_view dtype, const Shape& shape, int64_t size) {
    header += fmt::format(R"({}"{}":{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})", header.size() > 1 ? "," : "", name,
                          dtype, fmt::join(shape.begin(), shape.end(), ","), bytes, bytes + size);
    bytes += size;
  };
  for (const ExpectedTensor& t : expected_tensors(wanted.arch, wanted.classes)) {
    begins.push_back(bytes);
    if (t.name != wanted.without) add(wanted.prefix + t.name, "F32", t.shape, 4 * t.shape.numel());
  }
  if (wanted.with_counter) add(wanted.prefix + "bn1.num_batches_tracked", "I64", {}, 8);
  header += '}';
  const uint64_t length = header.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof length);
  file << header;
  const int64_t data = static_cast<int64_t>(sizeof length + length);
  for (size_t i = 0; i < begins.size(); ++i) {
    const auto first = wanted.scale * static_cast<float>(i + 1);
    file.seekp(data + begins[i]);
    file.write(reinterpret_cast<const char*>(&first), sizeof first);
  }
  file.close();
  fs::resize_file(path, static_cast<uintmax_t>(data + bytes));
}

}  // namespace cudenza::testing
