/// What a model says of a file: a probability for every class, window by window and over all of it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

/// A class by its name, and how probable it is.
struct NamedProbability {
  std::string name;
  double probability = 0;
};

struct Prediction {
  struct Window {
    double begin = 0, end = 0;          ///< seconds
    std::vector<double> probabilities;  ///< of each class
  };
  std::shared_ptr<const std::vector<std::string>> classes;  ///< the model's, in the order of `probabilities`
  std::vector<double> probabilities = {};                   ///< over all windows; their sum is 1
  std::vector<Window> windows = {};                         ///< a picture has one
  double seconds = 0;                                       ///< that were heard
  std::vector<std::string> remarks = {};                    ///< what deserves a warning in the sound

  /// The most probable classes, the first of all first; all of them if there are no more than `count`.
  std::vector<NamedProbability> top(size_t count = SIZE_MAX) const;
};

/// How windows become one judgement.
enum class Aggregate {
  mean,  ///< of the windows' probabilities
  max,   ///< each class's highest, scaled to sum 1
  vote,  ///< the share of windows that have it first
};
/// Throws UsageError naming the choices.
Aggregate aggregate_from_name(std::string_view);
std::vector<double> aggregated(const std::vector<Prediction::Window>&, Aggregate);

/// Classes from the most probable on; equals in their order.
std::vector<size_t> ranked(const std::vector<double>& probabilities);

}  // namespace cudenza
