/// The course judges itself: all solutions pass, no untouched exercise does, and typical mistakes are called by their names.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>

#include "kernels/course/judge/judge.h"
#include "tests/support/content_of.h"

namespace cudenza::course {
namespace {
namespace fs = std::filesystem;
using testing::content_of;

constexpr int kExercises = 20;

/// The .cu files of a folder, by the names they have without their ending.
std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(CUDENZA_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == ".cu") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

Verdict verdict_of(const std::string& kind, const std::string& name) {
  const Library library(std::string(CUDENZA_COURSE_LIBRARIES) + '/' + kind + '/' + name + ".so");
  return judge(std::stoi(name.substr(0, 2)), library);
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) { return 'n' + info.param; }

class Each : public ::testing::TestWithParam<std::string> {};

TEST_P(Each, SolutionPasses) {
  const Verdict verdict = verdict_of("solutions", GetParam());
  EXPECT_EQ(verdict.state, State::passed) << verdict.text;
  const std::string source = content_of(fs::path(CUDENZA_SOURCE_DIR) / "kernels/course/solutions" / (GetParam() + ".cu"));
  const std::regex kernel(R"(__global__ void (\w+)\()");
  for (std::sregex_iterator it(source.begin(), source.end(), kernel), end; it != end; ++it)
    EXPECT_TRUE(simt::kernels_run().contains("cudenza::course::{anonymous}::" + (*it)[1].str())) << it->str() << " was not run";
}

TEST_P(Each, UntouchedExerciseDoesNot) {
  const Verdict verdict = verdict_of("exercises", GetParam());
  EXPECT_NE(verdict.state, State::passed) << verdict.text;
  EXPECT_NE(verdict.text.find("next: "), std::string::npos) << verdict.text;
}

INSTANTIATE_TEST_SUITE_P(Course, Each, ::testing::ValuesIn(names_in("kernels/course")), name_of);

TEST(Course, EachExerciseHasASolution) {
  EXPECT_EQ(names_in("kernels/course").size(), static_cast<size_t>(kExercises));
  EXPECT_EQ(names_in("kernels/course"), names_in("kernels/course/solutions"));
  EXPECT_THROW(verdict_of("solutions", "21_none"), std::runtime_error);
}

/// What a planted mistake must be called. Its text names the file, and so the line; spaces and breaks of lines are alike.
struct Mistake {
  const char* name;
  State state;
  std::vector<std::string> words;
};

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> all = {
      {"02_off_by_one", State::wrong, {".cu:11: thread 1 of block 0 reads element 1 of x, which has 1 element"}},
      {"03_chunks",
       State::slow,
       {".cu:12: 16 sectors a load, where 4 would do", "threads 0 and 1 want addresses 16 bytes apart"}},
      {"04_swapped", State::slow, {".cu:13: 32 sectors a store, where 4", "neighbouring elements"}},
      {"06_misaligned", State::wrong, {".cu:16: thread 1 of block 0 reads 16 bytes at once, 4 bytes after a multiple of 16"}},
      {"06_past_the_end", State::wrong, {".cu:16: thread 0 of block 0 reads element 0 and the 3 after it of x"}},
      {"07_no_barrier", State::wrong, {".cu:19: a race: thread 0 reads here", "writes the same place at", "__syncthreads()"}},
      {"09_bank_conflict", State::slow, {".cu:16: a bank conflict:", "threads 0 and 1 want words 2 apart"}},
      {"09_every_second_lane",
       State::slow,
       {"600 requests to shared memory in all, where 192 would do", "whole warps fall silent"}},
      {"09_no_barrier", State::wrong, {".cu:14: a race: thread 0 reads here", "of the same block"}},
      {"11_divergent", State::wrong, {"divergent barrier in block (0,0,0)", "All threads of a block must come to the same"}},
      {"12_packs", State::passed, {}},
      {"17_from_zero", State::wrong, {".cu:23: thread 0 of block 0 wrote 0 to y[0,0,0,0], where -2 is right"}},
      {"18_one_array", State::wrong, {".cu:17: a race: thread 0 writes here"}},
      {"19_no_halo", State::wrong, {"read before anything was written there: shared memory at 19_no_halo.cu:24 by thread 176"}},
      {"20_one_barrier", State::wrong, {".cu:16: a race:", "from the end of one round to the begin of the next"}},
  };
  return all;
}

TEST(Course, MistakesAreNamed) {
  std::vector<std::string> tried;
  for (const auto& [name, state, words] : mistakes()) {
    const Verdict verdict = verdict_of("mistakes", name);
    const std::string text = std::regex_replace(verdict.text, std::regex("\\s+"), " ");
    EXPECT_EQ(verdict.state, state) << name << ": " << verdict.text;
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << word << " in " << verdict.text;
    tried.emplace_back(name);
  }
  EXPECT_EQ(tried, names_in("tests/course/mistakes"));
}

/// "kernels/pool/pool_cuda.cu:98-115 (pool_forward_kernel)" must be where that function stands, for a learner looks there.
TEST(Course, SolutionsPointToTheProjectsOwn) {
  size_t pointers = 0;
  for (const std::string& name : names_in("kernels/course/solutions")) {
    const std::string text = std::regex_replace(
        content_of(fs::path(CUDENZA_SOURCE_DIR) / "kernels/course/solutions" / (name + ".cu")), std::regex("\\n//"), "");
    const std::regex pointer(R"(([\w/]+\.(?:cu|cuh|h)):(\d+)-(\d+)\s+\((\w+)\))");
    for (std::sregex_iterator it(text.begin(), text.end(), pointer), end; it != end; ++it, ++pointers) {
      std::istringstream source(content_of(fs::path(CUDENZA_SOURCE_DIR) / (*it)[1].str()));
      std::string part, line;
      for (int number = 1; std::getline(source, line); ++number)
        if (number >= std::stoi((*it)[2]) && number <= std::stoi((*it)[3])) part += line + '\n';
      EXPECT_NE(part.find((*it)[4].str()), std::string::npos)
          << name << ".cu points to " << it->str() << ", but it is not there any more: please put the right lines";
    }
  }
  EXPECT_GT(pointers, 20u);
}

}  // namespace
}  // namespace cudenza::course
