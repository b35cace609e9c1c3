#include "apps/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "engine/core/print_err.h"

namespace cudenza {
namespace {

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string what, int64_t total, bool quiet)
    : what_(std::move(what)),
      total_(std::max<int64_t>(1, total)),
      visible_(!quiet && isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {}

void Progress::show(int64_t done, const std::string& note) {
  using namespace std::chrono_literals;
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || (drawn_ && done < total_ && now - last_ < 80ms)) return;
  constexpr int64_t kWidth = 28;
  const int64_t filled = kWidth * std::min(done, total_) / total_;
  const double passed = std::chrono::duration<double>(now - start_).count();
  const std::string left = done > 0 ? clock_text(passed * static_cast<double>(total_ - done) / static_cast<double>(done)) : "?";
  print_err("\r\033[K{} [{}{}] {}/{}  {} left  {}", what_, std::string(static_cast<size_t>(filled), '='),
            std::string(static_cast<size_t>(kWidth - filled), ' '), done, total_, left, note);
  drawn_ = true;
  last_ = now;
}

void Progress::clear() {
  if (drawn_) print_err("\r\033[K");
  drawn_ = false;
}

}  // namespace cudenza
