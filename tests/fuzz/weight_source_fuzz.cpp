#include "tests/fuzz/fuzz_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cudenza::testing::fuzz(data, size,
                                [](const cudenza::FileBytes& file) { return cudenza::WeightSource(file.path()).state_dicts(); });
}
