/// What a person sees on stderr while the library works.
#pragma once
#include <optional>

#include "apps/cli/progress.h"
#include "apps/study/observer.h"

namespace cudenza {

/// A bar for the progress, which is taken away before a line is printed and when all is done; with `quiet` warnings alone. A
/// process that does not `speak`, as of several all but the first, shows nothing.
class Terminal : public Observer {
 public:
  explicit Terminal(bool quiet, bool speaks = true) : quiet_(quiet || !speaks), speaks_(speaks) {}

  void progress(std::string_view what, int64_t done, int64_t total, const std::string& note) override;
  void say(const std::string& line) override;
  void remark(const std::string& line) override;
  void warn(const std::string& line) override;
  void left_out(const std::string& line) override;
  bool interrupted() override;
  /// Takes the bar away, so that a result can be printed in its place.
  void clear();

 private:
  void print(std::string_view before, const std::string& line);

  bool quiet_, speaks_;
  std::string what_;  // that the bar shows
  std::optional<Progress> bar_;
};

}  // namespace cudenza
