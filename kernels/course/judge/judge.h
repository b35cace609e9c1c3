/// Judges a learner's function: is it right, in any order of threads; and what does it ask of memory?
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernels/course/exercises.h"
#include "kernels/course/judge/counters.h"
#include "kernels/course/judge/trial.h"

namespace cudenza::course {

/// A library with the function of one exercise. Throws std::runtime_error if it cannot be loaded or has no such function.
class Library {
 public:
  explicit Library(const std::string& path);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <class F> F* function(const char* name) const { return reinterpret_cast<F*>(symbol(name)); }

 private:
  void* symbol(const char* name) const;
  void* handle_;
};
#define COURSE_FUNCTION(library, name) (library).function<decltype(name)>(#name)

struct Case {
  std::string shape;  ///< "n = 31"
  std::function<void(Trial&)> run;
};

struct Exercise {
  std::vector<Case> cases;  ///< awkward shapes, each run in three orders of threads
  Case measured;            ///< whose counters are the grade
  std::vector<Target> targets;
};

enum class State { passed, wrong, slow };

struct Verdict {
  State state;
  std::string text;  ///< lines, each with its end
};

Verdict judge(const Exercise&);
/// Of exercise 1 to 20.
Verdict judge(int number, const Library&);

}  // namespace cudenza::course
