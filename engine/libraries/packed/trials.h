/// Which kind of packed convolution is fastest on this machine: tried once for each shape, then known.
#pragma once
#include <span>
#include <string_view>

#include "engine/libraries/packed_conv.h"

namespace cudenza {

/// The first of `kinds`, unless another is clearly faster for the shape. Tries them, if neither this process nor an earlier one
/// has done so for as many threads.
PackedKind fastest_kind(const ConvShape&, std::span<const PackedKind> kinds);

/// Throws UsageError for a name that no kind has.
PackedKind packed_kind_from_name(std::string_view name);

}  // namespace cudenza
