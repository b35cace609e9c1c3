#include "engine/data/pictures.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "engine/core/cpu_room.h"
#include "engine/core/error.h"
#include "kernels/common/parallel_each.h"
#include "kernels/resize/resize.h"

namespace cudenza {
namespace {

constexpr size_t kRoomForAPicture = size_t{16} << 20;

/// Number of lines from the picture's side that have only `colour`; lines are rows or columns.
template <class AtLine> int plain_lines(int lines, int along, std::span<const uint8_t> colour, AtLine&& at) {
  for (int line = 0; line < lines; ++line) {
    for (int i = 0; i < along; ++i) {
      if (!std::ranges::equal(at(line, i), colour)) return line;
    }
  }
  return lines;
}

void check_size(const PictureSize& size) {
  require(size.height > 0 && size.width > 0, "pictures: {} x {} pixels are none; both must be positive", size.height, size.width);
}

/// A box's channels one after another, as f32 [3, height, width].
std::vector<float> planes_of(const Pixels& pixels, const PictureBox& box) {
  const size_t plane = static_cast<size_t>(box.height) * static_cast<size_t>(box.width);
  std::vector<float> planes(3 * plane);
  size_t i = 0;
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x, ++i) {
      const auto colour = pixels.at(y, x);
      for (size_t c = 0; c < 3; ++c) planes[c * plane + i] = colour[c % colour.size()];  // grey: the same in all three
    }
  }
  return planes;
}

kernels::ResizeAxis<float> axis_of(const kernels::ResizeTable& table, const std::vector<float>& weights) {
  return {table.in, table.out, table.taps, table.first.data(), weights.data()};
}

}  // namespace

PictureBox content_box(const Pixels& pixels) {
  const int height = pixels.height, width = pixels.width;
  const PictureBox whole{0, 0, height, width};
  if (height == 0 || width == 0) return whole;
  const auto colour = pixels.at(0, 0);
  const int top = plain_lines(height, width, colour, [&](int line, int i) { return pixels.at(line, i); });
  const int bottom = plain_lines(height, width, colour, [&](int line, int i) { return pixels.at(height - 1 - line, i); });
  const int left = plain_lines(width, height, colour, [&](int line, int i) { return pixels.at(i, line); });
  const int right = plain_lines(width, height, colour, [&](int line, int i) { return pixels.at(i, width - 1 - line); });
  const bool is_framed = top > 0 && bottom > 0 && left > 0 && right > 0;
  return is_framed && top < height ? PictureBox{top, left, height - top - bottom, width - left - right} : whole;
}

Tensor resized(const Pixels& pixels, const PictureBox& box, const PictureSize& size) {
  check_size(size);
  const auto rows = kernels::make_resize_table(box.height, size.height, size.antialias, false);
  const auto columns = kernels::make_resize_table(box.width, size.width, size.antialias, false);
  const std::vector<float> row_weights(rows.weights.begin(), rows.weights.end()),
      column_weights(columns.weights.begin(), columns.weights.end());
  const size_t plane = static_cast<size_t>(size.height) * static_cast<size_t>(size.width);
  std::vector<float> planes(3 * plane);
  const kernels::PicturePlan<float> plan{.rows = axis_of(rows, row_weights), .columns = axis_of(columns, column_weights)};
  kernels::picture(kernels::Cpu{}, plan, planes_of(pixels, box).data(), planes.data(), 3);
  const Tensor y = Tensor::empty({size.height, size.width, 3}, DType::u8);
  auto* const out = y.data<uint8_t>();
  for (size_t i = 0; i < plane; ++i) {
    for (size_t c = 0; c < 3; ++c)
      out[3 * i + c] = static_cast<uint8_t>(std::lround(std::clamp(planes[c * plane + i], 0.0f, 255.0f)));
  }
  return y;
}

PictureBatch load_pictures(std::span<const std::filesystem::path> paths, const PictureSize& size, DType dtype, int threads,
                           const std::function<void(size_t, size_t)>& on_file) {
  check_size(size);
  require(dtype == DType::u8 || dtype == DType::f32, "pictures: are loaded as u8 or f32, not {}", dtype);
  std::vector<Tensor> pictures(paths.size());
  std::vector<std::string> errors(paths.size());
  std::mutex mutex;  // guards done and on_file
  size_t done = 0;
  const auto load = [&](int64_t at) {
    const auto i = static_cast<size_t>(at);
    try {
      const Pixels pixels = read_png(paths[i]);
      pictures[i] = resized(pixels, content_box(pixels), size);
    } catch (const DataError& e) {
      require_cpu_room(kRoomForAPicture);  // when memory runs out, the library reports good files as bad
      errors[i] = e.what();
    }
    const std::lock_guard lock(mutex);
    ++done;
    if (on_file) on_file(done, paths.size());
  };
  kernels::parallel_each(static_cast<int64_t>(paths.size()), load, threads);
  PictureBatch batch;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (pictures[i].defined()) batch.index.push_back(static_cast<int>(i));
    else batch.errors.push_back(std::move(errors[i]));
  }
  const auto count = static_cast<int64_t>(batch.index.size()), pixels = int64_t{size.height} * size.width * 3;
  const Tensor all = Tensor::empty({count, size.height, size.width, 3}, DType::u8);
  for (int64_t n = 0; n < count; ++n) {
    Tensor& picture = pictures[static_cast<size_t>(batch.index[static_cast<size_t>(n)])];
    all.slice(n * pixels, {pixels}).copy_from(picture.view({pixels}));
    picture = {};  // so that the data set is not in memory twice
  }
  batch.pictures = all;
  if (dtype == DType::f32) {
    batch.pictures = all.to(DType::f32);
    for (float& value : batch.pictures.span<float>()) value /= 255;
  }
  return batch;
}

}  // namespace cudenza
