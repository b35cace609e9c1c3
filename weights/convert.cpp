#include "weights/convert.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/core/sha256.h"
#include "engine/nn/checkpoint.h"
#include "weights/manifest.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPieceBytes = 4 << 20;

void check_hash(const FileBytes& file, const SourceHash& hash) {
  if (!hash.agrees())
    file.fail("its name promises SHA-256 {}…, but it has {}: it is damaged, or not what it is called", hash.in_name, hash.sha256);
  check_official_name(file, hash.sha256);
}

void check_fit(const WeightSource& source, const WeightChoice& choice, const std::string& arch) {
  if (choice.match.fits()) return;
  source.file().fail("does not hold the weights of {}: {}; it holds {}{}",
                     arch.empty() ? "a known network; the nearest is " + choice.match.arch : arch, choice.match.fault,
                     contents_of(source), choice.unreadable.empty() ? "" : "; besides, " + choice.unreadable.front());
}

WeightsInfo info_of(const fs::path& in, const std::string& sha256, const ArchMatch& match) {
  const OfficialWeights* official = find_official_by_hash(sha256);
  if (!official) official = find_official(match.arch);
  WeightsInfo info{.arch = match.arch, .source = in.filename(), .source_sha256 = sha256};
  info.input_size = official->input_size;
  info.interpolation = official->interpolation;
  info.mean.assign(official->mean.begin(), official->mean.end());
  info.std.assign(official->std.begin(), official->std.end());
  // The files do not name their classes: their numbers serve as names.
  for (int i = 0; i < match.classes; ++i) info.classes.push_back(std::to_string(i));
  return info;
}

void check_finite(const FileBytes& file, const TensorRecord& record, std::span<const float> values) {
  const auto odd = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
  if (odd != values.end())
    file.fail("{} holds {}, and weights must be finite: the training that made them diverged, or the file is damaged",
              record.name, *odd);
}

void copy_tensor(const FileBytes& file, const TensorRecord& record, const Shape& shape, Hdf5File& out) {
  TensorReader reader(file, record);
  const int64_t rows = shape.rank() == 0 ? 1 : shape[0], row = rows == 0 ? 0 : shape.numel() / rows;
  const int64_t piece = std::max<int64_t>(1, static_cast<int64_t>(kPieceBytes / sizeof(float)) / std::max<int64_t>(row, 1));
  if (rows <= piece) {
    const Tensor whole = Tensor::empty(shape, DType::f32);
    reader.read(whole.span<float>());
    check_finite(file, record, whole.span<float>());
    return out.write(record.name, whole);
  }
  out.reserve(record.name, shape, DType::f32);
  std::vector<int64_t> extents(shape.begin(), shape.end());
  for (int64_t first = 0; first < rows; first += piece) {
    extents[0] = std::min(piece, rows - first);
    const Tensor part = Tensor::empty(Shape(std::span<const int64_t>(extents)), DType::f32);
    reader.read(part.span<float>());
    check_finite(file, record, part.span<float>());
    out.write_rows(record.name, first, part);
  }
}

}  // namespace

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

void check_official_name(const FileBytes& file, const std::string& sha256) {
  const OfficialWeights* official = find_official_by_file(file.path().filename().string());
  if (official && !official->has_hash(sha256))
    file.fail("the official file of this name has SHA-256 {}, but this one {}: it is not what it is called", official->sha256,
              sha256);
}

ConvertReport convert_weights(const fs::path& in, const fs::path& out, const std::string& arch, const std::string& key) {
  const WeightSource source(in);
  const WeightChoice choice = choose_weights(source, arch, key);
  check_fit(source, choice, arch);
  const SourceHash hash = hash_of(source.file());
  check_hash(source.file(), hash);

  const OfficialWeights* official = find_official_by_hash(hash.sha256);
  ConvertReport report{.arch = choice.match.arch,
                       .variant = official ? std::string(official->variant) : "",
                       .classes = choice.match.classes,
                       .container = source.container(),
                       .hash = hash,
                       .remarks = choice.remarks()};
  std::map<std::string_view, const TensorRecord*> by_name;
  for (const TensorRecord& record : choice.tensors) by_name.emplace(record.name, &record);
  Hdf5File::create(out, [&](Hdf5File& file) {
    write_info(file, info_of(in, hash.sha256, choice.match));
    for (const ExpectedTensor& e : expected_tensors(report.arch, std::max(report.classes, 1))) {
      const auto record = by_name.find(e.name);
      if (record == by_name.end()) continue;  // part of a missing classifier
      copy_tensor(source.file(), *record->second, e.shape, file);
      report.numbers += e.shape.numel();
      ++report.tensors;
    }
  });
  return report;
}

}  // namespace cudenza
