#include "apps/study/weights_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "apps/study/int8_file.h"
#include "apps/study/weights_file.h"
#include "engine/nn/checkpoint.h"
#include "weights/manifest.h"

namespace cudenza {
namespace {
namespace fs = std::filesystem;

void check_finite(const fs::path& path, const std::string& name, std::span<const float> values) {
  for (const float value : values) {
    if (!std::isfinite(value)) throw DataError(fmt::format("{}: {} holds a number that is not finite", path.string(), name));
  }
}

std::string official_file(const std::string& sha256) {
  const OfficialWeights* official = find_official_by_hash(sha256);
  return official ? std::string(official->file()) : "";
}

/// What a network's file must hold and this one does not: a missing classifier.
void add_missing(CheckedWeights& checked, const std::vector<TensorRecord>& records) {
  if (checked.arch.empty()) return;
  std::set<std::string_view> held;
  for (const TensorRecord& record : records) held.insert(record.name);
  NameList missing;
  for (const ExpectedTensor& e : expected_tensors(checked.arch)) {
    ++checked.wanted;
    if (!held.contains(e.name)) missing.add(e.name);
  }
  checked.missing = missing.text();
}

CheckedWeights check_hdf5(const fs::path& path) {
  const Hdf5File file(path);
  const WeightsInfo info = read_info(file);
  if (is_quantized(file))
    throw DataError(fmt::format("{}: is a quantized model, no weights to begin with; `cudenza info` tells of it", path.string()));
  std::vector<TensorRecord> records;
  for (const std::string& name : file.names()) {
    if (name.find('/') != std::string::npos) continue;
    const Tensor values = file.read(name).to(DType::f32);
    check_finite(path, name, values.span<float>());
    records.push_back({.name = name, .sizes = {values.shape().begin(), values.shape().end()}});
  }
  const ArchMatch match = match_arch(records, info.arch);
  if (!match.fault.empty()) throw DataError(fmt::format("{}: is no {}: {}", path.string(), info.arch, match.fault));
  CheckedWeights checked{.container = "HDF5",
                         .arch = info.arch,
                         .tensors = records.size(),
                         .sha256 = info.source_sha256,
                         .source = info.source,
                         .license = info.license,
                         .origin = info.origin,
                         .note = info.note,
                         .official = official_file(info.source_sha256)};
  add_missing(checked, records);
  return checked;
}

CheckedWeights check_foreign(const fs::path& path) {
  const WeightSource source(path);
  const SourceHash hash = hash_of(source.file());
  if (!hash.agrees()) source.file().fail("its SHA-256 is {}, {}", hash.sha256, text_of(hash));
  check_official_name(source.file(), hash.sha256);
  const WeightChoice choice = choose_weights(source);
  std::vector<float> piece(1 << 16);
  for (const TensorRecord& record : choice.tensors) {
    TensorReader reader(source.file(), record);
    for (auto left = static_cast<size_t>(record.numel()); left > 0;) {
      const auto part = std::span(piece).first(std::min(left, piece.size()));
      reader.read(part);
      check_finite(path, record.name, part);
      left -= part.size();
    }
  }
  CheckedWeights checked{.container = std::string(name_of(source.container())),
                         .arch = choice.match.fits() ? choice.match.arch : "",
                         .tensors = choice.tensors.size(),
                         .sha256 = hash.sha256,
                         .hash = hash,
                         .license = source.facts().license,
                         .origin = source.facts().origin,
                         .note = choice.note,
                         .official = official_file(hash.sha256)};
  add_missing(checked, choice.tensors);
  return checked;
}

}  // namespace

CheckedWeights check_weights(const fs::path& path) { return is_own_hdf5(path) ? check_hdf5(path) : check_foreign(path); }

std::string text_of(const SourceHash& hash) {
  const OfficialWeights* official = find_official_by_hash(hash.sha256);
  if (official && !official->sha256.empty()) return "the official file's";
  if (hash.in_name.empty()) return "there is none in its name to check it by";
  return hash.agrees() ? fmt::format("its first {} digits as its name says", hash.in_name.size())
                       : fmt::format("NOT {}… as its name says", hash.in_name);
}

}  // namespace cudenza
