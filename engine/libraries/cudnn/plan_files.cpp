#include "engine/libraries/cudnn/plan_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "engine/libraries/cudnn/plan.h"

namespace cudenza::cudnn {
namespace {

constexpr std::string_view kFormat = "cudenza plan 2";

/// FNV-1a: names files and detects damage; not secure against attackers.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

std::filesystem::path cache_folder() {
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg == '/') return std::filesystem::path(xdg) / "cudenza";
  if (const char* home = std::getenv("HOME"); home && *home == '/') return std::filesystem::path(home) / ".cache" / "cudenza";
  return {};
}

/// Four lines (format, graph, engine, hash of the rest), then cuDNN's JSON.
std::string contents_of(const std::string& graph, const StoredPlan& plan) {
  return fmt::format("{}\n{}\n{}\n{:016x}\n{}", kFormat, graph, plan.engine, hash_of(plan.json), plan.json);
}

std::optional<StoredPlan> parsed(std::istream& in, const std::string& graph) {
  std::string format, stored_graph, hash;
  StoredPlan plan;
  if (!std::getline(in, format) || format != kFormat || !std::getline(in, stored_graph) || stored_graph != graph)
    return std::nullopt;
  if (!std::getline(in, plan.engine) || !std::getline(in, hash)) return std::nullopt;
  plan.json.assign(std::istreambuf_iterator<char>(in), {});
  if (hash != fmt::format("{:016x}", hash_of(plan.json))) return std::nullopt;
  return plan;
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

/// Writes a temporary file and renames it: readers see the old file or the new one, never a part. No fsync, which would cost
/// more than it saves: after a power failure the hash shows the damage.
void replace(const std::filesystem::path& path, std::string_view text) {
  std::string temporary = path.string() + ".XXXXXX";
  const int file = ::mkstemp(temporary.data());
  if (file < 0) return;
  const bool written = write_all(file, text);
  const bool closed = ::close(file) == 0;
  if (!written || !closed || ::rename(temporary.c_str(), path.c_str()) != 0) ::unlink(temporary.c_str());
}

}  // namespace

PlanFiles PlanFiles::in_cache(int sm, const std::string& card_name) {
  const auto cache = cache_folder();
  if (cache.empty()) return {};
  std::string name = card_name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return PlanFiles(cache / fmt::format("cudnn-{}-sm{}-{}", version(), sm, name));
}

std::filesystem::path PlanFiles::file_of(const std::string& graph) const {
  return folder_.empty() ? std::filesystem::path() : folder_ / fmt::format("{:016x}.plan", hash_of(graph));
}

std::optional<StoredPlan> PlanFiles::load(const std::string& graph) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file_of(graph), std::ios::binary);
  return in ? parsed(in, graph) : std::nullopt;
}

void PlanFiles::store(const std::string& graph, const StoredPlan& plan) const noexcept {
  if (folder_.empty()) return;
  try {
    std::filesystem::create_directories(folder_);
    replace(file_of(graph), contents_of(graph, plan));
  } catch (const std::exception&) {
    // A read-only home or a full disk costs the next start a second, not this run.
  }
}

}  // namespace cudenza::cudnn
