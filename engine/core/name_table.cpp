#include "engine/core/name_table.h"

#include "engine/core/error.h"

namespace cudenza {

void throw_unknown_name(std::string_view kind, std::string_view name, std::span<const std::string_view> known) {
  std::string choices;
  for (size_t i = 0; i < known.size(); ++i) {
    const std::string_view separator = i == 0 ? "" : i + 1 == known.size() ? " or " : ", ";
    choices += fmt::format("{}{}", separator, known[i]);
  }
  throw UsageError(fmt::format("there is no {} '{}'; choose {}", kind, name, choices));
}

}  // namespace cudenza
