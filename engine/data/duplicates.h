/// Which files of a data set are the same thing twice.
#pragma once
#include <span>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/doctor.h"
#include "engine/data/examination.h"

namespace cudenza {

/// Each pair of files is in one group at most, by the closest likeness they have. Sorted by likeness, then by items.
std::vector<Duplicates> find_duplicates(const Dataset&, std::span<const Examination>);

}  // namespace cudenza
