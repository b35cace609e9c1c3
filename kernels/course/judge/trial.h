/// One run of a learner's function at one shape: its arrays, and what they must hold in the end.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/course/judge/watch.h"

namespace cudenza::course {

/// Thrown by a trial whose result is wrong.
struct WrongResult {
  Fault fault;
};

/// As on a card, the host may not touch the arrays: while no kernel runs they are shut, and whoever touches them crashes.
class Trial {
 public:
  explicit Trial(Watch& watch);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// An array for the kernel to read.
  const float* input(const std::string& name, const std::vector<float>& values);
  /// One for it to write, or to work in: NaNs until then.
  float* output(const std::string& name, std::vector<int> dims);
  int* integers(const std::string& name, std::vector<int> dims);

  /// |y - want| must be at most tolerance * (1 + |want|) for every element. Throws WrongResult.
  void expect(const float* y, const std::vector<double>& want, double tolerance = 1e-5) const;
  void expect(const int* y, const std::vector<int>& want) const;

 private:
  struct Array {
    std::string name;
    std::vector<int> dims;
    std::unique_ptr<void, void (*)(void*)> memory;
    void* begin;
    size_t pages;  ///< bytes, in whole pages
  };
  void open(bool is_open) const;
  void* make(const std::string& name, std::vector<int> dims);
  template <class T, class IsRight> void check(const T* y, size_t count, IsRight is_right) const;
  Fault fault_at(const Array&, size_t index, const std::string& is, const std::string& right) const;

  Watch& watch_;
  std::vector<Array> arrays_;
};

/// How many elements an array of these dimensions has.
size_t count_of(const std::vector<int>& dims);
constexpr size_t as_index(int i) { return static_cast<size_t>(i); }

/// The same numbers at each call: from `low` to `high`, in no order.
std::vector<float> numbers(size_t count, float low = -1, float high = 1, uint32_t seed = 1);

/// "x [3,5]"
std::string shape_text(const std::string& name, const std::vector<int>& dims);

}  // namespace cudenza::course
