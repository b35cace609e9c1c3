#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/checkpoint.h"
#include "models/registry.h"
#include "tests/support/http_server.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"
#include "tests/weights/sparse_weights.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

TEST(Weights, ListHasEveryNetwork) {
  const Ran text = run_program("weights list");
  EXPECT_EQ(text.status, 0) << text.err;
  const json all = json::parse(run_program("weights list --json").out);
  for (const std::string_view arch : network_names()) {
    expect_says(text.out, arch);
    EXPECT_TRUE(std::ranges::any_of(all, [&](const json& row) { return row["arch"] == arch; })) << arch;
  }
}

TEST(Weights, InspectShowsTensors) {
  const std::string file = fixture("weights/strided_tar.pth");
  const Ran text = run_program("weights inspect " + file);
  EXPECT_EQ(text.status, 0) << text.err;
  expect_says(text.out, "PyTorch tar (legacy)");
  expect_says(text.out, "[2,3,2,2]            channels_last");
  const json facts = json::parse(run_program("weights inspect --json " + file).out);
  EXPECT_EQ(facts["numbers"], 84);
  EXPECT_TRUE(facts["arch"].is_null());
  EXPECT_EQ(facts["tensors"][0], (json{{"name", "transposed"}, {"dtype", "f32"}, {"shape", {4, 5}}}));
}

TEST(Weights, ConvertInspectAndVerifyAgree) {
  const ScratchFolder scratch;
  const std::string in = scratch.path() / "mine.safetensors", out = scratch.path() / "mine.h5";
  write_sparse_weights(in, {.arch = "resnet34"});
  const Ran converted = run_program("weights convert --json " + in + " " + out);
  ASSERT_EQ(converted.status, 0) << converted.err;
  const json report = json::parse(converted.out);
  EXPECT_EQ(report["arch"], "resnet34");
  EXPECT_EQ(report["tensors"], 182);

  const json inspected = json::parse(run_program("weights inspect --json " + out).out);
  EXPECT_EQ(inspected["arch"], "resnet34");
  EXPECT_EQ(inspected["source_sha256"], report["sha256"]);
  EXPECT_EQ(inspected["tensors"].size(), 182u);
  for (const std::string& file : {in, out}) {
    const Ran verified = run_program("weights verify --json " + file);
    EXPECT_EQ(verified.status, 0) << verified.err;
    EXPECT_EQ(json::parse(verified.out)["sha256"], report["sha256"]);
    EXPECT_TRUE(json::parse(verified.out)["official"].is_null());
  }
  expect_says(run_program("weights verify " + out).out, "sound; HDF5, resnet34, 182 tensors");
}

TEST(Weights, VerifyFindsFaults) {
  const ScratchFolder scratch;
  const std::string wrong_hash = scratch.path() / "plain-01234567.pth", not_finite = scratch.path() / "nan.h5";
  fs::copy(fixture("weights/plain_zip.pth"), wrong_hash);
  const Ran hash = run_program("weights verify " + wrong_hash);
  EXPECT_EQ(hash.status, 3);
  expect_says(hash.err, "NOT 01234567… as its name says");
  Hdf5File::create(not_finite, [](Hdf5File& file) {
    write_info(file, {.arch = "resnet34"});
    file.write("conv1.weight", Tensor::full({2}, NAN, DType::f32));
  });
  const Ran values = run_program("weights verify " + not_finite);
  EXPECT_EQ(values.status, 3);
  expect_says(values.err, "conv1.weight holds a number that is not finite");
}

TEST(Weights, FetchSaysWhatFailed) {
  const ScratchFolder scratch;
  HttpServer server;
  server.serve("alexnet-owt-7be5be79.pth", "not weights");
  setenv("CUDENZA_WEIGHTS_URL", server.url().c_str(), 1);
  const auto fetch = [&](const std::string& arguments) {
    return run_program("weights fetch --dir " + scratch.path().string() + " " + arguments);
  };
  const Ran other = fetch("alexnet"), missing = fetch("resnet50 --variant V2"), unknown = fetch("resnet51"),
            variant = fetch("vgg16 --variant V9");
  unsetenv("CUDENZA_WEIGHTS_URL");
  EXPECT_EQ(other.status, 3);
  expect_says(other.err, "what came is not the official file: 11 bytes");
  EXPECT_EQ(missing.status, 3);
  expect_says(missing.err, "resnet50-11ad3fa6.pth: the server answers 404");
  EXPECT_EQ(unknown.status, 2);
  expect_says(unknown.err, "no network is called 'resnet51'");
  EXPECT_EQ(variant.status, 2);
  expect_says(variant.err, "choose one of V1");
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Weights, FetchKeepsWhatIsThere) {
  const ScratchFolder scratch;
  Hdf5File::create(scratch.path() / "resnet34.h5", [](Hdf5File& file) {
    write_info(file, {.arch = "resnet34", .source_sha256 = "b627a593" + std::string(56, '0')});
  });
  setenv("CUDENZA_WEIGHTS_URL", "http://127.0.0.1:1", 1);
  const Ran same = run_program("weights fetch resnet34 --dir " + scratch.path().string());
  const Ran legacy = run_program("weights fetch resnet34 --variant legacy --dir " + scratch.path().string());
  unsetenv("CUDENZA_WEIGHTS_URL");
  EXPECT_EQ(same.status, 0) << same.err;
  expect_says(same.err, "resnet34.h5 is there already, made from resnet34-b627a593.pth");
  EXPECT_EQ(legacy.status, 3);  // another file, to be called otherwise
}

TEST(Weights, FilesAreNotConvertedIntoThemselves) {
  const std::string file = fixture("weights/plain_zip.pth");
  const Ran ran = run_program("weights convert " + file + " " + file);
  EXPECT_EQ(ran.status, 2);
  expect_says(ran.err, "cannot be converted into itself");
}

TEST(Weights, VerbsAreAskedFor) {
  EXPECT_EQ(run_program("weights").status, 2);
  EXPECT_EQ(run_program("weights convert only_one").status, 2);
  EXPECT_EQ(run_program("weights inspect /nowhere").status, 3);
}

}  // namespace
}  // namespace cudenza::testing
