/// Style sheet of all pages.
#pragma once
#include <string_view>

namespace cudenza {

extern const std::string_view kReportStyle;

}  // namespace cudenza
