#include "engine/audio/mel_tables.h"

#include <algorithm>

namespace cudenza {
namespace {

template <class T> Tensor complex_table(const std::vector<kernels::Complex<T>>& values, Device device) {
  const auto* numbers = reinterpret_cast<const T*>(values.data());
  return Tensor::from(std::span<const T>(numbers, 2 * values.size()), {static_cast<int64_t>(values.size()), 2}, device);
}

/// Range of nonzero bins of each filter, widened to whole groups of `group` bins.
struct Runs {
  std::vector<int32_t> first, count;
  int32_t longest = 0;
};

Runs runs_of(const std::vector<double>& bank, int bands, int bins, int group) {
  Runs runs;
  for (int b = 0; b < bands; ++b) {
    const auto begin = bank.begin() + int64_t{b} * bins, end = begin + bins;
    const auto is_set = [](double weight) { return weight > 0; };
    const auto first = std::find_if(begin, end, is_set);
    const auto stop = std::find_if_not(first, end, is_set);
    const int from = first == end ? 0 : static_cast<int>(first - begin) / group * group;
    const int to = first == end ? 0 : (static_cast<int>(stop - begin) + group - 1) / group * group;
    runs.first.push_back(from);
    runs.count.push_back(to - from);
    runs.longest = std::max(runs.longest, to - from);
  }
  runs.longest = std::max(runs.longest, group);
  return runs;
}

void add_filters(MelTables& tables, const MelSpec& spec, DType dtype, Device device) {
  const std::vector<double> bank = mel_filter_bank(spec);
  const int group = device.is_cpu() ? 1 : kernels::kMelGroup;
  const Runs runs = runs_of(bank, spec.n_mels, spec.bins(), group);
  const int64_t bands = spec.n_mels, taps = runs.longest;
  std::vector<double> weights(static_cast<size_t>(bands * taps));
  for (int64_t b = 0; b < bands; ++b) {
    const int64_t first = runs.first[static_cast<size_t>(b)], count = runs.count[static_cast<size_t>(b)];
    for (int64_t j = 0; j < count && first + j < spec.bins(); ++j) {
      const int64_t at = device.is_cpu() ? b * taps + j : (j / group * bands + b) * group + j % group;
      weights[static_cast<size_t>(at)] = bank[static_cast<size_t>(b * spec.bins() + first + j)];
    }
  }
  tables.first = Tensor::from(runs.first, {bands}, device);
  tables.count = Tensor::from(runs.count, {bands}, device);
  tables.weights =
      Tensor::from(weights, device.is_cpu() ? Shape{bands, taps} : Shape{taps / group, bands, group}).to(dtype).to(device);
}

}  // namespace

MelTables make_mel_tables(const MelSpec& spec, DType dtype, Device device) {
  MelTables tables;
  tables.fft = kernels::make_fft_plan(spec.n_fft / 2, device.is_cpu() ? kernels::FftRadix::cpu : kernels::FftRadix::gpu);
  tables.order = Tensor::from(kernels::fft_order(tables.fft), {spec.n_fft / 2}, device);
  std::vector<double> window = hann_window(spec);
  for (double& w : window) w /= 2;  // split_real() doubles
  tables.window = Tensor::from(window, {spec.n_fft}).to(dtype).to(device);
  const auto add_twiddles = [&]<class T>() {
    tables.twiddles = complex_table(kernels::fft_twiddles<T>(tables.fft), device);
    tables.split_twiddles = complex_table(kernels::split_twiddles<T>(spec.n_fft), device);
  };
  if (dtype == DType::f64) add_twiddles.template operator()<double>();
  else add_twiddles.template operator()<float>();
  add_filters(tables, spec, dtype, device);
  return tables;
}

template <class T> kernels::MelPlan<T> mel_plan(const MelSpec& spec, const MelTables& tables, int64_t samples) {
  const bool on_cpu = tables.weights.device().is_cpu();
  const auto complex = [](const Tensor& table) { return reinterpret_cast<const kernels::Complex<T>*>(table.data<T>()); };
  return {.fft = {.n = spec.n_fft,
                  .plan = tables.fft,
                  .twiddles = complex(tables.twiddles),
                  .split_twiddles = complex(tables.split_twiddles),
                  .order = tables.order.data<int32_t>()},
          .hop = spec.hop,
          .pad = spec.pad(),
          .samples = samples,
          .frames = spec.frames(samples),
          .window = tables.window.data<T>(),
          .filters = {.bands = spec.n_mels,
                      .band_stride = on_cpu ? static_cast<int>(tables.weights.size(1)) : kernels::kMelGroup,
                      .group_stride = on_cpu ? kernels::kMelGroup : kernels::kMelGroup * spec.n_mels,
                      .first = tables.first.data<int32_t>(),
                      .count = tables.count.data<int32_t>(),
                      .weights = tables.weights.data<T>()},
          .magnitude = spec.power == 1,
          .floor = static_cast<T>(spec.floor)};
}

template kernels::MelPlan<float> mel_plan(const MelSpec&, const MelTables&, int64_t);
template kernels::MelPlan<double> mel_plan(const MelSpec&, const MelTables&, int64_t);

}  // namespace cudenza
