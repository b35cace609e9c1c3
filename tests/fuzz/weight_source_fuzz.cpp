#include "engine/io/hdf5_checksum.h"
#include "tests/fuzz/fuzz_file.h"

/// Any container. HDF5 is left out: libhdf5 1.10 itself falls within seconds, and keras_fuzz.cpp has what stands on it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cudenza;
  if (hdf5::begins_as_hdf5({reinterpret_cast<const char*>(data), size})) return 0;
  return testing::fuzz(data, size, [](const FileBytes& file) { return WeightSource(file.path()).state_dicts(); });
}
