#include "tests/fuzz/fuzz_file.h"
#include "weights/pickle.h"
#include "weights/torch_state.h"

/// One pickle, and the state dict in it: every storage has a thousand numbers, and tensors may have ids.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cudenza;
  return testing::fuzz(data, size, [](const FileBytes& file) {
    ByteStream in(file, 0, file.size(), "pickle");
    const Pickle pickle(in, is_inert_global);
    const auto storage = [](const Pickle::Value&) { return StoredNumbers{DType::f32, 0, 1000}; };
    const auto tensor = [&](const Pickle::Value& id) { return checked_record(file, id.text, storage(id), 0, {2, 3}, {3, 1}); };
    state_dicts_of(file, pickle, {.storage = storage, .tensor = tensor});
    return std::vector<TensorRecord>();  // their numbers are in no file
  });
}
