/// How sure a macro F1 is: it is no proportion, so its interval is found by drawing the clips anew.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/run/metrics.h"

namespace cudenza {

/// What a model took clips for.
struct Answers {
  std::vector<int64_t> labels, predicted;  ///< [N], each in [0, classes)
  std::vector<std::string> tracks;         ///< [N], what the clip was cut from: the clips of one track are drawn together
  int64_t classes = 0;
};

double macro_f1(const Answers&);

struct Bootstrap {
  int resamples = 2000;
  uint64_t seed = 42;
};

/// A 95 % interval of macro F1: percentiles of the bootstrap (Efron, Tibshirani: An Introduction to the Bootstrap, 1993, 13.3).
/// Each resample draws as many tracks as there are, with replacement, with all their clips. Of several models (one recipe with
/// several seeds) it is the interval of their mean macro F1: a track is drawn for all of them, and a model that has not judged
/// it has no clips of it. Draws depend on the seed and on the tracks' names, not on the order of clips. [NaN, NaN] without
/// clips. Throws UsageError for lists of unequal lengths.
Interval macro_f1_interval(std::span<const Answers> models, const Bootstrap& = {});

}  // namespace cudenza
