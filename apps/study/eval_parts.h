/// Which clips of a data set a model may be judged by, and what a figure of them says.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "apps/study/evaluate_run.h"

namespace cudenza {

/// Clips that are judged together.
struct EvalPart {
  std::string name;                 ///< valid, test, train, all or new (to the run)
  std::vector<int> items;           ///< never empty
  std::optional<bool> split_leaks;  ///< Judgement's
  std::string leak;
};

/// The parts that were chosen, the most important last. A file is known by what it holds, not by its name. Throws DataError if
/// none has a clip.
std::vector<EvalPart> chosen_parts(const EvalChoice&, const Dataset&, uint64_t seed, Observer&);

}  // namespace cudenza
