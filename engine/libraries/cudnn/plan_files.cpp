#include "engine/libraries/cudnn/plan_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "engine/core/cached_file.h"
#include "engine/libraries/cudnn/plan.h"

namespace cudenza::cudnn {
namespace {

constexpr std::string_view kFormat = "cudenza plan 2";

/// Four lines (format, graph, engine, hash of the rest), then cuDNN's JSON.
std::string contents_of(const std::string& graph, const StoredPlan& plan) {
  return fmt::format("{}\n{}\n{}\n{:016x}\n{}", kFormat, graph, plan.engine, fingerprint(plan.json), plan.json);
}

std::optional<StoredPlan> parsed(std::istream& in, const std::string& graph) {
  std::string format, stored_graph, hash;
  StoredPlan plan;
  if (!std::getline(in, format) || format != kFormat || !std::getline(in, stored_graph) || stored_graph != graph)
    return std::nullopt;
  if (!std::getline(in, plan.engine) || !std::getline(in, hash)) return std::nullopt;
  plan.json.assign(std::istreambuf_iterator<char>(in), {});
  if (hash != fmt::format("{:016x}", fingerprint(plan.json))) return std::nullopt;
  return plan;
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
  return folder_.empty() ? std::filesystem::path() : folder_ / fmt::format("{:016x}.plan", fingerprint(graph));
}

std::optional<StoredPlan> PlanFiles::load(const std::string& graph) const {
  if (folder_.empty()) return std::nullopt;
  std::ifstream in(file_of(graph), std::ios::binary);
  return in ? parsed(in, graph) : std::nullopt;
}

void PlanFiles::store(const std::string& graph, const StoredPlan& plan) const noexcept {
  if (!folder_.empty()) write_cached(file_of(graph), contents_of(graph, plan));
}

}  // namespace cudenza::cudnn
