/// What is left of a model's accuracy when recordings are altered as they are outside a data set.
#pragma once
#include <vector>

#include "apps/study/judge_run.h"

namespace cudenza {

/// How the altered clips are heard: as the others were.
struct StressSpec {
  EvaluateSpec evaluate = {};
  Device device = Device::cpu();
  DType dtype = DType::f32;
  uint64_t seed = 42;  ///< of the noise and of test-time augmentation
  int workers = 0;     ///< threads that decode and alter; 0: one a core
};

/// The clips of `judged` again, each file altered as a whole at the network's rate before clips are cut of it: tempo +6 % and
/// -6 %, gain +6 dB and -6 dB, low-pass 4 kHz, MP3 at 64 kbit/s, white noise at 20 dB. The first row is `judged` itself. Without
/// an encoder of mp3 that row is missing, and the observer is told why. REQUIRES a model that learnt from sounds.
std::vector<StressRow> judge_under_stress(Model&, const LabelledRows&, const Judgement& judged, const StressSpec&, Observer&);

/// The rows as a table for people.
std::string text_of(const std::vector<StressRow>&);

}  // namespace cudenza
