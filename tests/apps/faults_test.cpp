/// Disks that fill, fail and stutter under the verbs that write: every call that writes may fail, in every way that it can. What
/// is left is right, or the program says so.
#include "tests/support/faults.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "tests/support/content_of.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"
#include "tests/support/tiny_run.h"
#include "tests/weights/sparse_weights.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr long kInjections = 15;  // of each kind, in each of four verbs

const std::vector<FaultKind>& kinds() {
  static const std::vector<FaultKind> all = {{"ENOSPC", Call::write}, {"ENOSPC", Call::write, true}, {"EIO", Call::write},
                                             {"short", Call::write},  {"EINTR", Call::write},        {"ENOSPC", Call::open},
                                             {"EIO", Call::sync},     {"EIO", Call::rename},         {"ENOSPC", Call::close},
                                             {"EIO", Call::truncate}, {"ENOSPC", Call::mkdir}};
  return all;
}

/// The name that a user knows a file by: that of "/run/.last.h5.123.part" is last.h5.
std::string plain_name(const fs::path& hit) {
  std::string name = hit.filename();
  if (!name.ends_with(".part")) return name;
  name.erase(name.rfind('.', name.size() - 6));
  return name.erase(0, 1);
}

class Faults : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_faults();
    if (!why.empty()) GTEST_SKIP() << why;
  }

  /// Runs a verb undisturbed for what it gives, and then with one fault after another. `before` prepares each run, `result` says
  /// what it gave, `after_failure` looks at what a refused one has left.
  void disturb(const std::string& arguments, const std::function<std::string()>& result, const std::function<void()>& before,
               const std::function<void()>& after_failure) {
    before();
    const Disturbed dry = run_disturbed(arguments, out_);
    ASSERT_EQ(dry.ran.status, 0) << dry.ran.err;
    right_ = result();
    for (const FaultKind& kind : kinds()) {
      for (const long at : spread(dry.calls(kind.call), kInjections)) {
        const Fault fault{kind, at};
        SCOPED_TRACE(fault.text());
        before();
        const Disturbed disturbed = run_disturbed(arguments, out_, fault);
        expect_sound(disturbed, result);
        if (disturbed.ran.status == 3) after_failure();
      }
    }
  }

  void expect_sound(const Disturbed& disturbed, const std::function<std::string()>& result) {
    const Ran& ran = disturbed.ran;
    ASSERT_NE(disturbed.record.hit[0], '\0') << "the call was not reached: is the program not the same from run to run?";
    ASSERT_TRUE(ran.status == 0 || ran.status == 3) << ran.status << ": " << ran.err;
    const std::string hit = disturbed.record.hit;
    if (ran.status == 0) {
      EXPECT_EQ(result(), right_) << "a wrong result without a word; hit: " << hit;
    } else {
      EXPECT_NE(ran.err.find(plain_name(hit)), std::string::npos) << hit << " is not named: " << ran.err;
    }
  }

  void expect_no_parts() {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(out_))
      EXPECT_FALSE(entry.path().extension() == ".part") << entry.path();
  }

  void empty_out() {
    fs::remove_all(out_);
    fs::create_directory(out_);
  }

  const ScratchFolder scratch_{quick_place()};
  const fs::path out_ = scratch_.path() / "out";
  std::string right_;
};

TEST_F(Faults, Synth) {
  const fs::path data = out_ / "data";
  const auto sounds = [&] {
    std::string all;
    for (const char* genre : {"blues", "rock"}) all += content_of(data / genre / fmt::format("{}.00000.wav", genre));
    return all;
  };
  disturb(
      fmt::format("synth {} --clips 1 --seconds 0.5 --threads 1 --quiet", data.string()), sounds, [&] { empty_out(); },
      [&] { expect_no_parts(); });
}

TEST_F(Faults, Features) {
  const fs::path sound = scratch_.path() / "a.wav", features = out_ / "features.h5";
  write_wav(sound, 8000, sine(440, 8000, 0.5));
  const auto result = [&] { return tensors_of(features) + content_of(out_ / "png" / "a.png"); };
  const auto arguments = fmt::format("features {} --out {} --png {} --threads 1 --quiet", sound.string(), features.string(),
                                     (out_ / "png").string());
  disturb(
      arguments, result, [&] { empty_out(); }, [&] { expect_no_parts(); });
}

TEST_F(Faults, Convert) {
  const fs::path weights = scratch_.path() / "r.safetensors", earlier = scratch_.path() / "earlier.h5", out = out_ / "r.h5";
  write_sparse_weights(weights, {.arch = "resnet34", .classes = 2, .scale = 2});
  ASSERT_EQ(run_program(fmt::format("weights convert {} {} --quiet", weights.string(), earlier.string())).status, 0);
  write_sparse_weights(weights, {.arch = "resnet34", .classes = 2});
  const std::string was_there = tensors_of(earlier);
  const auto after = [&] {
    expect_no_parts();
    const std::string is_there = tensors_of(out);  // the old file, or the new one whole: only the folder may be unsynced
    EXPECT_TRUE(is_there == was_there || is_there == right_) << "neither the old file nor the new one";
  };
  const auto before = [&] {
    empty_out();
    fs::copy_file(earlier, out);
  };
  disturb(
      fmt::format("weights convert {} {} --quiet", weights.string(), out.string()), [&] { return tensors_of(out); }, before,
      after);
}

TEST_F(Faults, Train) {
  const TinyRun tiny;
  const fs::path run = out_ / "run";
  const auto result = [&] { return TinyRun::result_of(run); };
  // What a user does next: the same run goes on, and comes to the same end.
  const auto resume = [&] {
    expect_no_parts();
    if (!fs::exists(run / "config.toml")) return;
    const Ran ran = run_program(fmt::format("train --resume {} --quiet", run.string()));
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(result(), right_);
  };
  disturb(
      tiny.train(run, 2), result, [&] { empty_out(); }, resume);
}

}  // namespace
}  // namespace cudenza::testing
