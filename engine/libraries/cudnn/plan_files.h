/// Plans on disk, one file per graph, because compiling a plan can take a second. The folder name holds cuDNN's version and
/// the GPU, the file name the graph's hash. A file that is damaged or made for anything else counts as absent.
#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace cudenza::cudnn {

/// An empty json means that cuDNN has no engine for the graph: this answer is stored too, because asking takes time.
struct StoredPlan {
  std::string engine, json;
  bool operator==(const StoredPlan&) const = default;
};

class PlanFiles {
 public:
  /// Stores nothing.
  PlanFiles() = default;
  explicit PlanFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// $XDG_CACHE_HOME/cudenza/cudnn-9.19.0-sm90-NVIDIA_H200, or the same under ~/.cache; stores nothing if neither is known.
  static PlanFiles in_cache(int sm, const std::string& card_name);

  std::optional<StoredPlan> load(const std::string& graph) const;
  /// Writes the file atomically, also among several processes. A write error is ignored: the plan is made again next time.
  void store(const std::string& graph, const StoredPlan&) const noexcept;
  /// The file for a graph's plan; empty if nothing is stored.
  std::filesystem::path file_of(const std::string& graph) const;
  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace cudenza::cudnn
