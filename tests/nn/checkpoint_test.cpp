#include "engine/nn/checkpoint.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd/node.h"
#include "engine/nn/layers.h"
#include "engine/ops/pointwise.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

struct Small : Module {
  struct Options {
    int in_channels = 3, classes = 5;
  };
  Small() : Small(Options{}) {}
  explicit Small(const Options& o)
      : conv(child<Conv2d>("conv", {.in = o.in_channels, .out = 4, .kernel = 3, .pad = 1, .bias = false})),
        bn(child<BatchNorm2d>("bn", {.channels = 4})),
        hidden(child<Linear>("hidden", {.in = 2 * 3 * 4, .out = 7, .positions = 2 * 3})),
        fc(child<Linear>("fc", {.in = 7, .out = o.classes})) {
    Generator random(3);
    initialize(random);
  }
  Tensor forward(const Tensor& x) override {
    const Tensor y = adaptive_avg_pool2d(conv_bn_relu(conv, bn, x), 2, 3);
    return fc(relu(hidden(reshape(y, {x.size(0), 2 * 3 * 4}))));
  }

  Conv2d& conv;
  BatchNorm2d& bn;
  Linear &hidden, &fc;
};

class Checkpoint : public ::testing::Test {
 protected:
  fs::path save(const Module& network) {
    Hdf5File::create(path_, [&](Hdf5File& file) {
      write_info(file, {.arch = "small"});
      write_state(file, network);
      file.write("optimizer/moments", Tensor::zeros({3}, DType::f32));  // what others add is not in the way
    });
    return path_;
  }

  std::string refusal(const Module& saved, Module& loaded, const LoadOptions& options = {}) {
    try {
      read_state(Hdf5File(save(saved)), loaded, options);
    } catch (const DataError& error) {
      return error.what();
    }
    return "(was loaded)";
  }

  const ScratchFolder scratch_;
  const fs::path path_ = scratch_.path() / "small.h5";
};

void set_to_positions(const Tensor& t) {
  const auto values = t.span<float>();
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
}

void expect_same_state(const Module& a, const Module& b) {
  const auto left = a.state_dict(), right = b.state_dict();
  ASSERT_EQ(left.size(), right.size());
  for (size_t i = 0; i < left.size(); ++i)
    EXPECT_EQ(left[i].tensor.to_vector<float>(), right[i].tensor.to_vector<float>()) << left[i].name;
}

TEST_F(Checkpoint, WeightsComeBack) {
  const Small saved;
  Small loaded;
  Generator random(99);
  loaded.initialize(random);
  const LoadReport report = read_state(Hdf5File(save(saved)), loaded);
  EXPECT_EQ(report.loaded.size(), saved.state_dict().size());
  EXPECT_EQ(report.text(), "loaded 9 tensors");
  expect_same_state(saved, loaded);
}

TEST_F(Checkpoint, FilesHoldPyTorchsOrder) {
  const Small network;
  set_to_positions(network.conv.weight);
  set_to_positions(network.hidden.weight);
  const Hdf5File file(save(network));

  const Tensor filters = file.read("conv.weight");
  ASSERT_EQ(filters.shape(), (Shape{4, 3, 3, 3}));  // OIHW of KRSC
  for (int64_t o = 0; o < 4; ++o) {
    for (int64_t i = 0; i < 3; ++i) {
      for (int64_t hw = 0; hw < 9; ++hw)
        EXPECT_EQ(filters.span<float>()[(o * 3 + i) * 9 + hw], static_cast<float>((o * 9 + hw) * 3 + i));
    }
  }
  const Tensor columns = file.read("hidden.weight");
  ASSERT_EQ(columns.shape(), (Shape{7, 24}));  // c, h, w of h, w, c
  for (int64_t o = 0; o < 7; ++o) {
    for (int64_t c = 0; c < 4; ++c) {
      for (int64_t hw = 0; hw < 6; ++hw)
        EXPECT_EQ(columns.span<float>()[(o * 4 + c) * 6 + hw], static_cast<float>((o * 6 + hw) * 4 + c));
    }
  }
}

TEST_F(Checkpoint, InfoComesBack) {
  const WeightsInfo info{.arch = "small",
                         .source = "small-01234567.pth",
                         .source_sha256 = "0123",
                         .input_size = 160,
                         .mean = {0.5},
                         .std = {0.25},
                         .interpolation = "bicubic",
                         .classes = {"blues", "jazz"}};
  Hdf5File::create(path_, [&](Hdf5File& file) { write_info(file, info); });
  const WeightsInfo read = read_info(Hdf5File(path_));
  EXPECT_EQ(read.arch, info.arch);
  EXPECT_EQ(read.source, info.source);
  EXPECT_EQ(read.source_sha256, info.source_sha256);
  EXPECT_EQ(read.input_size, info.input_size);
  EXPECT_EQ(read.mean, info.mean);
  EXPECT_EQ(read.std, info.std);
  EXPECT_EQ(read.interpolation, info.interpolation);
  EXPECT_EQ(read.classes, info.classes);
}

/// Few are an attribute: data sets alone are compared where two files are to be equal to the bit, and texts have no bits there.
TEST_F(Checkpoint, AnyNumberOfClassesComesBack) {
  for (const int count : {0, 10, 6000}) {
    std::vector<std::string> classes;
    for (int i = 0; i < count; ++i) classes.push_back("class " + std::to_string(i));
    Hdf5File::create(path_, [&](Hdf5File& file) { write_info(file, {.arch = "small", .classes = classes}); });
    const Hdf5File file(path_);
    EXPECT_EQ(read_info(file).classes, classes);
    EXPECT_EQ(file.has_texts("classes"), count == 6000);
  }
}

TEST_F(Checkpoint, ForeignAndNewerFilesAreRefused) {
  Hdf5File::create(path_, [](Hdf5File& file) { file.write("x", Tensor::zeros({2}, DType::f32)); });
  EXPECT_THROW(read_info(Hdf5File(path_)), DataError);
  Hdf5File::create(path_, [](Hdf5File& file) {
    write_info(file, {.arch = "small"});
    file.set_attribute("/", "format_version", 3);
  });
  EXPECT_THROW(read_info(Hdf5File(path_)), DataError);
}

TEST_F(Checkpoint, NumbersThatAreNotFiniteAreNotSaved) {
  const Small network;
  save(network);
  network.hidden.weight.span<float>()[5] = NAN;
  network.hidden.weight.span<float>()[6] = -INFINITY;
  const std::string message = message_of<DataError>([&] { save(network); });
  expect_says(message, "small.h5: 'hidden.weight' has 2 of 168 numbers that are not finite");
  expect_says(message, "diverged");
  Small old;
  EXPECT_EQ(read_state(Hdf5File(path_), old).loaded.size(), 9u);  // the file before it is there still
}

TEST_F(Checkpoint, NumbersThatAreNotFiniteAreNotLoaded) {
  const Small saved;
  for (const float bad : {NAN, INFINITY}) {
    Hdf5File::create(path_, [&](Hdf5File& file) {
      for (const StateEntry& e : file_state(saved)) {
        const Tensor values = as_in_file(e).clone();
        if (e.name == "bn.running_var") values.span<float>()[3] = bad;
        file.write(e.name, values);
      }
    });
    Small loaded;
    set_to_positions(loaded.conv.weight);
    const std::string message = message_of<DataError>([&] { read_state(Hdf5File(path_), loaded); });
    expect_says(message, "small.h5: 'bn.running_var' has 1 of 4 numbers that are not finite");
    EXPECT_EQ(loaded.conv.weight.span<float>()[5], 5);  // nothing was loaded
    EXPECT_EQ(read_state(Hdf5File(path_), loaded, {.replace_head = {"bn."}}).loaded.size(),
              5u);  // what is left out may be anything
  }
}

TEST_F(Checkpoint, OtherShapesAreRefusedAndNothingIsLoaded) {
  const Small saved;
  Small ten({.classes = 10});
  set_to_positions(ten.conv.weight);
  const std::string message = refusal(saved, ten);
  expect_says(message, "small.h5");
  expect_says(message, "fc.weight is [5,7] in the file and [10,7] in the network");
  expect_says(message, "replace_head: \"fc.\"");
  EXPECT_EQ(ten.conv.weight.span<float>()[5], 5);
}

TEST_F(Checkpoint, HeadCanBeNew) {
  const Small saved;
  Small ten({.classes = 10});
  set_to_positions(ten.fc.weight);
  const LoadReport report = read_state(Hdf5File(save(saved)), ten, {.replace_head = {"fc."}});
  EXPECT_EQ(report.replaced, (std::vector<std::string>{"fc.weight", "fc.bias"}));
  EXPECT_EQ(report.text(), "loaded 7 tensors; new: fc.weight fc.bias");
  EXPECT_EQ(ten.conv.weight.to_vector<float>(), saved.conv.weight.to_vector<float>());
  EXPECT_EQ(ten.fc.weight.span<float>()[5], 5);
}

TEST_F(Checkpoint, MissingAndUnexpectedNamesAreRefusedUnlessAllowed) {
  const Small saved;
  Sequential other;
  other.add<Linear>({.in = 7, .out = 5});
  expect_says(refusal(saved, other), "it lacks 0.weight 0.bias");
  expect_says(refusal(saved, other, {.allow_missing = true}), "the network has no place for bn.bias bn.running_mean");
  const LoadReport report = read_state(Hdf5File(path_), other, {.allow_missing = true, .allow_unexpected = true});
  EXPECT_TRUE(report.loaded.empty());
  EXPECT_EQ(report.missing, (std::vector<std::string>{"0.weight", "0.bias"}));
  EXPECT_EQ(report.unexpected.size(), 9u);
}

TEST_F(Checkpoint, CountersOfBatchesAreIgnored) {
  const Small saved;
  Hdf5File::create(path_, [&](Hdf5File& file) {
    write_state(file, saved);
    file.write("bn.num_batches_tracked", Tensor::zeros({}, DType::i64));
  });
  Small loaded;
  EXPECT_TRUE(read_state(Hdf5File(path_), loaded).unexpected.empty());
}

TEST_F(Checkpoint, GroupsHoldStatesOfTheirOwn) {
  const Small saved;
  Small averaged, loaded;
  set_to_positions(averaged.fc.weight);
  Hdf5File::create(path_, [&](Hdf5File& file) {
    write_state(file, saved);
    write_state(file, averaged, "ema");
  });
  const Hdf5File file(path_);
  read_state(file, loaded, {.group = "ema"});
  expect_same_state(averaged, loaded);
  read_state(file, loaded);
  expect_same_state(saved, loaded);
}

/// Of a grey picture, one channel with summed filters gives what three equal channels give.
TEST_F(Checkpoint, ColourFiltersAreSummedForOneChannel) {
  Small colours;
  Small grey({.in_channels = 1});
  const LoadReport report = read_state(Hdf5File(save(colours)), grey);
  EXPECT_TRUE(report.summed_channels);
  NoGrad no_grad;
  colours.train(false);
  grey.train(false);
  std::vector<float> values(5 * 6), tripled;
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) / 4 - 0.5f;
  for (const float v : values) tripled.insert(tripled.end(), 3, v);
  const auto one = grey(Tensor::from(values, {1, 5, 6, 1})).to_vector<double>();
  const auto three = colours(Tensor::from(tripled, {1, 5, 6, 3})).to_vector<double>();
  for (size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], three[i], 1e-5);
  expect_says(refusal(grey, colours), "conv.weight is [4,1,3,3] in the file and [4,3,3,3] in the network");
}

TEST_F(Checkpoint, CorruptFilesAreRefused) {
  const Small saved;
  const auto size = fs::file_size(save(saved));
  for (int percent = 99; percent >= 0; --percent) {
    fs::resize_file(path_, size * static_cast<uintmax_t>(percent) / 100);
    Small loaded;
    EXPECT_THROW(read_state(Hdf5File(path_), loaded), DataError) << percent << " %";
  }
}

TEST(UnsetWeights, LeaveNetworksWithTheirShapes) {
  std::unique_ptr<Linear> layer;
  {
    const UnsetWeights unset;
    layer = std::make_unique<Linear>(Linear::Options{.in = 3, .out = 2});
  }
  EXPECT_EQ(layer->weight.shape(), (Shape{2, 3}));
  const Linear after({.in = 3, .out = 2});
  EXPECT_EQ(after.weight.to_vector<float>(), std::vector<float>(6, 0.0f));
}

}  // namespace
}  // namespace cudenza::testing
