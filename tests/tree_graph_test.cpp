/// The include graph of the product: no circle among files or folders, and every source belongs to a header of its name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Graph = std::map<std::string, std::set<std::string>>;  // from what includes to what is included

bool is_in_product(const std::string& path) {
  return !path.starts_with("tests/") && !path.starts_with("bench/") &&
         std::set<std::string>{".h", ".cuh", ".cpp", ".cu"}.contains(fs::path(path).extension());
}

/// The files of the product, each with those of them that it includes.
Graph include_graph(const std::vector<SourceFile>& sources) {
  Graph graph;
  for (const SourceFile& file : sources) {
    if (is_in_product(file.path)) graph[file.path];
  }
  for (const SourceFile& file : sources) {
    if (!graph.contains(file.path)) continue;
    for (const std::string& include : includes_of(file)) {
      const std::string path = include.substr(1, include.size() - 2);
      if (graph.contains(path)) graph[file.path].insert(path);
    }
  }
  return graph;
}

Graph folder_graph(const Graph& files) {
  const auto folder_of = [](const std::string& path) { return fs::path(path).parent_path().string(); };
  Graph folders;
  for (const auto& [file, includes] : files) {
    auto& to = folders[folder_of(file)];
    for (const std::string& include : includes) {
      if (folder_of(include) != folder_of(file)) to.insert(folder_of(include));
    }
  }
  return folders;
}

/// Looks for a circle, and measures the graph on the way.
class CircleSearch {
 public:
  explicit CircleSearch(const Graph& graph) : graph_(graph) {
    for (const auto& [node, to] : graph) visit(node);
  }
  /// The first one found, as "a -> b -> a"; empty if there is none.
  const std::string& circle() const { return circle_; }
  /// Nodes on the longest path that begins at one.
  int depth() const { return depth_; }

 private:
  int visit(const std::string& node) {
    if (const auto known = depths_.find(node); known != depths_.end()) return known->second;
    if (const auto start = std::ranges::find(path_, node); start != path_.end()) {
      if (circle_.empty()) {
        for (auto it = start; it != path_.end(); ++it) circle_ += *it + " -> ";
        circle_ += node;
      }
      return 0;
    }
    path_.push_back(node);
    int below = 0;
    for (const std::string& next : graph_.at(node)) below = std::max(below, visit(next));
    path_.pop_back();
    depths_[node] = below + 1;
    depth_ = std::max(depth_, below + 1);
    return below + 1;
  }

  const Graph& graph_;
  std::map<std::string, int> depths_;
  std::vector<std::string> path_;
  std::string circle_;
  int depth_ = 0;
};

std::string summary_of(const std::string& what, const Graph& graph, const CircleSearch& search) {
  size_t edges = 0;
  for (const auto& [node, to] : graph) edges += to.size();
  return std::to_string(graph.size()) + ' ' + what + ", " + std::to_string(edges) + " includes, " +
         std::to_string(search.depth()) + " deep, " + (search.circle().empty() ? "no circle" : search.circle());
}

void include_all_below(const Graph& graph, const std::string& file, std::set<std::string>& seen) {
  for (const std::string& next : graph.at(file)) {
    if (seen.insert(next).second) include_all_below(graph, next, seen);
  }
}

/// Whether the file includes, itself or by way of others, a header of its folder or the one above that it is named after:
/// pool_cuda.cu and pool.h, cudnn/conv.cpp and conv.h.
bool has_header_of_its_name(const Graph& graph, const std::string& file) {
  const fs::path path(file);
  std::set<std::string> seen;
  include_all_below(graph, file, seen);
  return std::ranges::any_of(seen, [&](const std::string& include) {
    const fs::path header(include);
    const std::string stem = header.stem().string();
    const bool is_near = header.parent_path() == path.parent_path() || header.parent_path() == path.parent_path().parent_path();
    return is_near && (path.stem() == stem || path.stem().string().starts_with(stem + '_'));
  });
}

/// Programs, what runs before main(), functions of cublasLt.h, the verbs, which verbs.h lists, and the exercises, which
/// exercises.h does.
bool needs_no_header(const std::string& file) {
  static const std::set<std::string> known = {"apps/main.cpp", "apps/quickstart.cpp", "apps/cli/cpu_check.cpp",
                                              "engine/libraries/cublas/loaded.cpp", "kernels/course/judge/main.cpp"};
  return known.contains(file) || file.starts_with("apps/verbs/") ||
         (file.starts_with("kernels/course/") && file.ends_with(".cu"));
}

TEST(IncludeGraph, HasNoCircle) {
  if (source_root().empty()) GTEST_SKIP() << "needs the source tree";
  const Graph files = include_graph(read_sources()), folders = folder_graph(files);
  const CircleSearch among_files(files), among_folders(folders);
  std::cout << summary_of("files", files, among_files) << '\n' << summary_of("folders", folders, among_folders) << '\n';
  EXPECT_GT(files.size(), 100u);
  EXPECT_EQ(among_files.circle(), "");
  EXPECT_EQ(among_folders.circle(), "");
}

TEST(IncludeGraph, ACircleIsSeen) {
  const Graph straight{{"a", {"b", "c"}}, {"b", {"c"}}, {"c", {}}}, round{{"a", {"b"}}, {"b", {"c"}}, {"c", {"b"}}};
  EXPECT_EQ(CircleSearch(straight).circle(), "");
  EXPECT_EQ(CircleSearch(straight).depth(), 3);
  EXPECT_EQ(CircleSearch(round).circle(), "b -> c -> b");
}

TEST(IncludeGraph, SourcesBelongToHeadersOfTheirName) {
  if (source_root().empty()) GTEST_SKIP() << "needs the source tree";
  const Graph graph = include_graph(read_sources());
  std::string strays;
  for (const auto& [file, includes] : graph) {
    const bool is_source = file.ends_with(".cpp") || file.ends_with(".cu");
    if (is_source && !needs_no_header(file) && !has_header_of_its_name(graph, file)) strays += "  " + file + '\n';
  }
  EXPECT_EQ(strays, "");
}

TEST(IncludeGraph, AStraySourceIsSeen) {
  const Graph graph{
      {"e/conv.h", {}}, {"e/cudnn/conv.cpp", {"e/conv.h"}}, {"e/cast.cpp", {"e/conv.h"}}, {"e/conv_a.cpp", {"e/conv.h"}}};
  EXPECT_TRUE(has_header_of_its_name(graph, "e/cudnn/conv.cpp"));
  EXPECT_TRUE(has_header_of_its_name(graph, "e/conv_a.cpp"));
  EXPECT_FALSE(has_header_of_its_name(graph, "e/cast.cpp"));
}

}  // namespace
}  // namespace cudenza::testing
