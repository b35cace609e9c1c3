/// The style sheet of every page.
#pragma once
#include <string_view>

namespace cudenza {

extern const std::string_view kReportStyle;

}  // namespace cudenza
