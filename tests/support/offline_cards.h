/// Cards that cuDNN is asked about without having one: their properties are the files of tests/gpu.
#pragma once
#include <dlfcn.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/gpu.h"
#include "engine/libraries/cudnn/graph.h"

namespace cudenza::testing {

struct OfflineCard {
  int sm;
  std::string name;
  cudnn::Card card;
};

/// cuDNN looks for a driver even when it is only asked. Where there is none, the toolkit's stub stands in for this process.
/// Returns why cuDNN cannot be asked, or nothing.
inline std::string make_cudnn_answer() {
  gpu::count();  // remembers the true answer before a stub can spoil it
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL)) return {};
  if (dlopen(CUDENZA_CUDA_STUB, RTLD_NOW | RTLD_GLOBAL)) return {};  // calls itself libcuda.so.1, so cuDNN finds it loaded
  return "no NVIDIA driver, and no stub of it at '" CUDENZA_CUDA_STUB "'";
}

inline OfflineCard offline_card(int sm, const std::string& name, const std::string& file) {
  const std::string path = std::string(CUDENZA_SOURCE_DIR) + "/tests/gpu/" + file;
  std::ifstream in(path);
  if (!in) throw DataError("cannot read " + path);
  return {sm, name, cudnn::Card::described(std::string(std::istreambuf_iterator<char>(in), {}))};
}

/// The generations that the engine runs on, one card each.
inline std::vector<OfflineCard> offline_cards() {
  return {offline_card(80, "A100", "sm80_a100.json"), offline_card(86, "RTX 3090", "sm86_rtx3090.json"),
          offline_card(89, "RTX 4090", "sm89_rtx4090.json"), offline_card(90, "H200", "sm90_h200.json"),
          offline_card(100, "B200", "sm100_b200.json")};
}

}  // namespace cudenza::testing
