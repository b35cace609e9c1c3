/// Plans on disk, one file a graph: what takes a second to compile is there at the next start. The folder names the version of
/// cuDNN and the card, the file its graph; a file that is damaged or was made for anything else counts as absent.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace cudenza::cudnn {

/// An empty json says that cuDNN has no engine for the graph: to be told so takes it a while, too.
struct StoredPlan {
  std::string engine, json;
  bool operator==(const StoredPlan&) const = default;
};

class PlanFiles {
 public:
  /// Keeps nothing.
  PlanFiles() = default;
  explicit PlanFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// $XDG_CACHE_HOME/cudenza/cudnn-9.19.0-sm90-NVIDIA_H200, or the same under ~/.cache; nowhere if neither is known.
  static PlanFiles in_cache(int sm, const std::string& card_name);

  std::optional<StoredPlan> load(const std::string& graph) const;
  /// Written whole or not at all, also when several processes do so. A disk that refuses is no error: the plan is made again.
  void store(const std::string& graph, const StoredPlan&) const noexcept;
  /// Where the plan of a graph lies; empty if nowhere.
  std::filesystem::path file_of(const std::string& graph) const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace cudenza::cudnn
