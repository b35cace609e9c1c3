/// The head of a transfer, fitted in closed form to what the frozen body makes of the training files.
#pragma once
#include "apps/study/labelled_rows.h"
#include "models/head.h"

namespace cudenza {

/// Fits `head` to what `features.plain()` gives of these files. A row of the regression is one view of a file: how a file changes
/// over its time is then no difference between classes. Where that is too much for `room` bytes or for the time of a fit, it is
/// the mean of a file's views, and if need be of fewer files. Says what was fitted.
void fit_head(PyramidHead& head, Input& features, const LabelledRows&, std::span<const int> items, int64_t room, Observer&);

}  // namespace cudenza
