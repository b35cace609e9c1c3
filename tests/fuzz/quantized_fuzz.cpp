/// Quantized models: the group "int8" of a file with some of its attributes, tensors and names replaced by anything, under a
/// checksum that fits. What reads it must take it or refuse it, and what it takes must compute.
#include "apps/study/int8_file.h"
#include "engine/core/error.h"
#include "engine/nn/layers.h"
#include "tests/fuzz/any_content.h"
#include "tests/support/formula_weights.h"
#include "tests/support/model_edits.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// A few layers, of which the second computes in bytes.
struct Net : Module {
  Net()
      : first(child<Conv2d>("first", {.in = 3, .out = 5, .kernel = 3, .pad = 1})),
        second(child<Conv2d>("second", {.in = 5, .out = 9, .kernel = 3})),
        third(child<Conv2d>("third", {.in = 9, .out = 2, .kernel = 1})) {
    Generator random(1);
    initialize(random);
    train(false);
  }
  Tensor forward(const Tensor& x) override { return third(conv_relu(second, conv_relu(first, x))); }

  Conv2d &first, &second, &third;
};

Tensor pictures() {
  return drawn({2, 6, 6, 3}, 1, 0, [](float s) { return s; });
}

fs::path in_memory(const char* name) {
  static const ScratchFolder folder;
  return folder.path() / name;
}

Net& net() {
  static Net* const one = new Net;
  return *one;
}

const Hdf5Content& sound() {
  static const Hdf5Content content = [] {
    Int8Plans plans;
    {
      Calibration calibration(net());
      calibration.see(pictures());
      plans = calibration.plans();
    }
    const fs::path path = in_memory("sound.h5");
    const Int8Facts facts{.made_of = "a", .layers = 1, .clips = 2, .part = "valid", .f32 = {1, 2}, .int8 = {1, 2}};
    Hdf5File::create(path, [&](Hdf5File& file) { write_int8(file, plans, facts); });
    return Hdf5Content::of(Hdf5File(path), {"int8"}, {"int8/layers"});
  }();
  return content;
}

/// Numbers of a sound tensor, one of them another.
void change_a_number(Hdf5Content& content, FuzzedDataProvider& data) {
  const auto at =
      std::next(content.tensors.begin(), data.ConsumeIntegralInRange<std::ptrdiff_t>(0, std::ssize(content.tensors) - 1));
  at->second = at->second.clone();
  const std::span bytes(static_cast<uint8_t*>(at->second.raw()), at->second.bytes());
  for (int i = 0; i < 4 && !bytes.empty(); ++i)
    bytes[data.ConsumeIntegralInRange<size_t>(0, bytes.size() - 1)] = data.ConsumeIntegral<uint8_t>();
}

fs::path edited_file(FuzzedDataProvider& data) {
  const fs::path path = in_memory("edited.h5");
  Hdf5Content content = sound();
  if (data.ConsumeBool()) change_a_number(content, data);
  else content.tensors = edited(content.tensors, data, any_tensor);
  content.attributes = edited(content.attributes, data, any_value);
  if (data.ConsumeBool())
    content.texts["int8/layers"].assign(data.ConsumeIntegralInRange<size_t>(0, 4), data.ConsumeRandomLengthString(8).c_str());
  content.write(path);
  return path;
}

template <class Read> void attempt(Read&& read) {
  try {
    read();
  } catch (const DataError&) {
  } catch (const UsageError&) {}  // of values that do not go together, which read_model() turns into a DataError
}

void read_and_compute(const fs::path& path) {
  const Hdf5File file(path);
  attempt([&] { read_int8_facts(file); });
  attempt([&] {
    set_int8(net(), read_int8(file));
    net().fold();
    net()(pictures());
  });
}

}  // namespace
}  // namespace cudenza::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace cudenza::testing;
  FuzzedDataProvider data(bytes, size);
  read_and_compute(edited_file(data));
  return 0;
}
