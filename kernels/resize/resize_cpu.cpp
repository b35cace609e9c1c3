#include <cstddef>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/resize/resize_math.h"

namespace cudenza::kernels {
namespace {

/// narrow[j] = map(sum over the taps of column j of row).
void resize_row(const ResizeAxis<float>& columns, const float* row, const Affine<float>& map, float* narrow) {
  for (int j = 0; j < columns.out; ++j) {
    const float *weights = columns.weights + int64_t{j} * columns.taps, *x = row + columns.first[j];
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < columns.taps; ++k) sum += weights[k] * x[k];
    narrow[j] = mapped(map, sum);
  }
}

/// mixed[j] = sum over the taps of output row i of narrow[…, j].
void blend_rows(const ResizeAxis<float>& rows, int i, const float* narrow, int width, float* mixed) {
  const float* x = narrow + int64_t{rows.first[i]} * width;
  for (int k = 0; k < rows.taps; ++k, x += width) {
    const float weight = rows.weights[int64_t{i} * rows.taps + k];
    if (k == 0) {
#pragma omp simd
      for (int j = 0; j < width; ++j) mixed[j] = weight * x[j];
    } else {
#pragma omp simd
      for (int j = 0; j < width; ++j) mixed[j] += weight * x[j];
    }
  }
}

template <int channels, class U> void store_channels(const PicturePlan<float>& plan, const float* mixed, U* y) {
  for (int j = 0; j < plan.columns.out; ++j) {
    for (int c = 0; c < channels; ++c) y[j * channels + c] = static_cast<acc_t<U>>(mapped(plan.channel_maps[c], mixed[j]));
  }
}

template <class U> void store_row(const PicturePlan<float>& plan, const float* mixed, U* y) {
  switch (plan.channels) {
    case 1: return store_channels<1>(plan, mixed, y);
    case 2: return store_channels<2>(plan, mixed, y);
    case 3: return store_channels<3>(plan, mixed, y);
    default: return store_channels<4>(plan, mixed, y);
  }
}

template <class U>
void one_picture(const PicturePlan<float>& plan, const float* x, int64_t clip, U* y, std::vector<float>& buffer) {
  const int width = plan.columns.out, length = plan.columns.in;
  float *narrow = buffer.data(), *mixed = narrow + int64_t{plan.rows.in} * width, *lifted = mixed + width;
  for (int b = 0; b < plan.rows.in; ++b) {
    const float* row = x + int64_t{b} * length;
    if (plan.floor) {
      const float floor = plan.floor[clip];
#pragma omp simd
      for (int f = 0; f < length; ++f) lifted[f] = larger(row[f], floor);
      row = lifted;
    }
    resize_row(plan.columns, row, row_map(plan, clip, b), narrow + int64_t{b} * width);
  }
  for (int i = 0; i < plan.rows.out; ++i) {
    blend_rows(plan.rows, i, narrow, width, mixed);
    store_row(plan, mixed, y + int64_t{i} * width * plan.channels);
  }
}

}  // namespace

template <class U> void picture(Cpu, const PicturePlan<float>& plan, const float* x, U* y, int64_t clips) {
  const int64_t in = int64_t{plan.rows.in} * plan.columns.in, out = int64_t{plan.rows.out} * plan.columns.out * plan.channels;
  parallel_ranges(clips, in + out, [&](int64_t begin, int64_t end) {
    std::vector<float> buffer(static_cast<size_t>(plan.rows.in + 1) * static_cast<size_t>(plan.columns.out) +
                              static_cast<size_t>(plan.columns.in));
    for (int64_t c = begin; c < end; ++c) one_picture(plan, x + c * in, c, y + c * out, buffer);
  });
}

template void picture(Cpu, const PicturePlan<float>&, const float*, float*, int64_t);
template void picture(Cpu, const PicturePlan<float>&, const float*, bf16*, int64_t);
template void picture(Cpu, const PicturePlan<float>&, const float*, f16*, int64_t);

}  // namespace cudenza::kernels
