/// cudenza features --model: what a model that was trained here sees of files.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "apps/cli/exit_code.h"
#include "engine/audio/decode.h"
#include "engine/data/pictures.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/png.h"
#include "engine/train/clip_input.h"
#include "engine/train/load_rows.h"
#include "engine/train/picture_input.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class ModelInputTest : public ::testing::Test {
 protected:
  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  /// The part of a trained model that the verb reads, as a run's best.h5.
  void write_model_of(const InputSpec& spec) const {
    fs::create_directories(at("run"));
    Hdf5File::create(at("run/best.h5"), [&](Hdf5File& file) { write_input_spec(file, spec); });
  }
  Ran features(const std::string& more = "") const {
    return run_program(fmt::format("features '{}' --model '{}' --out '{}' --device cpu {}", at("data").string(),
                                   at("run").string(), at("x.h5").string(), more));
  }
  void tone(const std::string& name, double hz, double seconds) const {
    fs::create_directories(at(name).parent_path());
    write_wav(at(name), 22050, sine(hz, 22050, seconds));
  }

  ScratchFolder scratch_;
};

TEST_F(ModelInputTest, SoundsAreCutAndNormalisedAsTheModels) {
  tone("data/high/a.wav", 3000, 0.5);
  tone("data/low/b.wav", 200, 1.2);  // a row, another, and none of the rest, which is less than half a row
  InputSpec spec{.picture = {.height = 32, .width = 32}, .clip_seconds = 0.5};
  spec.mel.sample_rate = 22050;
  const auto heard = [&](const char* name) { return rows_of(hear(at(name), 22050).pcm, spec.clip_samples()); };
  const Tensor a = heard("data/high/a.wav"), b = heard("data/low/b.wav");
  ASSERT_EQ(b.size(0), 2);
  spec.statistics = measure(b, spec.mel, std::vector<int64_t>{0, 1});  // the model's own, not those of the files
  write_model_of(spec);
  const Ran ran = features();
  ASSERT_EQ(ran.status, kDone) << ran.err;
  const Hdf5File file(at("x.h5"));
  const auto seen = [&](const Tensor& rows) {
    ClipInput input(rows, spec, clip_chances(Recipe{}, spec), DType::f32, 0);
    std::vector<int64_t> all;
    for (int64_t row = 0; row < rows.size(0); ++row) all.push_back(row);
    return input.plain(all);
  };
  EXPECT_EQ(file.read("high/a.wav/image").shape(), (Shape{1, 32, 32, 3}));
  EXPECT_EQ(file.read("high/a.wav/image").to_vector<float>(), seen(a).to_vector<float>());
  EXPECT_EQ(file.read("low/b.wav/image").to_vector<float>(), seen(b).to_vector<float>());
  EXPECT_EQ(file.attribute<std::string>("low/b.wav", "label"), "low");
}

TEST_F(ModelInputTest, PicturesAreCroppedAndScaledAsTheModels) {
  fs::create_directories(at("data/x"));
  Pixels pixels{.height = 50, .width = 60, .channels = 3, .values = std::vector<uint8_t>(size_t{50} * 60 * 3, 255)};
  for (size_t y = 5; y < 45; ++y) {
    for (size_t x = 4; x < 56; ++x) {
      for (size_t c = 0; c < 3; ++c) pixels.values[(y * 60 + x) * 3 + c] = static_cast<uint8_t>((3 * x + 5 * y + 40 * c) % 250);
    }
  }
  write_png(at("data/x/p.png"), pixels);
  write_model_of({.media = Media::pictures, .picture = {.height = 32, .width = 32}, .normalize = Normalize::imagenet});
  const Ran ran = features("--json");
  ASSERT_EQ(ran.status, kDone) << ran.err;
  EXPECT_NE(ran.out.find("\"files\": 1"), std::string::npos) << ran.out;
  const Tensor small = resized(pixels, {5, 4, 40, 52}, {.height = 32, .width = 32});
  PictureInput input(small.view({1, 32, 32, 3}), 32, Normalize::imagenet, {}, DType::f32, 0);
  EXPECT_EQ(Hdf5File(at("x.h5")).read("x/p.png/image").to_vector<float>(),
            input.plain(std::vector<int64_t>{0}).to_vector<float>());
}

TEST_F(ModelInputTest, SaysWhatDoesNotFit) {
  tone("data/x/a.wav", 440, 0.3);
  write_model_of({.media = Media::pictures, .picture = {.height = 32, .width = 32}, .normalize = Normalize::imagenet});
  const Ran sounds = features();
  EXPECT_EQ(sounds.status, kDataError);
  EXPECT_NE(sounds.err.find("holds sounds, but"), std::string::npos) << sounds.err;
  EXPECT_EQ(features("--n-mels 64").status, kUsageError);  // the model has its own
  EXPECT_EQ(features(fmt::format("'{}'", at("data").string())).status, kUsageError);
  EXPECT_FALSE(fs::exists(at("x.h5")));
}

}  // namespace
}  // namespace cudenza::testing
