#include "tests/fuzz/fuzz_file.h"
#include "weights/onnx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cudenza::testing::fuzz(data, size, cudenza::read_onnx);
}
