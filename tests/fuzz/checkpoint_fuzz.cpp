/// Checkpoints: everything that is read of best.h5 and last.h5. What begins as HDF5 is given the checksum that fits it, as by
/// somebody who means harm: so the fuzzer reaches what lies behind the checksum. All else is read as it is.
#include <cstdlib>
#include <fstream>

#include "engine/io/checkpoint.h"
#include "engine/io/hdf5_checksum.h"
#include "engine/train/input_spec.h"
#include "engine/train/train_state.h"
#include "tests/support/content_of.h"
#include "tests/support/memory_file.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// A network and its training, to read into.
struct Run {
  Toy toy{{.rows = 4}};
  Trainer trainer = toy.trainer({.plan = Plan::one_cycle, .epochs = 2, .lr = 0.01, .batch_size = 2});
};

Run& run() {
  static Run one;
  return one;
}

void write_all(Hdf5File& file) {
  InputSpec input;
  input.statistics = {Tensor::from(std::vector<double>{4}, {1}), Tensor::zeros({input.mel.n_mels}, DType::f64),
                      Tensor::zeros({input.mel.n_mels}, DType::f64)};
  write_info(file, {.arch = "toy", .classes = {"blues", "jazz"}});
  write_state(file, run().toy.net);
  write_input_spec(file, input);
  write_train_state(file, run().trainer, *run().toy.random);
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
  for (const std::string& name : file.names()) attempt([&] { file.read(name); });
  for (const std::string& name : file.attribute_names("/")) attempt([&] { file.attribute("/", name); });
}

/// The body behind the block of a checksum that fits.
std::string sealed(std::string_view body) {
  hdf5::Checksum checksum;
  checksum.add(std::as_bytes(std::span(body)));
  return checksum.block().append(body);
}

}  // namespace
}  // namespace cudenza::testing

/// With CUDENZA_SEEDS=FOLDER: leaves files there to begin with.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  using namespace cudenza;
  const char* const seeds = std::getenv("CUDENZA_SEEDS");
  if (!seeds) return 0;
  const std::filesystem::path whole = std::filesystem::path(seeds) / "sealed.h5", body = std::filesystem::path(seeds) / "body.h5";
  Hdf5File::create(whole, testing::write_all);
  std::ofstream(body, std::ios::binary) << testing::content_of(whole).substr(hdf5::kChecksumBlock);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cudenza;
  static testing::MemoryFile memory;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  memory.set(bytes.starts_with("\x89HDF\r\n\x1a\n") ? testing::sealed(bytes) : std::string(bytes));
  testing::attempt([&] { testing::read_all(memory.path()); });
  return 0;
}
