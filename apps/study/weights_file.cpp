#include "apps/study/weights_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "engine/io/hdf5_checksum.h"
#include "weights/convert.h"
#include "weights/keras.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// A folder of this process among the temporary files, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    if (error) throw DataError(fmt::format("there is no folder for temporary files ({}): set TMPDIR", error.message()));
    std::string name = parent / "cudenza_weights_XXXXXX";
    if (!mkdtemp(name.data()))
      throw DataError(fmt::format("{}: no folder can be made there: {}; set TMPDIR", parent.string(), std::strerror(errno)));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

bool is_own_hdf5(const fs::path& path) {
  const FileBytes file(path);
  std::array<char, 32> head{};
  file.read(0, std::as_writable_bytes(std::span(head)).first(std::min<size_t>(head.size(), file.size())));
  const std::string_view text(head.data(), head.size());
  return hdf5::begins_as_hdf5(text) && (text.starts_with("cudenza") || !is_keras(Hdf5File(path)));
}

WeightsFile open_weights(const fs::path& path, std::optional<InputScale> input_scale) {
  if (is_own_hdf5(path)) {
    require(!input_scale, "`input_scale`: {} is converted already, and its preprocessing was decided then", path.string());
    WeightsFile weights{path, Hdf5File(path)};
    const auto note = weights.file.attribute_or<std::string>("/", "note", "");
    if (!note.empty()) weights.remarks.push_back(note);
    return weights;
  }
  const TemporaryFolder folder;
  const fs::path converted = folder.path() / path.filename();
  ConvertReport report = convert_weights(path, converted, {.input_scale = input_scale});
  return {path, Hdf5File(converted), std::move(report.remarks)};
}

}  // namespace cudenza
