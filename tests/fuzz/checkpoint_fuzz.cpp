/// Checkpoints: everything that is read of best.h5 and last.h5.
///
/// Bytes that begin as one of our files are read as they are: the checksum must stop what is damaged. Others are a list of edits:
/// a sound checkpoint is written with some of its attributes and tensors replaced by anything that HDF5 can hold, as by somebody
/// who means harm, and what reads it must take it or refuse it. With CUDENZA_FUZZ_LIBHDF5=1 what begins as HDF5 is given the
/// checksum that fits it: that fuzzes libhdf5 itself, whose version 1.10 falls within seconds.
#include <cstdlib>
#include <fstream>

#include "engine/io/hdf5_checksum.h"
#include "engine/nn/checkpoint.h"
#include "engine/train/input_spec.h"
#include "engine/train/train_state.h"
#include "tests/fuzz/any_content.h"
#include "tests/support/memory_file.h"
#include "tests/support/scratch_folder.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// A network and its training, to read into.
struct Run {
  Toy toy{{.rows = 4}};
  Trainer trainer = toy.trainer({.plan = Plan::one_cycle, .epochs = 2, .lr = 0.01, .batch_size = 2});
  std::map<std::pair<std::string, std::string>, Hdf5Attribute> attributes;  // of a sound checkpoint, by object and name
  std::map<std::string, Tensor> tensors;
};

void write_sound(Hdf5File& file, const Run& run) {
  InputSpec input;
  input.statistics = {Tensor::from(std::vector<double>{4}, {1}), Tensor::zeros({input.mel.n_mels}, DType::f64),
                      Tensor::zeros({input.mel.n_mels}, DType::f64)};
  write_info(file, {.arch = "toy", .classes = {"blues", "jazz"}});
  write_state(file, run.toy.net);
  write_input_spec(file, input);
  write_train_state(file, run.trainer, *run.toy.random);
}

fs::path in_memory(const char* name) {
  static const ScratchFolder folder;
  return folder.path() / name;
}

Run& run() {
  static Run* const one = [] {
    auto* const made = new Run;
    const fs::path path = in_memory("sound.h5");
    Hdf5File::create(path, [&](Hdf5File& file) { write_sound(file, *made); });
    const Hdf5File file(path);
    for (const char* object : {"/", "input", "train"}) {
      for (const std::string& name : file.attribute_names(object))
        made->attributes[{object, name}] = file.attribute(object, name);
    }
    for (const std::string& name : file.names()) made->tensors[name] = file.read(name);
    return made;
  }();
  return *one;
}

template <class Read> void attempt(Read&& read) {
  try {
    read();
  } catch (const DataError&) {}
}

void read_all(const fs::path& path) {
  const Hdf5File file(path);
  attempt([&] { read_info(file); });
  attempt([&] { read_state(file, run().toy.net); });
  attempt([&] { read_input_spec(file); });
  attempt([&] { read_train_state(file, run().trainer, *run().toy.random); });
  if (!run().trainer.has(run().trainer.position())) std::abort();
}

fs::path edited_checkpoint(FuzzedDataProvider& data) {
  const fs::path path = in_memory("edited.h5");
  const auto attributes = edited(run().attributes, data, any_value);
  const auto tensors = edited(run().tensors, data, any_tensor);
  Hdf5File::create(path, [&](Hdf5File& file) {
    for (const auto& [place, value] : attributes) file.set_attribute(place.first, place.second, value);
    for (const auto& [name, tensor] : tensors) file.write(name, tensor);
    if (data.ConsumeBool()) file.write_texts("classes", std::vector<std::string>{data.ConsumeRandomLengthString(8).c_str()});
  });
  return path;
}

}  // namespace
}  // namespace cudenza::testing

/// With CUDENZA_SEEDS=FOLDER: leaves a file there to begin with.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using namespace cudenza;
  if (const char* const seeds = std::getenv("CUDENZA_SEEDS")) {
    const auto write = [](Hdf5File& file) { testing::write_sound(file, testing::run()); };
    Hdf5File::create(std::filesystem::path(seeds) / "sound.h5", write);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cudenza;
  static testing::MemoryFile memory;
  static const bool fuzzes_libhdf5 = std::getenv("CUDENZA_FUZZ_LIBHDF5") != nullptr;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (text.starts_with("cudenza checksum xxh3 ")) {
    const std::string body(text.substr(std::min<size_t>(size, hdf5::kChecksumBlock)));
    hdf5::Checksum checksum;
    checksum.add(std::as_bytes(std::span(body)));
    memory.set(fuzzes_libhdf5 ? checksum.block() + body : std::string(text));
    testing::attempt([&] { testing::read_all(memory.path()); });
  } else {
    FuzzedDataProvider data(bytes, size);
    testing::read_all(testing::edited_checkpoint(data));
  }
  return 0;
}
