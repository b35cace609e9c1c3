#include "apps/study/head_fit.h"

#include <algorithm>

#include "engine/autograd/node.h"
#include "engine/train/evaluate.h"

namespace cudenza {
namespace {

constexpr size_t kMostRows = 4000;  // the time of a fit grows with their cube
constexpr size_t kRowsAtOnce = 32;

/// At most kMostRows files, evenly from all of them.
std::vector<int> evenly(const std::vector<int>& items) {
  if (items.size() <= kMostRows) return items;
  std::vector<int> some;
  for (size_t i = 0; i < kMostRows; ++i) some.push_back(items[i * items.size() / kMostRows]);
  return some;
}

/// Features of a file's rows [rows · views, D], made a few rows at a time.
std::vector<float> features_of(Input& features, std::span<const int64_t> rows) {
  std::vector<float> all;
  for (size_t begin = 0; begin < rows.size(); begin += kRowsAtOnce) {
    const auto some = rows.subspan(begin, std::min(kRowsAtOnce, rows.size() - begin));
    const std::vector<float> of_some = features.plain(some).to_vector<float>();
    all.insert(all.end(), of_some.begin(), of_some.end());
  }
  return all;
}

}  // namespace

void fit_head(PyramidHead& head, Input& features, const LabelledRows& data, std::span<const int> items, int64_t room,
              Observer& observer) {
  const NoGrad no_grad;
  const std::vector<int> files = evenly(data.usable(items));
  const auto rows = static_cast<int64_t>(data.rows_of(files).size()) * features.views();
  const bool by_view = rows <= static_cast<int64_t>(kMostRows) && rows * head.features() * int64_t{sizeof(float)} <= room;

  const auto width = static_cast<size_t>(head.features());
  std::vector<float> x;
  x.reserve((by_view ? static_cast<size_t>(rows) : files.size()) * width);
  std::vector<int64_t> labels, sizes;
  for (const int file : files) {
    const std::vector<float> views = features_of(features, data.rows_of(std::span(&file, 1)));
    const size_t count = views.size() / width;
    labels.push_back(data.dataset.items[static_cast<size_t>(file)].label);
    sizes.push_back(by_view ? static_cast<int64_t>(count) : 1);
    if (by_view) {
      x.insert(x.end(), views.begin(), views.end());
    } else {
      const std::vector<double> mean =
          mean_by_group(std::vector<double>(views.begin(), views.end()), std::vector<int>(count, 0), 1);
      x.insert(x.end(), mean.begin(), mean.end());
    }
  }
  const size_t count = x.size() / width;
  const Ridge ridge = head.fit(std::move(x), {.labels = labels, .sizes = sizes});
  observer.say(
      fmt::format("head: by ridge regression on {} views of {} files; cross-entropy of a file left out {:.4f}, penalty "
                  "{:.3g}",
                  count, labels.size(), ridge.loss, ridge.penalty));
}

}  // namespace cudenza
