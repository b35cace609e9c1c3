/// What a machine refuses the program (memory, threads, a place for its remarks) and what ends it from outside: work is done with
/// less, or the exit code says why not.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "tests/support/content_of.h"
#include "tests/support/faults.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// The program in a shell that has run `first`: limits, variables, signals to ignore.
Ran run_after(const std::string& first, const std::string& arguments) {
  return run_command(fmt::format("{}; exec timeout 60 '{}' {}", first, program_under_test(), arguments));
}

class Limits : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = std::make_unique<TinyRun>();
    tiny_->make(run());
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static fs::path run() { return tiny_->folder() / "run"; }
  static std::string predict() { return fmt::format("predict {} {}", run().string(), tiny_->data().string()); }
  /// What `predict` says where nothing is refused: as text, since the last bits depend on the number of threads.
  static std::string predicted() {
    const Ran ran = run_program(predict());
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out;
  }

  static inline std::unique_ptr<TinyRun> tiny_;
};

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kReservesAll = true;
#else
constexpr bool kReservesAll = false;
#endif

/// `ulimit -v` in MiB from where nothing can be loaded to where all is well.
void expect_work_or_four(const std::string& arguments, const std::string& verb_folder) {
  for (int limit = 100; limit <= 480; limit += 20) {
    SCOPED_TRACE(fmt::format("{} MiB: {}", limit, arguments));
    fs::remove_all(verb_folder);
    const Ran ran = run_after(fmt::format("ulimit -c 0; ulimit -v {}", limit << 10), arguments);
    if (ran.status == 127) continue;  // the system's loader found no room for the libraries
    ASSERT_TRUE(ran.status == 0 || ran.status == 4) << ran.status << ": " << ran.err;
    if (ran.status == 4) {
      EXPECT_NE(ran.err.find("memory"), std::string::npos) << ran.err;
    }
  }
}

TEST_F(Limits, MemoryThatIsRefusedIsFour) {
  if (kReservesAll) GTEST_SKIP() << "AddressSanitizer reserves more than any limit";
  for (const int threads : {1, 2}) expect_work_or_four(fmt::format("{} --threads {}", predict(), threads), "");
}

TEST_F(Limits, MemoryThatIsRefusedToTrainingIsFour) {
  if (kReservesAll) GTEST_SKIP() << "AddressSanitizer reserves more than any limit";
  const fs::path out = tiny_->folder() / "limited";
  expect_work_or_four(tiny_->train(out), out);
}

TEST_F(Limits, ThreadsThatCannotStartAreDoneWithout) {
  const std::string why = why_no_faults();
  if (!why.empty()) GTEST_SKIP() << why;
  const std::string right = predicted();
  for (const long started : {0, 1, 2, 3, 7}) {
    const Disturbed disturbed =
        run_disturbed(predict() + " --threads 4", tiny_->folder(), Fault{{"EAGAIN", Call::thread, true}, started});
    EXPECT_EQ(disturbed.ran.status, 0) << started << ": " << disturbed.ran.err;
    EXPECT_EQ(disturbed.ran.out, right) << started;
  }
}

TEST_F(Limits, ThreadsThatOpenMpCannotStartAreFour) {
  const std::string why = why_no_faults();
  if (!why.empty()) GTEST_SKIP() << why;
  const Disturbed dry = run_disturbed("info --threads 2", tiny_->folder());
  ASSERT_EQ(dry.calls(Call::thread), 5) << "four are counted, one is started";
  const Disturbed disturbed = run_disturbed("info --threads 2", tiny_->folder(), Fault{{"EAGAIN", Call::thread}, 4});
  EXPECT_EQ(disturbed.ran.status, 4) << disturbed.ran.err;
  EXPECT_NE(disturbed.ran.err.find("fewer --threads"), std::string::npos) << disturbed.ran.err;
}

int64_t threads_of(const Ran& ran) { return nlohmann::json::parse(ran.out).at("will_use").at("threads").get<int64_t>(); }

TEST_F(Limits, AbsurdNumbersOfThreadsAreCut) {
  const Ran plain = run_after("OMP_NUM_THREADS=1; export OMP_NUM_THREADS", "info --json");
  ASSERT_EQ(plain.status, 0) << plain.err;
  const auto cores = nlohmann::json::parse(plain.out).at("cpu").at("cores").get<int64_t>();
  EXPECT_EQ(threads_of(plain), 1);
  const std::vector<std::pair<std::string, std::string>> absurd = {{"OMP_NUM_THREADS=99999", "info --json"},
                                                                   {"OMP_NUM_THREADS=2147483647", "info --json"}};
  for (const auto& [variable, arguments] : absurd) {
    const Ran ran = run_after(fmt::format("export {}", variable), arguments);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_LE(threads_of(ran), 4 * cores) << variable;
    EXPECT_NE(ran.err.find("threads were asked for"), std::string::npos) << ran.err;
  }
  EXPECT_LE(threads_of(run_program("info --json --threads 1024")), 4 * cores);
  EXPECT_EQ(threads_of(run_after("export OMP_NUM_THREADS=4 OMP_THREAD_LIMIT=1", "info --json")), 1);
}

/// Without --quiet, so that there are remarks.
std::string loud(std::string arguments) { return arguments.erase(arguments.find("--quiet"), 7); }

TEST_F(Limits, PlacesThatTakeNoRemarksEndNothing) {
  const fs::path out = tiny_->folder() / "unheard";
  for (const std::string place : {"2>/dev/full", "2>&-", "2> >(true)"}) {
    SCOPED_TRACE(place);
    fs::remove_all(out);
    const Ran ran = run_command(fmt::format("bash -c \"exec '{}' {} {}\"", program_under_test(), loud(tiny_->train(out)), place));
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(content_of(out / "predictions.csv"), content_of(run() / "predictions.csv"));
  }
}

TEST_F(Limits, AFileLimitIsThree) {
  const fs::path out = tiny_->folder() / "short";
  const Ran ran = run_after("ulimit -f 2000", tiny_->train(out));
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_NE(ran.err.find(out.string()), std::string::npos) << ran.err;
}

TEST_F(Limits, AClosedTerminalSavesAndTheRunGoesOn) {
  const fs::path out = tiny_->folder() / "hung_up", whole = tiny_->folder() / "whole";
  tiny_->make_stopped(out, 4);
  ASSERT_TRUE(fs::exists(out / "last.h5"));
  const Ran ran = run_program(fmt::format("train --resume {} --quiet", out.string()));
  ASSERT_EQ(ran.status, 0) << ran.err;
  tiny_->make(whole, 4);
  EXPECT_EQ(TinyRun::result_of(out), TinyRun::result_of(whole));
}

}  // namespace
}  // namespace cudenza::testing
