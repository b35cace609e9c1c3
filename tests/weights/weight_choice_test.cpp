/// State dicts as people save them: wrapped, prefixed, beside others and beside things that are no tensors.
#include "weights/weight_choice.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/weights/checkpoints.h"
#include "tests/weights/hostile_files.h"
#include "tests/weights/sparse_weights.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class WeightChoiceTest : public ::testing::Test {
 protected:
  /// What is chosen of a checkpoint of this object.
  WeightChoice choice_of(const std::string& object, const std::string& key = "", bool stream = false) {
    write_checkpoint(path_, object, stream);
    return choose_weights(WeightSource(path_), "resnet34", key);
  }

  /// The first number of the first tensor: 1 or 2, by the storage.
  float first_number(const WeightChoice& choice) {
    float value = 0;
    const WeightSource source(path_);
    TensorReader(source.file(), choice.tensors.front()).read({&value, 1});
    return value;
  }

  static void expect_resnet34(const WeightChoice& choice) {
    EXPECT_EQ(choice.match.fault, "");
    EXPECT_EQ(choice.match.classes, 1000);
    ASSERT_EQ(choice.tensors.size(), 182u);
    EXPECT_EQ(choice.tensors.front().name, "conv1.weight");
    EXPECT_EQ(choice.tensors.back().name, "fc.bias");
  }
  static std::string remarks_of(const WeightChoice& choice) { return fmt::format("{}", fmt::join(choice.remarks(), "\n")); }

  const ScratchFolder scratch_;
  const fs::path path_ = scratch_.path() / "some.pth";
  const std::string plain_ = pickled_resnet34(prefixed(""));
};

const char* const kPrefixes[] = {"module.",
                                 "_orig_mod.",
                                 "model.",
                                 "net.",
                                 "backbone.",
                                 "encoder.",
                                 "module._orig_mod.",
                                 "_orig_mod.module.model.",
                                 "model._orig_mod.module.",
                                 "model.net.encoder."};

TEST_F(WeightChoiceTest, APlainStateDictIsTakenWithoutAWord) {
  const WeightChoice choice = choice_of(plain_);
  expect_resnet34(choice);
  EXPECT_EQ(remarks_of(choice), "");
}

TEST_F(WeightChoiceTest, PrefixesAreTakenOff) {
  for (const std::string prefix : kPrefixes) {
    SCOPED_TRACE(prefix);
    const WeightChoice choice = choice_of(pickled_resnet34(prefixed(prefix)));
    expect_resnet34(choice);
    expect_says(remarks_of(choice), "took its tensors, names without ");
  }
}

TEST_F(WeightChoiceTest, PrefixesAreTakenOffInSafetensorsAndStreams) {
  for (const std::string prefix : kPrefixes) {
    SCOPED_TRACE(prefix);
    write_sparse_weights(path_, {.arch = "resnet34", .prefix = prefix});
    const WeightChoice choice = choose_weights(WeightSource(path_));
    EXPECT_EQ(choice.match.arch, "resnet34");
    EXPECT_EQ(choice.match.fault, "");
    EXPECT_EQ(choice.tensors.front().name, "conv1.weight");
  }
  expect_resnet34(choice_of(pickled_dict({{"net", pickled_resnet34(prefixed("module.model."))}}), "", true));
}

TEST_F(WeightChoiceTest, WrappersOfPartsAreTakenOff) {
  const auto in_the_middle = [](const std::string& name) {
    return name.starts_with("layer1.") ? "layer1._orig_mod." + name.substr(7) : "module." + name;
  };
  expect_resnet34(choice_of(pickled_resnet34(in_the_middle)));
}

TEST_F(WeightChoiceTest, StateDictsAreFoundUnderAnyKey) {
  for (const char* key : {"state_dict", "model", "net", "network", "weights", "params", "model_state_dict", "my own", "ema"}) {
    SCOPED_TRACE(key);
    const WeightChoice choice = choice_of(pickled_dict({{"epoch", "K\3"}, {key, plain_}}));
    expect_resnet34(choice);
    EXPECT_EQ(choice.key, key);
    EXPECT_EQ(remarks_of(choice), fmt::format("took '{}'", key));
  }
  const WeightChoice nested = choice_of(pickled_dict({{"checkpoint", pickled_dict({{"model", plain_}})}}));
  expect_resnet34(nested);
  EXPECT_EQ(nested.key, "checkpoint.model");
}

TEST_F(WeightChoiceTest, WhatIsNoTensorDoesNotDisturb) {
  using namespace pickled;
  const std::string number = tensor("0", kStorageNumbers, integer(0), integer(3), integer(1));
  const std::string optimizer = pickled_dict({{"state", "}K\1" + dict("exp_avg", number) + "s"}, {"param_groups", "](}e"}});
  const std::string arguments = global("argparse", "Namespace") + ")\x81" + dict("lr", "K\1") + "b";
  const std::string defaults = global("collections", "defaultdict") + tuple(global("builtins", "list")) + "R(" + text("a") + "Nu";
  const std::string scalar = global("numpy.core.multiarray", "scalar") +
                             tuple(global("numpy", "dtype") + tuple(text("f8")) + "R" + text("12345678")) + "R";
  const std::string own = global("__main__", "Config") + ")R(" + text("a") + "Nu";  // a class that is a dict as well
  const WeightChoice choice = choice_of(pickled_dict({{"epoch", "K\3"},
                                                      {"optimizer", optimizer},
                                                      {"args", arguments},
                                                      {"history", defaults},
                                                      {"best", scalar},
                                                      {"big", "\x8b" + little(3, 4) + "abc"},
                                                      {"config", own},
                                                      {"state_dict", pickled_resnet34(prefixed("model."))}}));
  expect_resnet34(choice);
}

TEST_F(WeightChoiceTest, AttacksAreRefusedBesideGoodWeightsToo) {
  using namespace pickled;
  for (const char* name : {"os system", "builtins eval", "subprocess Popen", "posix system"}) {
    const std::string whole_name = name, module = whole_name.substr(0, whole_name.find(' '));
    const std::string call = global(module, whole_name.substr(module.size() + 1)) + tuple(text("touch x")) + "R";
    write_checkpoint(path_, pickled_dict({{"state_dict", plain_}, {"epoch", call}}));
    expect_says(message_of<DataError>([&] { WeightSource{path_}; }), "the pickle names " + module);
  }
}

TEST_F(WeightChoiceTest, OfSeveralTheFirstThatIsNoAverageIsTaken) {
  const std::string twos = pickled_resnet34(prefixed("module."), "1");
  for (const char* average : {"state_dict_ema", "model_ema", "ema", "teacher", "swa.model"}) {
    SCOPED_TRACE(average);
    const WeightChoice choice = choice_of(pickled_dict({{average, twos}, {"state_dict", plain_}}));
    expect_resnet34(choice);
    EXPECT_EQ(choice.key, "state_dict");
    EXPECT_EQ(first_number(choice), 1);
    expect_says(remarks_of(choice), fmt::format("'{}' fits as well and was not taken", average));
    const WeightChoice other = choice_of(pickled_dict({{average, twos}, {"state_dict", plain_}}), average);
    expect_resnet34(other);
    EXPECT_EQ(first_number(other), 2);
    expect_says(remarks_of(other), fmt::format("took '{}'", average));
  }
  const WeightChoice first = choice_of(pickled_dict({{"net_b", twos}, {"net_a", plain_}}));
  EXPECT_EQ(first.key, "net_b");
}

TEST_F(WeightChoiceTest, OfTwoNetworksInOneDictTheStudentIsTaken) {
  const auto both = [](const std::string& storage) {
    return pickled_resnet34(prefixed(storage == "0" ? "student." : "teacher."), storage);
  };
  // One dict with the entries of both.
  std::string object = both("1");
  object.pop_back();
  object += both("0").substr(2);
  const WeightChoice choice = choice_of(object);
  expect_resnet34(choice);
  EXPECT_EQ(choice.prefix, "student.");
  EXPECT_EQ(first_number(choice), 1);
  expect_says(remarks_of(choice), "'teacher' fits as well");
  EXPECT_EQ(first_number(choice_of(object, "teacher")), 2);
}

TEST_F(WeightChoiceTest, WhatLiesOutsideTheNetworkIsLeftOutAndSaid) {
  const std::string number = pickled::tensor("0", kStorageNumbers, pickled::integer(0), pickled::integer(3), pickled::integer(1));
  std::string object = pickled_resnet34(prefixed("model."));
  object.pop_back();
  object += pickled::text("criterion.weight") + number + "u";
  const WeightChoice choice = choice_of(object);
  expect_resnet34(choice);
  expect_says(remarks_of(choice), "left out what is outside of the network: criterion.weight");
}

TEST_F(WeightChoiceTest, AClassifierMayStandBesideTheBody) {
  const auto renamed = [](const std::string& name) { return name.starts_with("fc.") ? name : "backbone." + name; };
  expect_resnet34(choice_of(pickled_resnet34(renamed)));
}

TEST_F(WeightChoiceTest, ABodyAloneFitsWithoutClasses) {
  const auto renamed = [](const std::string& name) { return name.starts_with("fc.") ? "" : "encoder." + name; };
  const WeightChoice choice = choice_of(pickled_resnet34(renamed));
  EXPECT_TRUE(choice.match.fits());
  EXPECT_TRUE(choice.match.headless);
  EXPECT_EQ(choice.match.classes, 0);
  EXPECT_EQ(choice.tensors.size(), 180u);
  expect_says(remarks_of(choice), "holds no classifier");
}

TEST_F(WeightChoiceTest, APartThatCannotBeReadIsNamedAndNotInTheWay) {
  const std::string broken = pickled::tensor("7", 16, pickled::integer(0), pickled::integer(4), pickled::integer(1));
  const WeightChoice choice = choice_of(pickled_dict({{"aux", pickled_dict({{"w", broken}})}, {"state_dict", plain_}}));
  expect_resnet34(choice);
  expect_says(remarks_of(choice), "a part that was not taken cannot be read");
  expect_says(remarks_of(choice), "without the member 'archive/data/7'");
}

TEST_F(WeightChoiceTest, NamesThatWouldMeetStayAsTheyAre) {
  const std::string number = pickled::tensor("0", kStorageNumbers, pickled::integer(0), pickled::integer(3), pickled::integer(1));
  write_checkpoint(path_, pickled_dict({{"module.w", number}, {"w", number}}));
  const WeightSource source(path_);
  EXPECT_EQ(source.state_dicts().front().tensors.front().name, "module.w");
  EXPECT_TRUE(source.state_dicts().front().wrappers.empty());
}

TEST_F(WeightChoiceTest, WhatDoesNotFitIsSaid) {
  const std::string number = pickled::tensor("0", kStorageNumbers, pickled::integer(0), pickled::integer(3), pickled::integer(1));
  const WeightChoice choice = choice_of(pickled_dict({{"generator", pickled_dict({{"a.weight", number}, {"b", number}})}}));
  expect_says(choice.match.fault, "it lacks conv1.weight");
  EXPECT_EQ(contents_of(WeightSource(path_)), "'generator' (2 tensors: a.weight, b)");
  expect_says(message_of<UsageError>([&] { choose_weights(WeightSource(path_), "", "discriminator"); }),
              "`key` discriminator: there is no such state dict");
  write_checkpoint(path_, pickled_dict({{"epoch", "K\3"}, {"lr", "K\1"}}));
  expect_says(message_of<DataError>([&] { WeightSource{path_}; }), "neither itself nor under one of its keys (epoch, lr)");
}

}  // namespace
}  // namespace cudenza::testing
