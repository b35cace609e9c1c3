/// Bytes that changed on a disk, in every file of a run: each damage is refused with the file's name, or changes no result.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <random>

#include "engine/core/error.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// How many flips a file is given where the program must run for each; CUDENZA_FLIPS=100 takes its time.
int flips_by_program() {
  const char* wanted = std::getenv("CUDENZA_FLIPS");
  return wanted ? std::atoi(wanted) : 10;
}
constexpr int kFlipsInProcess = 100;

/// A file with one byte after another changed; whole again at the end.
class Damaged {
 public:
  explicit Damaged(fs::path path) : path_(std::move(path)), size_(fs::file_size(path_)) {}
  ~Damaged() { mend(); }
  Damaged(const Damaged&) = delete;
  Damaged& operator=(const Damaged&) = delete;

  /// Mends the last byte and changes another. Says which.
  std::string flip(std::mt19937& random) {
    mend();
    at_ = static_cast<std::streamoff>(random() % size_);
    whole_ = exchange(std::nullopt);
    const auto damaged = static_cast<char>(*whole_ ^ static_cast<char>(1 + random() % 255));
    exchange(damaged);
    return fmt::format("{}: byte {} of {} is {:#04x} instead of {:#04x}", path_.string(), at_, size_,
                       static_cast<unsigned char>(damaged), static_cast<unsigned char>(*whole_));
  }

 private:
  void mend() {
    if (whole_) exchange(whole_);
  }
  /// The byte at the place, which gets a new value if there is one.
  char exchange(std::optional<char> value) const {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(at_);
    const auto before = static_cast<char>(file.get());
    if (value) file.seekp(at_).put(*value);
    return before;
  }

  fs::path path_;
  uintmax_t size_;
  std::streamoff at_ = 0;
  std::optional<char> whole_;
};

class Flips : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tiny_ = std::make_unique<TinyRun>();
    tiny_->make(finished());
    tiny_->make_stopped(stopped(), 3);
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static fs::path finished() { return tiny_->folder() / "finished"; }
  static fs::path stopped() { return tiny_->folder() / "stopped"; }

  static std::vector<fs::path> files_of(const fs::path& run) {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(run)) {
      if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }

  /// Refused with the file's name, or done with the right result.
  static void expect_refused_or_right(const Ran& ran, const fs::path& file, const std::function<bool()>& is_right) {
    ASSERT_TRUE(ran.status == 0 || ran.status == 3) << ran.status << ": " << ran.err;
    if (ran.status == 3) {
      EXPECT_NE(ran.err.find(file.filename().string()), std::string::npos) << ran.err;
    } else {
      EXPECT_TRUE(is_right()) << "a wrong result without a word";
    }
  }

  static inline std::unique_ptr<TinyRun> tiny_;
};

TEST_F(Flips, OfTensorsAreRefusedOrWithoutEffect) {
  for (const fs::path& file : {finished() / "best.h5", finished() / "last.h5", stopped() / "last.h5"}) {
    const std::string right = tensors_of(file);
    std::mt19937 random(1);
    Damaged damaged(file);
    for (int i = 0; i < kFlipsInProcess; ++i) {
      SCOPED_TRACE(damaged.flip(random));
      try {
        EXPECT_EQ(tensors_of(file), right) << "other tensors without a word";
      } catch (const DataError& error) {
        EXPECT_NE(std::string(error.what()).find(file.filename().string()), std::string::npos) << error.what();
      }
    }
  }
}

TEST_F(Flips, OfAModelChangeNoPrediction) {
  const fs::path best = finished() / "best.h5";
  for (const std::string& arguments : {fmt::format("predict {} {} --json", finished().string(), tiny_->data().string()),
                                       fmt::format("eval {} {} --json", finished().string(), tiny_->data().string())}) {
    const Ran right = run_program(arguments);
    ASSERT_EQ(right.status, 0) << right.err;
    std::mt19937 random(2);
    Damaged damaged(best);
    for (int i = 0; i < flips_by_program(); ++i) {
      SCOPED_TRACE(damaged.flip(random));
      const Ran ran = run_program(arguments);
      expect_refused_or_right(ran, best, [&] { return ran.out == right.out; });
    }
  }
}

TEST_F(Flips, OfAStoppedRunChangeNoResult) {
  const fs::path copy = tiny_->folder() / "copy";
  const auto resume = [&] { return run_program(fmt::format("train --resume {} --quiet", copy.string())); };
  fs::copy(stopped(), copy, fs::copy_options::recursive);
  const Ran undisturbed = resume();
  ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
  const std::string right = TinyRun::result_of(copy);
  std::mt19937 random(3);
  for (const fs::path& file : files_of(stopped())) {
    const int flips = flips_by_program() * (file.extension() == ".toml" ? 3 : 1);  // no checksum stands in it: people edit it
    for (int i = 0; i < flips; ++i) {
      fs::remove_all(copy);
      fs::copy(stopped(), copy, fs::copy_options::recursive);
      const fs::path damaged_file = copy / file.lexically_relative(stopped());
      Damaged damaged(damaged_file);
      SCOPED_TRACE(damaged.flip(random));
      expect_refused_or_right(resume(), damaged_file, [&] { return TinyRun::result_of(copy) == right; });
    }
  }
}

TEST_F(Flips, OfAFinishedRunChangeNoReport) {
  const auto report = [&] { return run_program(fmt::format("report {}", finished().string())); };
  const Ran undisturbed = report();
  ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
  const std::string right = content_of(finished() / "report.html");
  std::mt19937 random(4);
  for (const fs::path& file : files_of(finished())) {
    if (file.extension() == ".html" || file.extension() == ".svg" || file.extension() == ".h5")
      continue;  // made anew, or not read
    Damaged damaged(file);
    for (int i = 0; i < flips_by_program(); ++i) {
      SCOPED_TRACE(damaged.flip(random));
      expect_refused_or_right(report(), file, [&] { return content_of(finished() / "report.html") == right; });
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
