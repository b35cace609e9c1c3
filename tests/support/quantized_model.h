/// A quantized model of a network that has learnt nothing, for what reads such files.
#pragma once
#include "apps/study/model_file.h"
#include "tests/support/formula_weights.h"

namespace cudenza::testing {

/// AlexNet for pictures of 64 x 64 with two classes, calibrated on made-up ones.
inline Model quantized_model() {
  Model model{
      .arch = "alexnet",
      .head = HeadKind::fastai,
      .classes = {"high", "low"},
      .input = {.media = Media::pictures, .picture = {.height = 64, .width = 64, .channels = 3}, .normalize = Normalize::none},
      .weights = {},
      .weights_sha = {},
      .license = {},
      .origin = {},
      .random = nullptr,
      .network = nullptr};
  begin_anew(model, {.head = "fastai"}, 1);
  model.network->train(false);
  Calibration calibration(*model.network);
  calibration.see(drawn({4, 64, 64, 3}, 2, 0, [](float s) { return s; }));
  model.int8 = calibration.plans();
  model.int8_facts = {.made_of = {},
                      .layers = layers_in_bytes(model.int8),
                      .clips = 4,
                      .part = "valid",
                      .f32 = {3, 4},
                      .int8 = {2, 4},
                      .changed = 1};
  return model;
}

}  // namespace cudenza::testing
