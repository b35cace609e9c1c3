/// What a person sees while work goes on: a bar on a terminal, nothing where stderr is a file or --quiet was said.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace cudenza {

class Progress {
 public:
  /// `total` steps of `what`.
  Progress(std::string what, int64_t total, bool quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `note` stands behind the bar: "loss 1.23".
  void show(int64_t done, const std::string& note = {});
  /// Takes the bar away, so that a line can be printed in its place.
  void clear();

 private:
  std::string what_;
  int64_t total_;
  bool visible_, drawn_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace cudenza
