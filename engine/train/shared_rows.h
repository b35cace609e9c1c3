/// A data set that several ranks read together.
#pragma once
#include "engine/core/ranks.h"
#include "engine/train/load_rows.h"

namespace cudenza {

/// `own` are the rows of this rank's share of the files (Ranks::share). Every rank gets those of all files, to the bit what one
/// process reads: no file is decoded twice. Besides the rows 64 MiB of memory are needed.
Rows shared_rows(Rows own, Ranks&);

}  // namespace cudenza
