/// Weights of others as HDF5 files of ours: converted from a file, or fetched from where they are published.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "apps/study/observer.h"
#include "weights/convert.h"
#include "weights/manifest.h"

namespace cudenza {

struct ConvertChoice {
  std::filesystem::path in;   ///< PyTorch's zip, tar or stream, safetensors, ONNX or Keras's HDF5
  std::filesystem::path out;  ///< the HDF5 file
  ConvertOptions options = {};
};

/// convert_weights(), but a file at `out` that is none of ours stays as it is: UsageError.
ConvertReport convert_weights_into(const ConvertChoice&);

/// The official file that is meant. Throws UsageError naming the choices.
const OfficialWeights& official_row(const std::string& arch, const std::string& variant);

struct FetchChoice {
  std::filesystem::path folder = ".";  ///< where ARCH.h5 goes, or ARCH-VARIANT.h5 if the variant is not the usual one
  std::string mirror = {};             ///< the URL of a folder to fetch from instead of the official one
  bool keep = false;                   ///< the downloaded file, beside what it was converted to
  bool show_progress = false;          ///< curl's own, on stderr
};

struct Converted {
  std::filesystem::path in, out;
  ConvertReport report;
};

/// Downloads an official file, checks its SHA-256 and converts it. Nothing if it is there already. Throws as download() and
/// convert_weights().
std::optional<Converted> fetch_weights(const OfficialWeights&, const FetchChoice&, Observer&);

}  // namespace cudenza
