#include "apps/cli/terminal.h"

#include "apps/cli/interrupt.h"
#include "apps/cli/option_names.h"
#include "engine/core/print_err.h"

namespace cudenza {

void Terminal::progress(std::string_view what, int64_t done, int64_t total, const std::string& note) {
  if (!bar_ || what != what_) {
    bar_.reset();
    bar_.emplace(what_ = what, total, quiet_);
  }
  bar_->show(done, note);
  if (done >= total) bar_.reset();
}

void Terminal::say(const std::string& line) {
  if (!quiet_) print("", line);
}

void Terminal::remark(const std::string& line) {
  if (!quiet_) print("cudenza: ", line);
}

void Terminal::warn(const std::string& line) { print("cudenza: warning: ", line); }

void Terminal::left_out(const std::string& line) { print("cudenza: left out: ", line); }

bool Terminal::interrupted() { return cudenza::interrupted(); }

void Terminal::clear() {
  if (bar_) bar_->clear();
}

void Terminal::print(std::string_view before, const std::string& line) {
  if (!speaks_) return;
  clear();
  print_err("{}{}\n", before, with_option_names(line));
}

}  // namespace cudenza
