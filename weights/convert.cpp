#include "weights/convert.h"

#include <algorithm>
#include <map>

#include "engine/io/checkpoint.h"
#include "engine/nn/layers.h"
#include "models/registry.h"
#include "weights/manifest.h"
#include "weights/sha256.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPieceBytes = 4 << 20;
constexpr size_t kMostListed = 5;  // names in one message

bool is_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

/// Up to kMostListed names, and how many more there are.
class NameList {
 public:
  void add(const std::string& name) {
    if (++count_ <= kMostListed) text_ += (text_.empty() ? "" : ", ") + name;
  }
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  std::string text() const { return count_ > kMostListed ? fmt::format("{} and {} more", text_, count_ - kMostListed) : text_; }

 private:
  std::string text_;
  size_t count_ = 0;
};

Shape shape_of(const TensorRecord& record) {
  if (record.sizes.size() > Shape::kMaxRank) return {};
  return Shape(std::span<const int64_t>(record.sizes));
}

/// Holds records against one network.
class ArchComparison {
 public:
  ArchComparison(const std::vector<TensorRecord>& records, const std::string& arch) : arch_(arch) {
    std::vector<ExpectedTensor> expected = expected_tensors(arch);
    std::map<std::string_view, const TensorRecord*> by_name;
    for (const TensorRecord& record : records) {
      if (!is_counter(record.name)) by_name.emplace(record.name, &record);
    }
    adopt_classes(expected, by_name);
    for (const ExpectedTensor& e : expected) {
      const auto at = by_name.find(e.name);
      if (at == by_name.end()) {
        missing_.add(e.name);
        continue;
      }
      if (at->second->sizes.size() == static_cast<size_t>(e.shape.rank()) && shape_of(*at->second) == e.shape) ++fitting_;
      else wrong_.add(fmt::format("{} is {} and not {}", e.name, shape_of(*at->second), e.shape));
      by_name.erase(at);
    }
    for (const auto& [name, record] : by_name) unexpected_.add(std::string(name));
  }

  /// How near the records are to the network.
  double score() const { return static_cast<double>(fitting_) - 0.5 * static_cast<double>(missing_.size() + unexpected_.size()); }

  ArchMatch match() const {
    std::string fault;
    const auto append = [&](std::string_view what, const NameList& names) {
      if (!names.empty()) fault += fmt::format("{}{}{}", fault.empty() ? "" : "; ", what, names.text());
    };
    append("it lacks ", missing_);
    append("it has besides ", unexpected_);
    append("", wrong_);
    return {arch_, classes_, fault};
  }

 private:
  /// Another task's last layer has other rows: those of the file are expected.
  void adopt_classes(std::vector<ExpectedTensor>& expected, const std::map<std::string_view, const TensorRecord*>& by_name) {
    ExpectedTensor &weight = expected[expected.size() - 2], &bias = expected.back();
    classes_ = static_cast<int>(weight.shape[0]);
    const auto at = by_name.find(weight.name);
    if (at == by_name.end() || at->second->sizes.size() != 2 || at->second->sizes[0] < 1 || at->second->sizes[0] > INT32_MAX)
      return;
    classes_ = static_cast<int>(at->second->sizes[0]);
    weight.shape = {classes_, weight.shape[1]};
    bias.shape = {classes_};
  }

  std::string arch_;
  int classes_ = 0;
  size_t fitting_ = 0;
  NameList missing_, unexpected_, wrong_;
};

void check_hash(const FileBytes& file, const SourceHash& hash) {
  if (!hash.agrees())
    file.fail("its name promises SHA-256 {}…, but it has {}: it is damaged, or not what it is called", hash.in_name, hash.sha256);
}

WeightsInfo info_of(const fs::path& in, const std::string& sha256, const ArchMatch& match) {
  const OfficialWeights* official = find_official_by_hash(sha256);
  if (!official) official = find_official(match.arch);
  WeightsInfo info{.arch = match.arch, .source = in.filename(), .source_sha256 = sha256};
  info.input_size = official->input_size;
  info.interpolation = official->interpolation;
  info.mean.assign(official->mean.begin(), official->mean.end());
  info.std.assign(official->std.begin(), official->std.end());
  // The files do not name their classes: they are called by their numbers.
  for (int i = 0; i < match.classes; ++i) info.classes.push_back(std::to_string(i));
  return info;
}

void copy_tensor(const FileBytes& file, const TensorRecord& record, const Shape& shape, Hdf5File& out) {
  TensorReader reader(file, record);
  const std::string remedy = fmt::format("{} is damaged, or of a training that diverged", file.path().string());
  const int64_t rows = shape.rank() == 0 ? 1 : shape[0], row = rows == 0 ? 0 : shape.numel() / rows;
  const int64_t piece = std::max<int64_t>(1, static_cast<int64_t>(kPieceBytes / sizeof(float)) / std::max<int64_t>(row, 1));
  if (rows <= piece) {
    const Tensor whole = Tensor::empty(shape, DType::f32);
    reader.read(whole.span<float>());
    require_finite(out, record.name, whole, remedy);
    return out.write(record.name, whole);
  }
  out.reserve(record.name, shape, DType::f32);
  std::vector<int64_t> extents(shape.begin(), shape.end());
  for (int64_t first = 0; first < rows; first += piece) {
    extents[0] = std::min(piece, rows - first);
    const Tensor part = Tensor::empty(Shape(std::span<const int64_t>(extents)), DType::f32);
    reader.read(part.span<float>());
    require_finite(out, record.name, part, remedy);
    out.write_rows(record.name, first, part);
  }
}

}  // namespace

std::vector<ExpectedTensor> expected_tensors(const std::string& arch, int classes) {
  const UnsetWeights unset;
  NetworkOptions options;
  options.classes = classes;
  std::vector<ExpectedTensor> expected;
  for (const StateEntry& e : file_state(*make_network(arch, options))) expected.push_back({e.name, e.file_shape});
  return expected;
}

ArchMatch match_arch(const std::vector<TensorRecord>& records, const std::string& arch) {
  if (!arch.empty()) return ArchComparison(records, arch).match();
  ArchMatch best;
  double best_score = 0;
  for (const std::string_view name : network_names()) {
    const ArchComparison comparison(records, std::string(name));
    if (!best.arch.empty() && comparison.score() <= best_score) continue;
    best = comparison.match();
    best_score = comparison.score();
  }
  return best;
}

SourceHash hash_of(const FileBytes& file) {
  Sha256 sha;
  std::vector<std::byte> piece(1 << 20);
  for (uint64_t at = 0; at < file.size(); at += piece.size()) {
    const auto part = std::span(piece).first(static_cast<size_t>(std::min<uint64_t>(piece.size(), file.size() - at)));
    file.read(at, part);
    sha.update(part);
  }
  return {sha.hex(), hash_in_name(file.path().filename().string())};
}

ConvertReport convert_weights(const fs::path& in, const fs::path& out, const std::string& arch) {
  const WeightSource source(in);
  const ArchMatch match = match_arch(source.tensors(), arch);
  if (!match.fault.empty())
    source.file().fail("does not hold the weights of {}: {}",
                       arch.empty() ? "a known network; the nearest is " + match.arch : arch, match.fault);
  const SourceHash hash = hash_of(source.file());
  check_hash(source.file(), hash);

  const OfficialWeights* official = find_official_by_hash(hash.sha256);
  ConvertReport report{.arch = match.arch,
                       .variant = official ? std::string(official->variant) : "",
                       .classes = match.classes,
                       .container = source.container(),
                       .hash = hash};
  Hdf5File::create(out, [&](Hdf5File& file) {
    write_info(file, info_of(in, hash.sha256, match));
    for (const ExpectedTensor& e : expected_tensors(match.arch, match.classes)) {
      copy_tensor(source.file(), *source.find(e.name), e.shape, file);
      report.numbers += e.shape.numel();
      ++report.tensors;
    }
  });
  return report;
}

}  // namespace cudenza
