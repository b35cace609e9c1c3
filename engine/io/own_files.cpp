#include "engine/io/own_files.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/posix_file.h"
#include "engine/io/hdf5_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPngHeader = 8 + 25;  // signature, IHDR
// A chunk: 16 bytes, its name, keyword and text, their CRC-32.
constexpr std::string_view kMark("\0\0\0\x10tEXtSoftware\0cudenza\x99\xd9\x83\x30", 28);
constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

/// Throws unless the nearest existing folder above `path` is writable.
void check_room(const fs::path& path) {
  std::error_code error;
  fs::path above = fs::absolute(path, error).lexically_normal().parent_path();
  while (!fs::exists(fs::symlink_status(above, error)) && above.has_relative_path()) above = above.parent_path();
  if (!fs::is_directory(above, error))
    throw DataError(fmt::format("{}: cannot be written: {} is no folder", path.string(), above.string()));
  if (access(above.c_str(), W_OK | X_OK) != 0)
    throw DataError(fmt::format("{}: cannot be written: {}: {}", path.string(), above.string(), std::strerror(errno)));
}

/// Whether `inner` is the folder `outer` or lies within it. Both canonical.
bool is_within(const fs::path& inner, const fs::path& outer) { return std::ranges::mismatch(outer, inner).in1 == outer.end(); }

}  // namespace

void check_output_file(std::string_view option, const fs::path& path, const std::function<bool(const fs::path&)>& is_ours,
                       std::span<const fs::path> inputs) {
  require(path.has_filename(), "{} '{}' names no file", option, path.string());
  std::error_code error;
  for (const fs::path& input : inputs)
    require(!fs::equivalent(path, input, error), "{} {} is the input {}, which stays as it is; choose another {}", option,
            path.string(), input.string(), option);
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return check_room(path);
  require(!fs::is_symlink(status), "{} {} is a link; name the file itself, or choose another {}", option, path.string(), option);
  require(!fs::is_directory(status), "{} {} is a folder; name a file", option, path.string());
  require(fs::is_regular_file(status) && is_ours(path),
          "{} {} is there already, and is no file that this command writes; choose another {}", option, path.string(), option);
  check_room(path);
}

void check_output_folder(std::string_view option, const fs::path& path) {
  require(!path.empty(), "{} names no folder", option);
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return check_room(path);
  require(fs::is_directory(path, error), "{} {} is no folder; choose another {}", option, path.string(), option);
  check_room(path / "any");
}

void check_outside(std::string_view option, const fs::path& folder, const fs::path& data) {
  std::error_code error;
  if (!fs::is_directory(data, error)) return;
  const fs::path out = fs::weakly_canonical(fs::absolute(folder), error), root = fs::canonical(data, error);
  if (error) throw DataError(fmt::format("{}: {}", folder.string(), error.message()));
  const auto refuse_within = [&](const fs::path& part) {
    require(!is_within(out, part), "{} {} lies in the data set {}, and would be taken for a part of it; choose a place outside",
            option, folder.string(), data.string());
  };
  refuse_within(root);
  require(!is_within(root, out), "{} {} holds the data set {}; choose another {}", option, folder.string(), data.string(),
          option);
  for (const fs::directory_entry& entry : fs::directory_iterator(root, error)) {
    std::error_code broken;
    if (const fs::path part = fs::canonical(entry.path(), broken); entry.is_symlink(broken) && fs::is_directory(part, broken))
      refuse_within(part);
  }
}

std::string beginning_of(const fs::path& path, size_t most) {
  PosixFile file;
  std::string bytes(most, '\0');
  size_t got = 0;
  if (file.open(path) != 0 || file.read(0, std::as_writable_bytes(std::span(bytes)), got) != 0) return {};
  return bytes.substr(0, got);
}

bool is_hdf5_of(const fs::path& path, std::string_view format) try {
  return Hdf5File(path).attribute_or<std::string>("/", "format", "") == format;
} catch (const DataError&) {
  return false;
}

std::string with_mark(std::string png) {
  require(png.starts_with(kPngSignature) && png.size() > kPngHeader, "with_mark: these bytes are no PNG");
  return png.insert(kPngHeader, kMark);
}

bool is_marked_png(const fs::path& path) {
  const std::string head = beginning_of(path, kPngHeader + kMark.size());
  return head.starts_with(kPngSignature) && head.ends_with(kMark);
}

}  // namespace cudenza
