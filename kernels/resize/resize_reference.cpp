#include <algorithm>
#include <cmath>

#include "kernels/resize/resize.h"

namespace cudenza::kernels {

/// Every output sees every input: by a triangle around its centre, as wide as its own pixel where that is the larger one, whose
/// weights are made to sum to 1.
ResizeTable make_resize_table(Reference, int in, int out, bool antialias, bool flip) {
  const double scale = static_cast<double>(in) / out, reach = antialias ? std::max(scale, 1.0) : 1.0;
  ResizeTable table{in, out, in, std::vector<int32_t>(static_cast<size_t>(out)), {}};
  for (int o = 0; o < out; ++o) {
    const double centre = ((flip ? out - 1 - o : o) + 0.5) * scale;
    const auto weight = [=](int i) { return std::max(1 - std::abs(i + 0.5 - centre) / reach, 0.0); };
    double total = 0;
    for (int i = 0; i < in; ++i) total += weight(i);
    for (int i = 0; i < in; ++i) table.weights.push_back(weight(i) / total);
  }
  return table;
}

/// y[i,j,·] of one clip: the sum of the tables' weights over its bands and frames.
template <class T, class U> void picture(Reference, const PicturePlan<T>& plan, const T* x, U* y, int64_t clips) {
  const ResizeAxis<T>&rows = plan.rows, &columns = plan.columns;
#pragma omp parallel for
  for (int64_t at = 0; at < clips * rows.out * columns.out; ++at) {
    const int64_t j = at % columns.out, i = at / columns.out % rows.out, clip = at / columns.out / rows.out;
    double sum = 0;
    for (int64_t k = 0; k < rows.taps; ++k) {
      for (int64_t l = 0; l < columns.taps; ++l) {
        const int64_t b = rows.first[i] + k, f = columns.first[j] + l;
        double v = x[(clip * rows.in + b) * columns.in + f];
        if (plan.floor) v = std::max<double>(v, plan.floor[clip]);
        if (plan.row_maps) {
          const Affine<T>& map = plan.row_maps[clip * plan.row_map_stride + b];
          v = map.scale * v + map.shift;
        }
        sum += double{rows.weights[i * rows.taps + k]} * columns.weights[j * columns.taps + l] * v;
      }
    }
    for (int c = 0; c < plan.channels; ++c)
      y[at * plan.channels + c] = static_cast<acc_t<U>>(plan.channel_maps[c].scale * sum + plan.channel_maps[c].shift);
  }
}

template void picture(Reference, const PicturePlan<float>&, const float*, float*, int64_t);
template void picture(Reference, const PicturePlan<float>&, const float*, bf16*, int64_t);
template void picture(Reference, const PicturePlan<float>&, const float*, f16*, int64_t);
template void picture(Reference, const PicturePlan<double>&, const double*, double*, int64_t);

}  // namespace cudenza::kernels
