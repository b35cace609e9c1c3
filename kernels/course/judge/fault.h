/// What is wrong with a kernel, in words.
#pragma once
#include <string>

namespace cudenza::course {

struct Fault {
  enum class Kind { outside, misaligned, race, unwritten, divergent, missing, value, other };
  Kind kind;
  std::string text;  ///< begins with the line of the source, where it is known
};

/// What the learner may look at next, in a sentence or two.
std::string advice(const Fault&);
/// Of what simt or its detectors threw.
Fault fault_of(const std::string& message);

}  // namespace cudenza::course
