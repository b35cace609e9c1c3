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

WeightsInfo info_of(const fs::path& in, const std::string& sha256, const WeightSource& source, const WeightChoice& choice,
                    const ConvertOptions& options) {
  const ArchMatch& match = choice.match;
  const OfficialWeights* official = find_official_by_hash(sha256);
  SourceFacts facts = official ? SourceFacts{std::string(official->license()), std::string(official->url)} : source.facts();
  if (!options.license.empty()) facts.license = options.license;
  if (!options.origin.empty()) facts.origin = options.origin;
  if (options.input_scale.value_or(InputScale::torch) != InputScale::torch)
    facts.origin += fmt::format("{}preprocessing ({}) taken into the first convolution", facts.origin.empty() ? "" : "; ",
                                name_of(*options.input_scale));
  if (!official) official = find_official(match.arch);
  WeightsInfo info{.arch = match.arch, .source = in.filename(), .source_sha256 = sha256};
  info.input_size = official->input_size;
  info.interpolation = official->interpolation;
  info.mean.assign(official->mean.begin(), official->mean.end());
  info.std.assign(official->std.begin(), official->std.end());
  info.license = facts.license;
  info.origin = facts.origin;
  info.note = choice.note;
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

Tensor read_whole(const FileBytes& file, const TensorRecord& record, const Shape& shape) {
  TensorReader reader(file, record);
  const Tensor whole = Tensor::empty(shape, DType::f32);
  reader.read(whole.span<float>());
  check_finite(file, record, whole.span<float>());
  return whole;
}

void copy_tensor(const FileBytes& file, const TensorRecord& record, const Shape& shape, Hdf5File& out) {
  const int64_t rows = shape.rank() == 0 ? 1 : shape[0], row = rows == 0 ? 0 : shape.numel() / rows;
  const int64_t piece = std::max<int64_t>(1, static_cast<int64_t>(kPieceBytes / sizeof(float)) / std::max<int64_t>(row, 1));
  if (rows <= piece) return out.write(record.name, read_whole(file, record, shape));
  TensorReader reader(file, record);
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

/// The first convolution with the file's preprocessing in it.
class FoldedInput {
 public:
  FoldedInput(const FileBytes& file, const std::map<std::string_view, const TensorRecord*>& by_name, const InputFold& fold,
              const std::vector<ExpectedTensor>& expected)
      : file_(file), fold_(fold) {
    if (fold.changes_nothing()) return;
    const auto filter = std::ranges::find(expected, fold.filter(), &ExpectedTensor::name);
    const Tensor stored = read_whole(file, *by_name.at(fold.filter()), filter->shape);
    shift_ = fold.shift(stored.span<float>(), filter->shape[0]);
  }

  /// Writes the tensor if it is one of those that change. False if it is not.
  bool write(const TensorRecord& record, const Shape& shape, Hdf5File& out) const {
    if (fold_.changes_nothing() || (record.name != fold_.filter() && record.name != fold_.shifted())) return false;
    const Tensor values = read_whole(file_, record, shape);
    if (record.name == fold_.filter()) fold_.apply_to_filter(values.span<float>(), shape[0]);
    else fold_.apply_to_shifted(values.span<float>(), shift_);
    check_finite(file_, record, values.span<float>());
    out.write(record.name, values);
    return true;
  }

 private:
  const FileBytes& file_;
  const InputFold& fold_;
  std::vector<double> shift_;
};

std::vector<std::string> remarks_of(const WeightChoice& choice, const ConvertOptions& options) {
  std::vector<std::string> remarks = choice.remarks();
  if (choice.by_layers && !options.input_scale)
    remarks.emplace_back(
        "taken as trained on RGB in 0..1 less ImageNet's mean over its deviation; weights of keras.applications need "
        "`input_scale` caffe");
  return remarks;
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

ConvertReport convert_weights(const fs::path& in, const fs::path& out, const ConvertOptions& options) {
  const WeightSource source(in);
  const WeightChoice choice = choose_weights(source, options.arch, options.key);
  check_fit(source, choice, options.arch);
  const SourceHash hash = hash_of(source.file());
  check_hash(source.file(), hash);

  const OfficialWeights* official = find_official_by_hash(hash.sha256);
  const WeightsInfo info = info_of(in, hash.sha256, source, choice, options);
  ConvertReport report{.arch = choice.match.arch,
                       .variant = official ? std::string(official->variant) : "",
                       .classes = choice.match.classes,
                       .container = source.container(),
                       .hash = hash,
                       .input_scale = options.input_scale.value_or(InputScale::torch),
                       .license = info.license,
                       .origin = info.origin,
                       .remarks = remarks_of(choice, options)};
  std::map<std::string_view, const TensorRecord*> by_name;
  for (const TensorRecord& record : choice.tensors) by_name.emplace(record.name, &record);
  const std::vector<ExpectedTensor> expected = expected_tensors(report.arch, std::max(report.classes, 1));
  const InputFold fold(report.input_scale, info.mean, info.std, expected);
  const FoldedInput folded(source.file(), by_name, fold, expected);
  Hdf5File::create(out, [&](Hdf5File& file) {
    write_info(file, info);
    for (const ExpectedTensor& e : expected) {
      const auto record = by_name.find(e.name);
      if (record == by_name.end()) continue;  // part of a missing classifier
      if (!folded.write(*record->second, e.shape, file)) copy_tensor(source.file(), *record->second, e.shape, file);
      report.numbers += e.shape.numel();
      ++report.tensors;
    }
  });
  return report;
}

}  // namespace cudenza
