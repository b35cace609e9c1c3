#include "engine/train/load_rows.h"

#include <algorithm>

#include "engine/data/pictures.h"

namespace cudenza {

Tensor rows_of(const Tensor& pcm, int64_t samples) {
  const int64_t length = pcm.numel();
  require(length > 0 && samples > 0, "rows_of: needs samples, but got {} for rows of {}", length, samples);
  const int64_t whole = std::max<int64_t>(1, length / samples), rest = length - whole * samples;
  const int64_t count = whole + (2 * rest >= samples);
  const Tensor rows = Tensor::empty({count, samples}, pcm.dtype());
  for (int64_t r = 0; r < count; ++r) {
    const int64_t begin = length <= samples ? 0 : std::min(r * samples, length - samples);
    for (int64_t filled = 0; filled < samples;) {
      const int64_t piece = std::min(samples - filled, length - begin);
      rows.slice(r * samples + filled, {piece}).copy_from(pcm.slice(begin, {piece}));
      filled += piece;
    }
  }
  return rows;
}

Rows load_sound_rows(const Dataset& dataset, std::span<const int> items, const InputSpec& spec, const LoadClipsOptions& options,
                     const std::function<void(size_t, size_t)>& on_progress) {
  const int64_t samples = spec.clip_samples();
  std::vector<std::filesystem::path> paths;
  for (const int item : items) paths.push_back(dataset.path_of(dataset.items.at(static_cast<size_t>(item))));
  Rows rows;
  std::vector<Tensor> parts;
  for_each_clip(paths, spec.mel.sample_rate, options, [&](size_t index, Clip&& clip) {
    if (clip.usable()) {
      parts.push_back(rows_of(clip.pcm, samples));
      rows.item.insert(rows.item.end(), static_cast<size_t>(parts.back().size(0)), items[index]);
      rows.remarks.insert(rows.remarks.end(), clip.remarks.begin(), clip.remarks.end());
    } else {
      rows.bad.push_back(clip.error);
    }
    if (on_progress) on_progress(index + 1, paths.size());
  });
  for (const Tensor& part : parts) rows.in_16_bits += part.dtype() == DType::i16 ? part.size(0) : 0;
  rows.data = stacked(parts, samples);
  return rows;
}

Rows load_picture_rows(const Dataset& dataset, std::span<const int> items, const InputSpec& spec, int threads,
                       const std::function<void(size_t, size_t)>& on_progress) {
  std::vector<std::filesystem::path> paths;
  for (const int item : items) paths.push_back(dataset.path_of(dataset.items.at(static_cast<size_t>(item))));
  const PictureSize size{spec.picture.height, spec.columns_of_row(), spec.picture.antialias};
  PictureBatch batch = load_pictures(paths, size, DType::u8, threads, on_progress);
  Rows rows{.data = batch.pictures, .item = {}, .in_16_bits = 0, .bad = std::move(batch.errors), .remarks = {}};
  for (const int index : batch.index) rows.item.push_back(items[static_cast<size_t>(index)]);
  return rows;
}

double longest_seconds(const Dataset& dataset, std::span<const int> items, double most) {
  double longest = 0;
  for (const int item : items) {
    try {
      longest = std::max(longest, probe(dataset.path_of(dataset.items.at(static_cast<size_t>(item)))).seconds());
    } catch (const DataError&) {
      // load_sound_rows() reports it
    }
    if (longest >= most) return most;
  }
  return longest > 0 ? longest : most;
}

}  // namespace cudenza
