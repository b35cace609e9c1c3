#include "tests/support/tiny_run.h"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>

#include "engine/core/content_hash.h"
#include "engine/io/hdf5_file.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace fs = std::filesystem;

fs::path quick_place() {
  const fs::path memory = "/dev/shm";
  return fs::exists(memory) ? memory : fs::temp_directory_path();
}

std::string tensors_of(const fs::path& path) {
  const Hdf5File file(path);
  std::string text;
  for (const std::string& name : file.names()) {
    const Tensor t = file.read(name);
    text += fmt::format("{} {}\n", name, hash_of(std::span(static_cast<const std::byte*>(t.raw()), t.bytes())).text());
  }
  return text;
}

TinyRun::TinyRun() {
  setenv("CUDENZA_CACHE", (folder() / "cache").c_str(), 1);
  for (const bool high : {false, true}) {
    const fs::path clips = data() / (high ? "high" : "low");
    fs::create_directories(clips);
    for (int i = 0; i < 4; ++i)
      write_wav(clips / fmt::format("{}.wav", i), 8000, sine((high ? 2000 : 200) * (1 + 0.1 * i), 8000, 0.25));
  }
}

std::string TinyRun::train(const fs::path& out, int epochs) const {
  return fmt::format(
      "train {} --out {} --model alexnet --image-size 64 --sample-rate 8000 --split stratified:0.5 --epochs {} --freeze-epochs 0 "
      "--batch-size 2 --threads 1 --quiet",
      data().string(), out.string(), epochs);
}

void TinyRun::make(const fs::path& out, int epochs) const {
  const Ran ran = run_program(train(out, epochs));
  if (ran.status != 0) throw std::runtime_error(ran.err);
}

void TinyRun::stop_early(const std::string& arguments, const fs::path& out) {
  const Ran ran = run_command(fmt::format(
      "{{ '{}' {} & n=0; while [ ! -e '{}/history.csv' ] && [ $n -lt 3000 ]; do sleep 0.01; n=$((n + 1)); done; kill -HUP $!; "
      "kill -HUP $!; wait $!; }}",
      program_under_test(), arguments, out.string()));
  if (ran.status != 130) throw std::runtime_error(fmt::format("the run was not stopped: {}, {}", ran.status, ran.err));
}

std::string TinyRun::result_of(const fs::path& out) {
  return content_of(out / "predictions.csv") + content_of(out / "splits.csv") + tensors_of(out / "best.h5");
}

}  // namespace cudenza::testing
