/// The fixtures of make_weight_fixtures.py, which PyTorch itself wrote where it still can.
#include "weights/weight_source.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"
#include "tests/weights/hostile_files.h"
#include "tests/weights/record_values.h"

namespace cudenza::testing {
namespace {

/// Element i of the tensor called `name`, as the fixtures' script has it.
float expected_value(const std::string& name, DType dtype, int64_t i) {
  return is_floating(dtype) ? fixture_value(name, i) : 8 * fixture_value(name, i);
}

struct Expected {
  std::string name;
  DType dtype;
  std::vector<int64_t> sizes;
};

const std::vector<Expected> kPlain = {{"conv.weight", DType::f32, {4, 3, 2, 2}},
                                      {"bn.running_mean", DType::f32, {4}},
                                      {"bn.num_batches_tracked", DType::i64, {}},
                                      {"fc.weight", DType::f32, {5, 6}},
                                      {"empty", DType::f32, {0, 3}}};
const std::vector<Expected> kTypes = {{"half", DType::f16, {3, 5}},   {"brain", DType::bf16, {3, 5}},
                                      {"double", DType::f64, {3, 5}}, {"long", DType::i64, {3, 5}},
                                      {"int", DType::i32, {3}},       {"short", DType::i16, {3}}};
const std::vector<Expected> kStrided = {{"transposed", DType::f32, {4, 5}}, {"channels_last", DType::f32, {2, 3, 2, 2}},
                                        {"sliced", DType::f32, {4, 3}},     {"expanded", DType::f32, {3, 4}},
                                        {"shared_a", DType::f32, {2, 3}},   {"shared_bb", DType::f32, {6}},
                                        {"parameter", DType::f32, {2, 2}}};

void expect_tensors(const std::string& file, const std::vector<Expected>& expected) {
  SCOPED_TRACE(file);
  const WeightSource source(fixture("weights/" + file));
  ASSERT_EQ(source.state_dicts().size(), 1u);
  const std::vector<TensorRecord>& tensors = source.state_dicts().front().tensors;
  ASSERT_EQ(tensors.size(), expected.size());
  for (size_t t = 0; t < expected.size(); ++t) {
    const auto& [name, dtype, sizes] = expected[t];
    const TensorRecord& record = tensors[t];
    SCOPED_TRACE(name);
    EXPECT_EQ(record.name, name);
    EXPECT_EQ(record.dtype, dtype);
    ASSERT_EQ(record.sizes, sizes);
    const int64_t repeats = name == "expanded" ? 4 : 1;
    const auto values = values_of(source, record);
    for (size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(values[i], expected_value(name, dtype, static_cast<int64_t>(i) / repeats)) << i;
    for (const size_t piece : {1, 2, 7}) EXPECT_EQ(values_of(source, record, piece), values) << "in pieces of " << piece;
  }
}

TEST(WeightSource, ReadsEveryContainer) {
  for (const char* file : {"plain_zip.pth", "plain_stream.pth", "plain_tar.pth", "plain.safetensors"})
    expect_tensors(file, kPlain);
}

TEST(WeightSource, ReadsEveryType) {
  for (const char* file : {"types_zip.pth", "types_stream.pth", "types_tar.pth", "types.safetensors"})
    expect_tensors(file, kTypes);
}

TEST(WeightSource, HonoursStridesAndSharedStorages) {
  for (const char* file : {"strided_zip.pth", "strided_stream.pth", "strided_tar.pth"}) expect_tensors(file, kStrided);
}

TEST(WeightSource, UnwrapsStateDictsAndModulePrefixes) {
  for (const char* file : {"wrapped_zip.pth", "wrapped_stream.pth"}) expect_tensors(file, kPlain);
}

TEST(WeightSource, TellsContainersByContent) {
  const auto container = [](const std::string& file) { return WeightSource(fixture("weights/" + file)).container(); };
  EXPECT_EQ(container("plain_zip.pth"), WeightContainer::torch_zip);
  EXPECT_EQ(container("plain_stream.pth"), WeightContainer::torch_stream);
  EXPECT_EQ(container("plain_tar.pth"), WeightContainer::torch_tar);
  EXPECT_EQ(container("plain.safetensors"), WeightContainer::safetensors);
}

TEST(WeightSource, TarArchivesAreUnwrappedToo) {
  using namespace pickled;
  const ScratchFolder scratch;
  const std::string path = scratch.path() / "some.tar";
  const std::string storages = whole(integer(1)) + whole(tuple(integer(7) + text("cpu") + global("torch", "FloatStorage"))) +
                               little(16, 8) + std::string(64, '\0') + whole("]");
  const std::string tensors = whole(integer(1)) + whole(tuple(integer(3) + integer(7) + global("torch", "FloatTensor"))) +
                              little(1, 4) + little(0, 4) + little(16, 8) + little(1, 8) + little(0, 8);
  const std::string object = whole(dict("net", dict("module.conv._orig_mod.weight", text("3") + "Q")));
  std::ofstream(path, std::ios::binary) << tar_of(
      {{"storages", storages}, {"tensors", tensors}, {"pickle", object}, {"sys_info", whole(dict("little_endian", "\x88"))}});
  const WeightSource source(path);
  ASSERT_EQ(source.state_dicts().size(), 1u);
  EXPECT_EQ(source.state_dicts().front().key, "net");
  EXPECT_EQ(source.state_dicts().front().tensors.front().name, "conv.weight");
  EXPECT_EQ(source.state_dicts().front().wrappers, (std::vector<std::string>{"_orig_mod.", "module."}));
}

TEST(WeightSource, RefusesWholeModules) {
  const std::string file = fixture("weights/whole_module_zip.pth");
  const std::string message = message_of<DataError>([&] { WeightSource{file}; });
  expect_says(message, "whole_module_zip.pth");
  expect_says(message, "torch.nn.modules.container.Sequential, which has no place among weights; nothing was executed");
}

TEST(WeightSource, RefusesWhatIsNoFileOfWeights) {
  expect_says(message_of<DataError>([] { WeightSource{fixture("optimizer_fixture.h")}; }), "none of the formats of weights");
  expect_says(message_of<DataError>([] { WeightSource{"/nowhere/x.pth"}; }), "/nowhere/x.pth: cannot be read: No such file");
  expect_says(message_of<DataError>([] { WeightSource{"/tmp"}; }), "/tmp: is not a file");
}

}  // namespace
}  // namespace cudenza::testing
