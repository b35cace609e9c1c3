/// Files of quantized models: read as they were written, and refused by name whatever is wrong with them.
#include "apps/study/int8_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <random>

#include "engine/nn/prepared.h"
#include "tests/support/compare.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/model_edits.h"
#include "tests/support/quantized_model.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

constexpr const char* kLayer = "features.3";  // AlexNet's second convolution, which computes in bytes

Tensor logits(Model& model, Weights weights) {
  EXPECT_EQ(judging_type(model, {.precision = "int8"}, Device::cpu()), judging_type(model, {.precision = "auto"}, Device::cpu()));
  Prepared prepared(*model.network, weights);
  const Tensor x = drawn({3, 64, 64, 3}, 5, 0, [](float s) { return s; });
  prepared(x);
  return prepared(x);
}

class Int8File : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scratch_ = std::make_unique<ScratchFolder>(quick_place());
    Model model = quantized_model();
    Hdf5File::create(sound(), [&](Hdf5File& file) { write_model(file, model); });
    logits_ = logits(model, Weights::kept);
  }
  static void TearDownTestSuite() { scratch_.reset(), logits_ = {}; }

  static fs::path sound() { return scratch_->path() / "sound.h5"; }
  static fs::path damaged() { return scratch_->path() / "damaged.h5"; }
  static Hdf5Content content() { return Hdf5Content::of(Hdf5File(sound()), {"model", "input", "int8"}, {"int8/layers"}); }

  /// What a reader of the file with this change says.
  static std::string refusal(const std::function<void(Hdf5Content&)>& change) {
    Hdf5Content changed = content();
    change(changed);
    changed.write(damaged());
    const std::string text = message_of<DataError>([] { read_model(damaged(), Device::cpu()); });
    EXPECT_NE(text.find("damaged.h5"), std::string::npos) << text;
    return text;
  }

  static inline std::unique_ptr<ScratchFolder> scratch_;
  static inline Tensor logits_;
};

TEST_F(Int8File, GivesTheLogitsOfTheModelThatWasWritten) {
  for (const Weights weights : {Weights::kept, Weights::dropped}) {
    Model model = read_model(sound(), Device::cpu());
    EXPECT_TRUE(is_same(logits(model, weights), logits_));
  }
  EXPECT_EQ(comparison_of(read_int8_facts(Hdf5File(sound()))),
            "of 4 files (valid) f32 has 3 right (75.0 %) and int8 2 (50.0 %); 1 answers differ");
}

TEST_F(Int8File, HoldsWeightsInBytesAlone) {
  const Hdf5File file(sound());
  EXPECT_FALSE(file.contains("features.3.weight"));
  EXPECT_EQ(file.extent("int8/weights/features.3").dtype, DType::u8);
  EXPECT_TRUE(file.contains("features.0.weight"));  // the first layer computes in floats
  EXPECT_LT(fs::file_size(sound()), 5'000'000u);    // 2.7 million weights
  Model model = read_model(sound(), Device::cpu());
  for (const std::string& name : replaced_weights(model.int8)) {
    for (const NamedTensor& t : model.network->state_dict()) {
      if (t.name == name) {
        EXPECT_THROW(t.tensor.span<float>(), UsageError) << name;
      }
    }
  }
  EXPECT_THROW(judging_type(model, {.precision = "fp32"}, Device::cpu()), UsageError);
  expect_says(message_of<DataError>([&] { begin_with(model, {.path = sound(), .file = Hdf5File(sound())}, true); }),
              "take the file that it was made of");
}

TEST_F(Int8File, RefusesScalesThatNoNetworkHas) {
  const auto with = [](size_t column, float value) {
    return refusal([&](Hdf5Content& c) {
      const size_t row = static_cast<size_t>(std::ranges::find(c.texts["int8/layers"], kLayer) - c.texts["int8/layers"].begin());
      c.tensors["int8/numbers"].data<float>()[3 * row + column] = value;
    });
  };
  for (const float bad : {NAN, INFINITY, -INFINITY, -0.1F, 1e30F, 1e-30F}) {
    for (const size_t column : {0, 1}) expect_says(with(column, bad), kLayer);
  }
  expect_says(with(0, 0), "weights in bytes for");  // the layer would compute in floats, but its weights are not there
  for (const float zero : {1.0F, -128.0F, 127.0F, NAN, 1e9F}) expect_says(with(2, zero), kLayer);
  for (const float bad : {NAN, INFINITY, -1.0F, 1e30F, 1e-30F})
    expect_says(refusal([&](Hdf5Content& c) { c.tensors["int8/scales/features.3"].data<float>()[7] = bad; }), "features.3");
  for (const float bad : {NAN, INFINITY})
    expect_says(refusal([&](Hdf5Content& c) { c.tensors["int8/biases/features.3"].data<float>()[7] = bad; }), "features.3");
  expect_says(refusal([](Hdf5Content& c) { c.tensors["int8/weights/features.3"].data<uint8_t>()[9] = 0x80; }), "-128");
}

TEST_F(Int8File, RefusesLayersThatAreMissingOrTooMany) {
  for (const char* const part : {"weights", "scales", "biases"}) {
    const std::string place = fmt::format("int8/{}/{}", part, kLayer);
    expect_says(refusal([&](Hdf5Content& c) { c.tensors.erase(place); }), place);
  }
  const auto names = [](const std::function<void(std::vector<std::string>&)>& change) {
    return refusal([&](Hdf5Content& c) { change(c.texts["int8/layers"]); });
  };
  expect_says(names([](auto& layers) { layers.pop_back(); }), "numbers are");
  expect_says(names([](auto& layers) { layers.clear(); }), "names no layers");
  expect_says(names([](auto& layers) { layers.front() = layers.back(); }), "");
  expect_says(
      names([](auto& layers) { std::replace(layers.begin(), layers.end(), std::string(kLayer), std::string("features.99")); }),
      "features.99");
  expect_says(
      names([](auto& layers) { std::replace(layers.begin(), layers.end(), std::string(kLayer), std::string("../../model")); }),
      "../../model");
  expect_says(refusal([](Hdf5Content& c) { c.tensors["int8/weights/head.fc2"] = c.tensors["int8/weights/features.3"]; }),
              "weights in bytes for");
  expect_says(refusal([](Hdf5Content& c) { c.tensors.erase("features.0.weight"); }), "features.0.weight");
  expect_says(refusal([](Hdf5Content& c) { c.texts.erase("int8/layers"); }), "int8/layers");
  expect_says(refusal([](Hdf5Content& c) { c.tensors.erase("int8/numbers"); }), "int8/numbers");
}

TEST_F(Int8File, RefusesOtherShapesAndTypes) {
  const auto replaced = [](const std::string& name, const Tensor& by) {
    return refusal([&](Hdf5Content& c) { c.tensors[name] = by; });
  };
  const Shape shape{192, 5, 5, 64};
  expect_says(replaced("int8/weights/features.3", Tensor::zeros({192, 64, 5, 5}, DType::u8)), "features.3");
  expect_says(replaced("int8/weights/features.3", Tensor::zeros({192, 5, 5, 63}, DType::u8)), "features.3");
  expect_says(replaced("int8/weights/features.3", Tensor::zeros({0}, DType::u8)), "features.3");
  expect_says(replaced("int8/weights/features.3", Tensor::zeros(shape, DType::f32)), "not bytes");
  expect_says(replaced("int8/scales/features.3", Tensor::zeros({191}, DType::f32)), "features.3");
  expect_says(replaced("int8/scales/features.3", Tensor::zeros({192}, DType::i64)), "not f32");
  expect_says(replaced("int8/biases/features.3", Tensor::zeros({192, 1}, DType::f32)), "features.3");
  expect_says(replaced("int8/numbers", Tensor::zeros({3}, DType::f32)), "numbers are");
  expect_says(replaced("int8/numbers", Tensor::zeros({7, 4}, DType::f32)), "numbers are");
  expect_says(replaced("int8/numbers", Tensor::zeros({7, 3}, DType::f64)), "numbers are");
}

TEST_F(Int8File, RefusesFactsThatCannotBe) {
  for (const char* const name : {"made_of", "clips", "part", "files", "f32_correct", "int8_correct", "answers_changed"})
    expect_says(refusal([&](Hdf5Content& c) { c.attributes.erase({"int8", name}); }), name);
  for (const char* const name : {"clips", "files", "f32_correct", "int8_correct", "answers_changed"})
    expect_says(refusal([&](Hdf5Content& c) { c.attributes[{"int8", name}] = int64_t{-1}; }), "-1");
  expect_says(refusal([](Hdf5Content& c) { c.attributes[{"int8", "int8_correct"}] = int64_t{5}; }), "int8 5");
  expect_says(refusal([](Hdf5Content& c) { c.attributes[{"int8", "clips"}] = std::string("many"); }), "clips");
}

TEST_F(Int8File, CutOffOrFlippedIsRefused) {
  const std::string whole = content_of(sound());
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(damaged(), std::ios::binary) << bytes;
    return message_of<DataError>([] { read_model(damaged(), Device::cpu()); });
  };
  std::mt19937 random(1);
  for (int i = 0; i < 100; ++i) expect_says(refused(whole.substr(0, random() % whole.size())), "damaged.h5");
  for (int i = 0; i < 100; ++i) {
    std::string flipped = whole;
    flipped[random() % whole.size()] ^= static_cast<char>(1 + random() % 255);
    std::ofstream(damaged(), std::ios::binary) << flipped;
    try {
      Model model = read_model(damaged(), Device::cpu());  // a byte that means nothing, in the checksum's block
      EXPECT_TRUE(is_same(logits(model, Weights::dropped), logits_));
    } catch (const DataError& error) {
      expect_says(error.what(), "damaged.h5");
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
