/// Every __global__ function of the tree is run by some test here: a kernel that none runs is a kernel that nobody has proved.
///
/// Run whole, this program checks itself when its tests are over. Split over processes (ctest), each notes in its report which
/// kernels it ran, and a last process, told by CUDENZA_ALL_REPORTS where those are, checks them together.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "kernels/simt/simt.h"
#include "tests/support/report.h"
#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Names = std::set<std::string>;

/// "cudenza::kernels::{anonymous}::map_kernel<4, Relu>" -> "map_kernel".
std::string bare_name(const std::string& kernel) {
  const std::string name = kernel.substr(0, kernel.find('<'));
  const size_t colons = name.rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

Names bare_names(const Names& kernels) {
  Names bare;
  for (const std::string& kernel : kernels) bare.insert(bare_name(kernel));
  return bare;
}

/// Not the course's: an exercise has the same kernels as its solution, and tests/course runs them all.
bool holds_kernels(const SourceFile& file) {
  const bool is_of_course = file.path.starts_with("kernels/course/") || file.path.starts_with("tests/course/");
  return !is_of_course && (file.path.ends_with(".cu") || file.path.ends_with(".cuh"));
}

/// Kernel -> the file that declares it, for all of the tree.
std::map<std::string, std::string> all_declared() {
  std::map<std::string, std::string> declared;
  for (const SourceFile& file : read_sources()) {
    if (!holds_kernels(file)) continue;
    for (const std::string& kernel : kernels_declared(file)) declared.emplace(kernel, file.path);
  }
  return declared;
}

/// The kernels that the processes before this one have noted, in the files whose paths begin with `stem`.
Names noted(const fs::path& stem) {
  Names kernels;
  for (const auto& entry : fs::directory_iterator(stem.parent_path())) {
    if (!entry.path().filename().string().starts_with(stem.filename().string())) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("kernel\t")) kernels.insert(line.substr(7));
    }
  }
  return kernels;
}

void expect_all_in(const Names& run) {
  for (const auto& [kernel, path] : all_declared()) {
    EXPECT_TRUE(run.contains(kernel)) << path << ": no SIMT test runs " << kernel << "; give it an OpCase or a test of its own";
  }
}

class NoteKernels : public ::testing::Environment {
  void TearDown() override {
    const Names run = bare_names(simt::kernels_run());
    for (const std::string& kernel : run) report_line("kernel", kernel);
    const bool is_whole = GTEST_FLAG_GET(filter) == "*" && !std::getenv("GTEST_TOTAL_SHARDS");
    if (is_whole && !source_root().empty()) expect_all_in(run);
  }
};

class IsRunBySomeTest : public ::testing::Test {
  void TestBody() override { expect_all_in(noted(std::getenv("CUDENZA_ALL_REPORTS"))); }
};

const auto* const environment = ::testing::AddGlobalTestEnvironment(new NoteKernels);
const auto* const check_of_reports =
    std::getenv("CUDENZA_ALL_REPORTS")
        ? ::testing::RegisterTest("EveryKernel", "IsRunBySomeTest", nullptr, nullptr, __FILE__, __LINE__,
                                  []() -> ::testing::Test* { return new IsRunBySomeTest; })
        : nullptr;

// The check itself: it sees a kernel that nothing runs, and knows what is none.
TEST(EveryKernel, DeclarationsAreFound) {
  const SourceFile file{"kernels/x/x_cuda.cu", R"(
template <int N, class T>
__global__ void one_kernel(const T* x) {}
__global__ __launch_bounds__(256) void two_kernel(
    float* y) {}
__global__ void __launch_bounds__(kThreads * (N + 1), 2) three_kernel() {}
// __global__ void comment_kernel() {}
#if !defined(CUDENZA_SIMT)
__global__ void tensor_core_kernel() {}
#else
__global__ void four_kernel() {}
#endif
)"};
  EXPECT_EQ(kernels_declared(file), (std::vector<std::string>{"one_kernel", "two_kernel", "three_kernel", "four_kernel"}));
}

TEST(EveryKernel, NamesLoseNamespaceAndTemplateArguments) {
  EXPECT_EQ(bare_name("cudenza::kernels::{anonymous}::map_kernel<4, cudenza::kernels::Relu, float, float>"), "map_kernel");
  EXPECT_EQ(bare_name("cudenza::kernels::{anonymous}::mix_kernel"), "mix_kernel");
}

TEST(EveryKernel, TheTreeHasKernels) { EXPECT_EQ(all_declared().at("map_kernel"), "kernels/pointwise/pointwise_cuda.cu"); }

// A name stands for one kernel: this check and a profiler's table would else take one for the other.
TEST(EveryKernel, NamesAreUnique) {
  std::map<std::string, std::string> declared;
  for (const SourceFile& file : read_sources()) {
    if (!holds_kernels(file)) continue;
    for (const std::string& kernel : kernels_declared(file)) {
      const auto [first, is_new] = declared.emplace(kernel, file.path);
      EXPECT_TRUE(is_new) << kernel << " is declared in " << first->second << " and in " << file.path;
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
