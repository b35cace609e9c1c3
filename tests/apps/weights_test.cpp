#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/png.h"
#include "engine/nn/checkpoint.h"
#include "models/registry.h"
#include "tests/support/http_server.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"
#include "tests/weights/checkpoints.h"
#include "tests/weights/sparse_weights.h"
#include "weights/convert.h"
#include "weights/manifest.h"

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

/// It ended in the right message and then, in libhdf5, in a crash.
TEST(Weights, ConvertEndsInOrderWhereTheDiskIsFull) {
  const ScratchFolder scratch;
  const fs::path in = scratch.path() / "mine.safetensors", folder = scratch.path() / "out";
  write_sparse_weights(in, {.arch = "resnet34"});
  for (const int blocks : {0, 1, 300, 20000}) {
    const Ran ran = run_command(fmt::format("trap '' XFSZ; ulimit -f {}; exec {} weights convert {} {}", blocks,
                                            program_under_test(), in.string(), (folder / "mine.h5").string()));
    EXPECT_EQ(ran.status, 3) << blocks << " blocks";
    if (blocks > 0) {  // with none, stderr cannot be written either
      EXPECT_EQ(ran.err, fmt::format("cudenza: {}: cannot be written: File too large\n", (folder / "mine.h5").string()));
    }
    EXPECT_TRUE(fs::is_empty(folder));
  }
}

TEST(Weights, ConvertRefusesNumbersThatAreNotFinite) {
  const ScratchFolder scratch;
  const fs::path in = scratch.path() / "mine.safetensors", out = scratch.path() / "mine.h5";
  write_sparse_weights(in, {.arch = "resnet34", .with_counter = false});
  std::fstream(in, std::ios::binary | std::ios::in | std::ios::out).seekp(-4, std::ios::end).write("\0\0\xc0\x7f", 4);  // a NaN
  const Ran ran = run_program(fmt::format("weights convert {} {}", in.string(), out.string()));
  EXPECT_EQ(ran.status, 3);
  expect_says(ran.err, "mine.safetensors: fc.bias holds nan");
  EXPECT_FALSE(fs::exists(out));
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
    write_info(file, {.arch = "resnet34", .source_sha256 = std::string(find_official("resnet34")->sha256)});
  });
  setenv("CUDENZA_WEIGHTS_URL", "http://127.0.0.1:1", 1);
  const Ran same = run_program("weights fetch resnet34 --dir " + scratch.path().string());
  const Ran legacy = run_program("weights fetch resnet34 --variant legacy --dir " + scratch.path().string());
  unsetenv("CUDENZA_WEIGHTS_URL");
  EXPECT_EQ(same.status, 0) << same.err;
  expect_says(same.err, "resnet34.h5 is there already, made from resnet34-b627a593.pth");
  EXPECT_EQ(legacy.status, 3);  // another file, to be called otherwise
}

TEST(Weights, OfSeveralStateDictsConvertSaysWhichWasTaken) {
  const ScratchFolder scratch;
  const std::string in = scratch.path() / "timm.pth", out = scratch.path() / "timm.h5";
  write_checkpoint(in, pickled_dict({{"epoch", "K\3"},
                                     {"state_dict", pickled_resnet34(prefixed("module."))},
                                     {"state_dict_ema", pickled_resnet34(prefixed(""), "1")}}));
  const Ran first = run_program("weights convert " + in + " " + out);
  EXPECT_EQ(first.status, 0) << first.err;
  expect_says(first.err, "timm.pth: took 'state_dict', names without 'module.'");
  expect_says(first.err, "'state_dict_ema' fits as well and was not taken: weights convert --key names it");
  EXPECT_EQ(Hdf5File(out).read("fc.bias").span<float>()[0], 1);
  const Ran second = run_program("weights convert --json --key state_dict_ema " + in + " " + out);
  EXPECT_EQ(second.status, 0) << second.err;
  EXPECT_EQ(json::parse(second.out)["remarks"][0], "took 'state_dict_ema'");
  EXPECT_EQ(Hdf5File(out).read("fc.bias").span<float>()[0], 2);
  EXPECT_EQ(run_program("weights convert --key best " + in + " " + out).status, 2);

  const Ran text = run_program("weights inspect " + in);
  expect_says(text.out, "'state_dict_ema', 182 tensors");
  expect_says(text.out, "resnet34");
  const json facts = json::parse(run_program("weights inspect --json " + in).out);
  EXPECT_EQ(facts["key"], "state_dict");
  EXPECT_EQ(facts["wrappers"], json{"module."});
  EXPECT_EQ(facts["state_dicts"].size(), 2u);
}

/// Pictures of two classes.
fs::path write_pictures(const fs::path& folder) {
  for (int i = 0; i < 12; ++i) {
    Pixels pixels{32, 32, 3, {}};
    for (int v = 0; v < 32 * 32 * 3; ++v) pixels.values.push_back(static_cast<uint8_t>((v * (i + 3) * 7) % 251));
    write_png(folder / (i % 2 == 0 ? "a" : "b") / fmt::format("{}.png", i), pixels);
  }
  return folder;
}

/// The program with this folder for temporary files.
Ran run_with_temporary(const fs::path& folder, const std::string& arguments) {
  return run_command(fmt::format("TMPDIR='{}' '{}'", folder.string(), program_under_test()), arguments);
}

TEST(Weights, TrainAndForwardTakePyTorchsFiles) {
  const ScratchFolder scratch;
  const std::string in = scratch.path() / "lightning.ckpt", run = scratch.path() / "run";
  const fs::path temporary = scratch.path() / "temporary";
  fs::create_directories(temporary);
  write_checkpoint(in, pickled_dict({{"state_dict", pickled_resnet34(prefixed("model."))}}));
  const std::string data = write_pictures(scratch.path() / "data");
  const Ran trained =
      run_with_temporary(temporary, "train " + data + " --model resnet34 --weights " + in +
                                        " --image-size 32 --batch-size 4 --epochs 1 --freeze-epochs 0 --device cpu --out " + run);
  ASSERT_EQ(trained.status, 0) << trained.err;
  EXPECT_TRUE(fs::is_empty(temporary));
  expect_says(trained.err, "lightning.ckpt: took 'state_dict', names without 'model.'");
  const Hdf5File best(fs::path(run) / "best.h5");
  EXPECT_EQ(best.attribute<std::string>("model", "weights"), "lightning.ckpt");
  EXPECT_EQ(best.attribute<std::string>("model", "weights_sha256"), hash_of(FileBytes(in)).sha256);
}

TEST(Weights, ForwardTakesPyTorchsFiles) {
  const ScratchFolder scratch;
  const std::string in = scratch.path() / "some.safetensors", x = scratch.path() / "x.h5", y = scratch.path() / "y.h5";
  write_sparse_weights(in, {.arch = "resnet34", .prefix = "module."});
  Hdf5File::create(x, [](Hdf5File& file) { file.write("x", Tensor::full({2, 3, 32, 32}, 0.5, DType::f32)); });
  const std::string arguments = "forward --device cpu --arch resnet34 --weights " + in + " --input " + x + " --output " + y;
  const Ran without = run_with_temporary("/nowhere", arguments);
  EXPECT_EQ(without.status, 3);
  expect_says(without.err, "set TMPDIR");
  const Ran ran = run_program(arguments);
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_says(ran.err, "some.safetensors: took its tensors, names without 'module.'");
  EXPECT_EQ(Hdf5File(y).extent("logits").shape, (Shape{2, 1000}));
}

TEST(Weights, FilesAreNotConvertedIntoThemselves) {
  const std::string file = fixture("weights/plain_zip.pth");
  const Ran ran = run_program("weights convert " + file + " " + file);
  EXPECT_EQ(ran.status, 2);
  expect_says(ran.err, "is the input");
}

TEST(Weights, VerbsAreAskedFor) {
  EXPECT_EQ(run_program("weights").status, 2);
  EXPECT_EQ(run_program("weights convert only_one").status, 2);
  EXPECT_EQ(run_program("weights inspect /nowhere").status, 3);
}

}  // namespace
}  // namespace cudenza::testing
