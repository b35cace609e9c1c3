#include "apps/study/weights_store.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/io/own_files.h"
#include "engine/nn/checkpoint.h"
#include "models/registry.h"
#include "weights/download.h"

namespace cudenza {
namespace {
namespace fs = std::filesystem;

/// As convert writes them: a run's best.h5 holds weights too, and more.
bool is_converted_weights(const fs::path& path) try {
  const Hdf5File file(path);
  read_info(file);
  return !file.contains("model");
} catch (const DataError&) {
  return false;
}

/// Where a row's weights are converted to: ARCH.h5, or ARCH-VARIANT.h5 if the variant is not the usual one.
fs::path converted_path(const OfficialWeights& row, const fs::path& folder) {
  const bool is_usual = find_official(row.arch) == &row;
  return folder / (is_usual ? fmt::format("{}.h5", row.arch) : fmt::format("{}-{}.h5", row.arch, row.variant));
}

bool is_converted(const OfficialWeights& row, const fs::path& path) {
  return fs::exists(path) && row.has_hash(read_info(Hdf5File(path)).source_sha256);
}

}  // namespace

ConvertReport convert_weights_into(const ConvertChoice& choice) {
  check_output_file("OUT", choice.out, is_converted_weights, std::span(&choice.in, 1));
  return convert_weights(choice.in, choice.out, choice.options);
}

const OfficialWeights& official_row(const std::string& arch, const std::string& variant) {
  if (std::ranges::find(network_names(), arch) == network_names().end())
    throw UsageError(fmt::format("no network is called '{}'; choose one of {}", arch, fmt::join(network_names(), " ")));
  if (const OfficialWeights* row = find_official(arch, variant)) return *row;
  std::string choices;
  for (const OfficialWeights& row : official_weights()) {
    if (row.arch == arch) choices += fmt::format(" {}", row.variant);
  }
  throw UsageError(fmt::format("there are no official weights '{}' of {}; choose one of{}", variant, arch, choices));
}

std::optional<Converted> fetch_weights(const OfficialWeights& row, const FetchChoice& choice, Observer& observer) {
  const fs::path out = converted_path(row, choice.folder);
  if (is_converted(row, out)) {
    observer.remark(fmt::format("{} is there already, made from {}", out.string(), row.file()));
    return std::nullopt;
  }
  observer.remark(fmt::format("fetching {}", row.file()));
  const fs::path in = download(row, {.folder = choice.folder, .base_url = choice.mirror, .show_progress = choice.show_progress});
  Converted converted{
      .in = in, .out = out, .report = convert_weights_into({.in = in, .out = out, .options = {.arch = std::string(row.arch)}})};
  if (!choice.keep) fs::remove(in);
  return converted;
}

}  // namespace cudenza
