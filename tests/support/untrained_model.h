/// A model file as training writes it, of a network that has learnt nothing: for verbs that need one.
#pragma once
#include <filesystem>

#include "engine/nn/checkpoint.h"
#include "engine/train/input_spec.h"
#include "models/registry.h"

namespace cudenza::testing {

/// ResNet34 on sounds: two classes, pictures of 32 x 32, clips of one second at 16 kHz.
inline void write_untrained_model(const std::filesystem::path& path) {
  InputSpec spec{.picture = {.height = 32, .width = 32}, .normalize = Normalize::none, .clip_seconds = 1};
  spec.mel.sample_rate = 16000;
  const std::vector<std::string> classes = {"high", "low"};
  const auto random = std::make_shared<Generator>(1);
  const auto network = make_network("resnet34", {.classes = 2, .random = random});
  network->initialize(*random);
  Hdf5File::create(path, [&](Hdf5File& file) {
    write_info(file, {.arch = "resnet34", .input_size = 32, .classes = classes});
    write_state(file, *network);
    write_input_spec(file, spec);
    file.set_attribute("model", "head", std::string("linear"));
    file.set_attribute("model", "temperature", 1.0);
    file.set_attribute("model", "weights", std::string());
    file.set_attribute("model", "weights_sha256", std::string());
  });
}

}  // namespace cudenza::testing
