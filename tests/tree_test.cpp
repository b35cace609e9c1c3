/// The rules of the house that a compiler does not hold: sizes, layers, hidden libraries, the top level. Each rule is also
/// shown a text that breaks it, so that a rule which sees nothing fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr size_t kMostLines = 400, kMostColumns = 130;

using Faults = std::vector<std::string>;

#define CUDENZA_NEEDS_SOURCES() \
  if (source_root().empty()) GTEST_SKIP() << "needs the source tree"

std::string listed(const Faults& faults) {
  std::string text;
  for (const std::string& fault : faults) text += "  " + fault + '\n';
  return text;
}

/// Faults of all sources under a rule.
template <class Rule> Faults over_tree(Rule rule) {
  Faults all;
  for (const SourceFile& file : read_sources()) std::ranges::copy(rule(file), std::back_inserter(all));
  return all;
}

// Sizes.

size_t columns_of(const std::string& line) {  // characters, not bytes: the second and later bytes of one are 10xxxxxx
  return static_cast<size_t>(std::ranges::count_if(line, [](char c) { return (c & 0xC0) != 0x80; }));
}

Faults size_faults(const SourceFile& file) {
  Faults faults;
  const auto lines = lines_of(file.text);
  if (lines.size() > kMostLines) faults.push_back(file.path + " has " + std::to_string(lines.size()) + " lines");
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t columns = columns_of(lines[i]);
    if (columns > kMostColumns)
      faults.push_back(file.path + ':' + std::to_string(i + 1) + " has " + std::to_string(columns) + " columns");
  }
  return faults;
}

// Layers.

/// What each layer may include besides itself: the arrows of the design, written out. A file belongs to the longest of
/// these that its path begins with; tests/ and bench/ may include anything, and nothing else may include them.
const std::map<std::string, std::set<std::string>>& arrows() {
  using Set = std::set<std::string>;
  const auto with = [](Set set, std::initializer_list<std::string> more) {
    set.insert(more.begin(), more.end());
    return set;
  };
  static const Set core = {"kernels/", "engine/core/"};
  static const Set ops = with(core, {"engine/libraries/", "engine/autograd/"});
  static const Set nn = with(ops, {"engine/ops/", "engine/io/"});
  static const Set data = with(core, {"engine/audio/", "engine/io/"});
  static const Set run = with(data, {"engine/data/"});
  static const std::map<std::string, Set> allowed = {
      {"kernels/", {}},
      {"kernels/course/", {"kernels/"}},
      {"engine/core/", {"kernels/"}},
      {"engine/libraries/", core},
      {"engine/autograd/", core},
      {"engine/ops/", ops},
      {"engine/nn/", nn},
      {"engine/optim/", with(nn, {"engine/nn/"})},
      {"engine/parallel/", core},
      {"engine/audio/", core},
      {"engine/io/", core},
      {"engine/data/", data},
      {"engine/run/", run},
      {"engine/report/", with(run, {"engine/run/"})},
      {"engine/train/", with(with(nn, {"engine/nn/", "engine/optim/"}), {"engine/audio/", "engine/data/", "engine/run/"})},
      {"models/", {"kernels/", "engine/"}},
      {"weights/", {"kernels/", "engine/", "models/"}},
      {"apps/study/", {"kernels/", "engine/", "models/", "weights/"}},
      {"apps/cli/", {"kernels/", "engine/", "apps/study/"}},
      {"apps/verbs/", {"kernels/", "engine/", "models/", "weights/", "apps/study/", "apps/cli/"}},
      {"apps/", {"kernels/", "engine/", "models/", "weights/", "apps/"}},
  };
  return allowed;
}

std::string layer_of(const std::string& path) {
  std::string layer;
  for (const auto& [prefix, allowed] : arrows()) {
    if (path.starts_with(prefix) && prefix.size() > layer.size()) layer = prefix;
  }
  return layer;
}

bool may_include(const std::string& layer, const std::string& path) {
  if (layer_of(path) == "kernels/course/") return layer == "kernels/course/";  // exercises are nobody's library
  const auto& allowed = arrows().at(layer);
  return layer_of(path) == layer ||
         std::ranges::any_of(allowed, [&](const std::string& prefix) { return path.starts_with(prefix); });
}

Faults layer_faults(const SourceFile& file) {
  Faults faults;
  const std::string layer = layer_of(file.path);
  for (const std::string& include : includes_of(file)) {
    const std::string path = include.substr(1, include.size() - 2);
    if (include[0] != '"' || layer.empty()) continue;
    if (!may_include(layer, path)) faults.push_back(file.path + " includes " + path + ", which " + layer + " does not see");
  }
  return faults;
}

// Hidden libraries.

bool is_header(const std::string& path) { return path.ends_with(".h") || path.ends_with(".cuh"); }

bool is_library_header(const std::string& include) {
  constexpr std::string_view kPrefixes[] = {"cuda", "cudnn",   "cublas", "cufft",     "nvtx",    "nccl",   "cub/",
                                            "dnnl", "oneapi/", "H5",     "hdf5",      "sndfile", "mpg123", "soxr",
                                            "png",  "zip.h",   "CLI/",   "nlohmann/", "mpi.h"};
  const std::string name = include.substr(1, include.size() - 2);
  return !name.starts_with("cudenza") &&
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// The headers of outside libraries stay in .cpp and .cu files, but for kernels/common, the .cuh files that only kernels
/// include, and the program's and the tests' own headers.
Faults hiding_faults(const SourceFile& file) {
  const bool is_public = file.path.starts_with("kernels/") || file.path.starts_with("engine/") ||
                         file.path.starts_with("models/") || file.path.starts_with("weights/") ||
                         file.path.starts_with("apps/study/");
  const bool is_device_code =
      file.path.starts_with("kernels/common/") || (file.path.starts_with("kernels/") && file.path.ends_with(".cuh"));
  Faults faults;
  if (!is_header(file.path) || !is_public || is_device_code) return faults;
  for (const std::string& include : includes_of(file)) {
    if (is_library_header(include)) faults.push_back(file.path + " includes " + include + ": keep it in a .cpp or .cu file");
  }
  return faults;
}

// Output.

/// Results leave the program through apps/cli/output.cpp alone, which sees whether they arrive and what JSON can hold.
Faults output_faults(const SourceFile& file) {
  constexpr std::string_view kWays[] = {"std::cout", "fmt::print(\"", "(stdout", "write(STDOUT_FILENO", " printf(\"", " puts(\""};
  const bool is_in_program = file.path.starts_with("apps/") || file.path.starts_with("engine/") ||
                             file.path.starts_with("models/") || file.path.starts_with("weights/");
  Faults faults;
  if (!is_in_program || file.path == "apps/cli/output.cpp" || file.path == "apps/quickstart.cpp") return faults;
  for (const std::string_view way : kWays) {
    if (file.text.find(way) != std::string::npos)
      faults.push_back(file.path + " has '" + std::string(way) + "': use print_out()");
  }
  if (file.path.starts_with("apps/") && file.text.find(".dump(") != std::string::npos)
    faults.push_back(file.path + " has .dump(): use json_text() or print_json()");
  return faults;
}

// The top level.

bool belongs_at_top(const std::string& name) {
  static const std::set<std::string> allowed = {
      "CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "run",
      "cmake",        "engine",         "kernels",           "models",          "weights", "apps",      "tests",
      "bench"};
  return allowed.contains(name) || name.starts_with('.') || name == "build" || name.starts_with("build-");
}

TEST(Tree, FilesAndLinesAreShort) {
  CUDENZA_NEEDS_SOURCES();
  const Faults faults = over_tree(size_faults);
  EXPECT_TRUE(faults.empty()) << listed(faults);
}

TEST(Tree, LongFilesAndLinesAreSeen) {
  std::string many;
  for (size_t i = 0; i <= kMostLines; ++i) many += "x\n";
  EXPECT_EQ(size_faults({"a.cpp", many}).size(), 1u);
  EXPECT_EQ(size_faults({"a.cpp", std::string(kMostColumns + 1, 'x')}).size(), 1u);
  std::string dots;
  for (size_t i = 0; i < kMostColumns; ++i) dots += "·";
  EXPECT_EQ(size_faults({"a.cpp", dots}).size(), 0u);
}

TEST(Tree, IncludesFollowTheLayers) {
  CUDENZA_NEEDS_SOURCES();
  const Faults faults = over_tree(layer_faults);
  EXPECT_TRUE(faults.empty()) << listed(faults);
}

TEST(Tree, IncludesAgainstTheLayersAreSeen) {
  const auto count = [](const std::string& path, const std::string& include) {
    return layer_faults({path, "#include \"" + include + "\"\n"}).size();
  };
  EXPECT_EQ(count("kernels/pool/pool_cpu.cpp", "engine/core/tensor.h"), 1u);
  EXPECT_EQ(count("engine/core/tensor.cpp", "engine/ops/pool.h"), 1u);
  EXPECT_EQ(count("engine/core/tensor.cpp", "kernels/course/exercises.h"), 1u);
  EXPECT_EQ(count("kernels/pool/pool_cuda.cu", "kernels/course/exercises.h"), 1u);
  EXPECT_EQ(count("kernels/course/01_map.cu", "engine/core/tensor.h"), 1u);
  EXPECT_EQ(count("engine/autograd/node.cpp", "engine/nn/module.h"), 1u);
  EXPECT_EQ(count("engine/optim/sgd.cpp", "engine/train/trainer.h"), 1u);
  EXPECT_EQ(count("engine/audio/mel.cpp", "engine/io/hdf5_file.h"), 1u);
  EXPECT_EQ(count("engine/io/hdf5_file.cpp", "engine/nn/module.h"), 1u);
  EXPECT_EQ(count("engine/libraries/cudnn/conv.cpp", "engine/ops/conv.h"), 1u);
  EXPECT_EQ(count("engine/run/run_folder.cpp", "engine/report/report.h"), 1u);
  EXPECT_EQ(count("engine/train/session.cpp", "engine/report/report.h"), 1u);
  EXPECT_EQ(count("engine/train/trainer.cpp", "models/registry.h"), 1u);
  EXPECT_EQ(count("engine/ops/pool.cpp", "tests/support/op_case.h"), 1u);
  EXPECT_EQ(count("engine/ops/pool.cpp", "pool.h"), 1u);  // not by its full path
  EXPECT_EQ(count("models/resnet.cpp", "apps/verbs/verbs.h"), 1u);
  EXPECT_EQ(count("apps/study/model_file.cpp", "apps/cli/output.h"), 1u);
  EXPECT_EQ(count("apps/cli/progress.cpp", "apps/verbs/verbs.h"), 1u);

  EXPECT_EQ(count("engine/ops/pool.cpp", "kernels/pool/pool.h"), 0u);
  EXPECT_EQ(count("kernels/course/judge/watch.h", "kernels/simt/tracer.h"), 0u);
  EXPECT_EQ(count("engine/ops/pool.cpp", "engine/ops/pool.h"), 0u);
  EXPECT_EQ(count("engine/nn/checkpoint.cpp", "engine/io/hdf5_file.h"), 0u);
  EXPECT_EQ(count("apps/verbs/train.cpp", "models/registry.h"), 0u);
  EXPECT_EQ(count("bench/op_bench.cpp", "tests/support/op_case.h"), 0u);
}

TEST(Tree, LibrariesStayHidden) {
  CUDENZA_NEEDS_SOURCES();
  const Faults faults = over_tree(hiding_faults);
  EXPECT_TRUE(faults.empty()) << listed(faults);
}

TEST(Tree, LibrariesInHeadersAreSeen) {
  const auto count = [](const std::string& path, const std::string& line) { return hiding_faults({path, line + '\n'}).size(); };
  EXPECT_EQ(count("engine/core/gpu.h", "#include <cuda_runtime.h>"), 1u);
  EXPECT_EQ(count("engine/ops/conv.h", "  #  include \"cudnn.h\""), 1u);
  EXPECT_EQ(count("engine/ops/conv.h", "#include <oneapi/dnnl/dnnl.hpp>"), 1u);
  EXPECT_EQ(count("engine/io/hdf5_file.h", "#include <hdf5.h>"), 1u);
  EXPECT_EQ(count("kernels/pool/pool.h", "#include <cuda_runtime.h>"), 1u);
  EXPECT_EQ(count("kernels/common/launch.h", "#include <cuda_runtime.h>"), 0u);
  EXPECT_EQ(count("engine/core/gpu_cuda.cpp", "#include <cuda_runtime.h>"), 0u);
  EXPECT_EQ(count("engine/core/gpu.h", "// #include <cuda_runtime.h>"), 0u);
}

TEST(Tree, OnePlaceWritesResults) {
  CUDENZA_NEEDS_SOURCES();
  const Faults faults = over_tree(output_faults);
  EXPECT_TRUE(faults.empty()) << listed(faults);
}

TEST(Tree, OtherWaysToStdoutAreSeen) {
  const auto count = [](const std::string& path, const std::string& line) { return output_faults({path, line + '\n'}).size(); };
  EXPECT_EQ(count("apps/verbs/info.cpp", "  fmt::print(\"{}\", 1);"), 1u);
  EXPECT_EQ(count("engine/io/png.cpp", "std::cout << 1;"), 1u);
  EXPECT_EQ(count("apps/verbs/info.cpp", "print_out(\"{}\", json.dump(2));"), 1u);
  EXPECT_EQ(count("apps/verbs/info.cpp", "fmt::print(stderr, \"{}\", 1);"), 0u);
  EXPECT_EQ(count("bench/rates.cpp", "std::cout << 1;"), 0u);
}

TEST(Tree, TopLevelIsFixed) {
  CUDENZA_NEEDS_SOURCES();
  for (const auto& entry : fs::directory_iterator(source_root())) {
    EXPECT_TRUE(belongs_at_top(entry.path().filename())) << entry.path() << " does not belong at the top level";
  }
}

TEST(Tree, StrangersAtTheTopLevelAreSeen) {
  for (const char* name : {"results", "src", "Makefile", "notes.md", "rebuild"}) EXPECT_FALSE(belongs_at_top(name)) << name;
  for (const char* name : {"run", ".ci", "build", "build-cpu", "kernels"}) EXPECT_TRUE(belongs_at_top(name)) << name;
}

}  // namespace
}  // namespace cudenza::testing
