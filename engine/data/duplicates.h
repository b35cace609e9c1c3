/// Finds files of a data set that are duplicates.
#pragma once
#include <span>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/doctor.h"
#include "engine/data/examination.h"

namespace cudenza {

/// Each pair of files is in at most one group, that of its closest likeness. Sorted by likeness, then by items.
std::vector<Duplicates> find_duplicates(const Dataset&, std::span<const Examination>);

}  // namespace cudenza
