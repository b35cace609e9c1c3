#include "engine/run/run_seal.h"

#include <sstream>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "engine/core/sha256.h"
#include "engine/io/atomic_file.h"
#include "engine/run/run_files.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr size_t kDigits = 64;

std::vector<std::string> names_in(const fs::path& run) {
  std::vector<std::string> names = {"config.toml", "history.csv",     "schedule.csv",         "steps.csv",
                                    "lr_find.csv", "splits.csv",      "predictions.csv",      "confusion.csv",
                                    kStressName,   "model_card.json", "mistakes/mistakes.csv"};
  for (const Mistake& mistake : read_mistakes(run)) {
    if (!mistake.picture.empty()) names.push_back("mistakes/" + mistake.picture);
  }
  return names;
}

std::string sha256_of(const fs::path& path) {
  RegularFile file(path);
  Sha256 sha;
  std::vector<std::byte> piece(1 << 16);
  while (const size_t count = file.read(piece)) sha.update(std::span(piece).first(count));
  return sha.hex();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

[[noreturn]] void refuse_line(const fs::path& path, int line) {
  throw DataError(fmt::format("{}:{}: is no checksum and file of this folder; remove {} if the run is to be believed without",
                              path.string(), line, path.filename().string()));
}

}  // namespace

void seal_run(const fs::path& run) {
  std::string text = fmt::format("{}; sha256sum -c {}\n", kSealBegins, kSealName);
  for (const std::string& name : names_in(run)) {
    if (is_there(run / name)) text += fmt::format("{}  {}\n", sha256_of(run / name), name);
  }
  write_atomically(run / kSealName, text);
}

bool unseal_run(const fs::path& run) {
  std::error_code error;
  const bool was_there = fs::remove(run / kSealName, error);
  if (error) throw DataError(fmt::format("{}: cannot be removed: {}", (run / kSealName).string(), error.message()));
  return was_there;
}

void check_seal(const fs::path& run) {
  const fs::path path = run / kSealName;
  if (!is_there(path)) return;
  std::istringstream list(read_text(path));
  int number = 0;
  for (std::string line; std::getline(list, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (line.size() < kDigits + 3 || line.substr(kDigits, 2) != "  ") refuse_line(path, number);
    const std::string name = line.substr(kDigits + 2);
    if (name.find("..") != std::string::npos || name[0] == '/') refuse_line(path, number);
    if (is_there(run / name) && sha256_of(run / name) != line.substr(0, kDigits))
      throw DataError(fmt::format(
          "{}: was changed or damaged after the run wrote it ({}); bring the file back, or take its line out of {} if "
          "the change was meant",
          (run / name).string(), kSealName, kSealName));
  }
  if (number == 0) throw DataError(fmt::format("{}: cannot be read", path.string()));
}

}  // namespace cudenza
