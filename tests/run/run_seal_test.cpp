#include "engine/run/run_seal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/core/error.h"
#include "engine/report/report.h"
#include "engine/run/run_folder.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/train/synthetic_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// Without gnuplot a page takes a millisecond.
class WithoutGnuplot {
 public:
  WithoutGnuplot() : before_(std::getenv("PATH")) { setenv("PATH", "/nonexistent", 1); }
  ~WithoutGnuplot() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

std::string verdict(const fs::path& run) {
  return error_of<DataError>([&] { check_seal(run); });
}

TEST(RunSeal, AFinishedRunIsBelievedAsLongAsItIsAsItWas) {
  const ScratchFolder run;
  write_synthetic_run(run.path());
  EXPECT_EQ(verdict(run.path()), "nothing");  // none yet
  seal_run(run.path());
  EXPECT_EQ(verdict(run.path()), "nothing");
  fs::remove(run / "steps.csv");  // what is missing is missed by whoever needs it
  EXPECT_EQ(verdict(run.path()), "nothing");
  write_file(run / "notes.txt", "mine");
  EXPECT_EQ(verdict(run.path()), "nothing");
  write_history(run.path(), {});
  EXPECT_TRUE(has(verdict(run.path()), "history.csv: was changed or damaged after the run wrote it (checksums.txt)"))
      << verdict(run.path());
  EXPECT_TRUE(unseal_run(run.path()));
  EXPECT_FALSE(unseal_run(run.path()));
  EXPECT_EQ(verdict(run.path()), "nothing");
}

TEST(RunSeal, IsReadBySha256sum) {
  const ScratchFolder run;
  write_synthetic_run(run.path());
  seal_run(run.path());
  const std::string check = fmt::format("cd '{}' && sha256sum --strict --quiet -c checksums.txt", run.path().string());
  EXPECT_EQ(run_command(check).status, 0) << run_command(check).err;
  write_file(run / "config.toml", "epochs=11\n");
  EXPECT_EQ(run_command(check).status, 1);
}

TEST(RunSeal, ADamagedListOfMistakesIsNamedAndNotItsPictures) {
  const ScratchFolder run;
  write_synthetic_run(run.path());
  seal_run(run.path());
  std::string list = content_of(run / "mistakes/mistakes.csv");
  const size_t picture = list.find(".png");
  ASSERT_NE(picture, list.npos);
  list[picture - 1] = 'x';
  write_file(run / "mistakes/mistakes.csv", list);
  EXPECT_TRUE(has(error_of<DataError>([&] { check_report_folder(run.path()); }), "mistakes.csv: was changed or damaged"));
}

TEST(RunSeal, AListThatIsNoneIsRefused) {
  const ScratchFolder run;
  write_synthetic_run(run.path());
  const std::string digits(64, '0');
  for (const std::string& text :
       {std::string("x\n"), digits + "\n", digits + "  \n", digits + "  ../a\n", digits + "  /etc/passwd\n", std::string()}) {
    write_file(run / "checksums.txt", text);
    EXPECT_TRUE(has(verdict(run.path()), "checksums.txt")) << text;
  }
}

/// Flips of one bit each, in every file of a finished run but the report, and but the pictures unless they are asked for.
template <class Look> void with_flips(const fs::path& run, int flips, bool pictures, Look look) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(run)) {
    const bool is_picture = entry.path().extension() == ".png", is_report = entry.path().filename() == "report.html";
    if (entry.is_regular_file() && !is_report && (pictures || !is_picture)) files.push_back(entry.path());
  }
  ASSERT_GE(files.size(), 9u);
  std::mt19937 random(15);
  for (const fs::path& path : files) {
    const std::string whole = content_of(path);
    for (int i = 0; i < flips; ++i) {
      std::string damaged = whole;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      write_file(path, damaged);
      look(path);
    }
    write_file(path, whole);
  }
}

TEST(RunSeal, EveryFlippedBitIsRefusedOrChangesNothing) {
  const WithoutGnuplot quick;
  const ScratchFolder run;
  write_synthetic_run(run.path());
  seal_run(run.path());
  const std::string page = report_page(run.path());
  int refused = 0;
  with_flips(run.path(), 10, true, [&](const fs::path& path) {
    try {
      EXPECT_EQ(report_page(run.path()), page) << path;
    } catch (const DataError&) {
      ++refused;
    }
  });
  EXPECT_GT(refused, 180);
}

TEST(RunSeal, WithoutItAFlippedBitIsNoMoreThanAWrongPage) {
  const WithoutGnuplot quick;
  const ScratchFolder run;
  write_synthetic_run(run.path());
  with_flips(run.path(), 25, false, [&](const fs::path&) { (void)error_of<DataError>([&] { (void)report_page(run.path()); }); });
}

}  // namespace
}  // namespace cudenza::testing
