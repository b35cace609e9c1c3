#include <algorithm>
#include <cmath>

#include "kernels/resize/resize.h"

namespace cudenza::kernels {
namespace {

struct Support {
  int first = 0;
  std::vector<double> weights;
};

/// Pillow's precompute_coeffs() for the triangle: inputs whose centres lie within `reach` of the output's centre.
Support triangle(int o, int in, double scale) {
  const double reach = std::max(scale, 1.0), centre = (o + 0.5) * scale;
  Support support;
  support.first = std::max(static_cast<int>(centre - reach + 0.5), 0);
  const int end = std::min(static_cast<int>(centre + reach + 0.5), in);
  double total = 0;
  for (int i = support.first; i < end; ++i) {
    support.weights.push_back(std::max(1 - std::abs(i - centre + 0.5) / reach, 0.0));
    total += support.weights.back();
  }
  for (double& weight : support.weights) weight /= total;
  return support;
}

Support two_neighbours(int o, int in, double scale) {
  const double at = std::max((o + 0.5) * scale - 0.5, 0.0);
  const int first = std::min(static_cast<int>(at), in - 1);
  if (first + 1 >= in) return {first, {1.0}};
  return {first, {1 - (at - first), at - first}};
}

}  // namespace

ResizeTable make_resize_table(int in, int out, bool antialias, bool flip) {
  const double scale = static_cast<double>(in) / out;
  std::vector<Support> supports;
  size_t taps = 1;
  for (int o = 0; o < out; ++o) {
    const int from = flip ? out - 1 - o : o;
    supports.push_back(antialias ? triangle(from, in, scale) : two_neighbours(from, in, scale));
    taps = std::max(taps, supports.back().weights.size());
  }
  // Whole vectors of taps: the CPU then has no remainder to add up.
  if (taps > 4) taps = std::min<size_t>((taps + 7) / 8 * 8, static_cast<size_t>(in));
  ResizeTable table{in, out, static_cast<int>(taps), {}, std::vector<double>(taps * static_cast<size_t>(out))};
  for (size_t o = 0; o < supports.size(); ++o) {
    const int first = std::min(supports[o].first, in - table.taps);  // reads stay inside; the shift is filled with zeros
    table.first.push_back(first);
    std::copy(supports[o].weights.begin(), supports[o].weights.end(),
              table.weights.begin() + static_cast<int64_t>(o * taps) + supports[o].first - first);
  }
  return table;
}

}  // namespace cudenza::kernels
