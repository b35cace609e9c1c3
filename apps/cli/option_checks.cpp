#include "apps/cli/option_checks.h"

#include <cmath>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// Empty if it is a number, or none at all, which the parser says itself.
std::string fault_of_number(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || std::isfinite(number)) return "";
  return fmt::format("{} is not a finite number", text);
}

}  // namespace

void require_finite_numbers(CLI::App& program) {
  for (CLI::Option* option : program.get_options()) {
    if (option->get_type_name().starts_with("FLOAT")) option->check(CLI::Validator(fault_of_number, "", "finite"));
  }
  for (CLI::App* verb : program.get_subcommands({})) require_finite_numbers(*verb);
}

}  // namespace cudenza
