#include <utility>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/fft/fft_lanes.h"
#include "kernels/mel/mel_math.h"

namespace cudenza::kernels {
namespace {

/// The two halves of one round of a transposition: blocks of `width` off the diagonal change places.
template <int width, bool low, class T, size_t... i>
inline Lanes<T> exchanged(const Lanes<T>& a, const Lanes<T>& b, std::index_sequence<i...>) {
  constexpr int n = Lanes<T>::kCount;
  if constexpr (low)
    return {__builtin_shufflevector(a.v, b.v, (i / width % 2 ? n + static_cast<int>(i) - width : static_cast<int>(i))...)};
  else return {__builtin_shufflevector(a.v, b.v, (i / width % 2 ? n + static_cast<int>(i) : static_cast<int>(i) + width)...)};
}

/// rows[i][j] <-> rows[j][i] of a square: halves, quarters, eighths.
template <int width, class T> [[gnu::always_inline]] inline void transpose(Lanes<T>* rows) {
  constexpr int n = Lanes<T>::kCount;
  constexpr auto lanes = std::make_index_sequence<n>{};
  for (int i = 0; i < n; ++i) {
    if (i / width % 2) continue;
    const Lanes<T> a = rows[i], b = rows[i + width];
    rows[i] = exchanged<width, true>(a, b, lanes);
    rows[i + width] = exchanged<width, false>(a, b, lanes);
  }
  if constexpr (width > 1) transpose<width / 2>(rows);
}

template <class T, class X> Lanes<T> load_samples(const X* p) {
  if constexpr (std::is_same_v<X, T>) {
    return Lanes<T>::load(p);
  } else {
    typedef X Narrow __attribute__((vector_size(sizeof(X) * Lanes<T>::kCount)));
    Narrow samples;
    std::memcpy(&samples, p, sizeof samples);
    return {__builtin_convertvector(samples, typename Lanes<T>::Vector)};
  }
}

/// Takes kCount neighbouring frames of a clip from samples to decibels. One a thread: it owns the buffers.
template <class X, class T, class Y> class FrameGroup {
 public:
  static constexpr int kLanes = Lanes<T>::kCount;

  explicit FrameGroup(const MelPlan<T>& plan)
      : plan_(plan),
        n_(plan.fft.n),
        mirrored_(static_cast<size_t>(kLanes) * n_),
        z_(round_up(n_ / 2)),
        power_(n_ / 2 + 1),
        mel_(static_cast<size_t>(plan.filters.bands) * kLanes) {}

  /// Frames first … first + kCount - 1 of `clip`, those that exist. y is the clip's [bands, frames].
  void run(const X* clip, Affine<T> wave, int64_t first, Y* y) {
    const int used = static_cast<int>(smaller<int64_t>(kLanes, plan_.frames - first));
    const X* starts[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) starts[lane] = start_of(clip, first + smaller(lane, used - 1), lane);
    fft_lanes_of<kLanes / 2>(
        plan_.fft.plan, plan_.fft.twiddles, [&](int m, Complex<Lanes<T>>* pairs) { window(starts, wave, 2 * m, pairs); },
        z_.data());
    take_power();
    sum_bands();
    Y* const db = mel_.data();
    const Y floor = static_cast<Y>(plan_.floor);
#pragma omp simd
    for (int i = 0; i < plan_.filters.bands * kLanes; ++i) db[i] = decibels(db[i], floor);
    for (int b = 0; b < plan_.filters.bands; ++b) {
      Y* const row = y + b * plan_.frames + first;
      if (used == kLanes) std::memcpy(row, db + b * kLanes, sizeof(Y) * kLanes);
      else std::memcpy(row, db + b * kLanes, sizeof(Y) * static_cast<size_t>(used));
    }
  }

 private:
  /// Whole chunks of points: the last may reach over the end.
  static size_t round_up(int points) { return static_cast<size_t>(ceil_div(points, kLanes / 2) * (kLanes / 2)); }

  /// The frame's samples in the clip, or a mirrored copy where it reaches over an end.
  const X* start_of(const X* clip, int64_t frame, int lane) {
    const int64_t begin = frame * plan_.hop - plan_.pad;
    if (begin >= 0 && begin + n_ <= plan_.samples) return clip + begin;
    X* const copy = mirrored_.data() + static_cast<size_t>(lane) * n_;
    for (int i = 0; i < n_; ++i) copy[i] = clip[reflected(begin + i, plan_.samples)];
    return copy;
  }

  /// kCount samples from i on of every frame, mapped and windowed, as pairs: a square is read and transposed. At the end of
  /// a length that is no multiple, what lies beyond is left out.
  [[gnu::always_inline]] void window(const X* const* starts, Affine<T> wave, int i, Complex<Lanes<T>>* pairs) const {
    const int count = smaller(kLanes, n_ - i);
    Lanes<T> square[kLanes];
    if (count == kLanes) {
      for (int lane = 0; lane < kLanes; ++lane) square[lane] = load_samples<T>(starts[lane] + i);
      transpose<kLanes / 2>(square);
    } else {
      for (int k = 0; k < count; ++k) {
        for (int lane = 0; lane < kLanes; ++lane) square[k].v[lane] = static_cast<T>(starts[lane][i + k]);
      }
    }
    const Lanes<T> shift = Lanes<T>::all(wave.shift);
    const auto sample = [&](int k) { return (square[k] * wave.scale + shift) * plan_.window[i + k]; };
    for (int k = 0; k + 2 <= count; k += 2) pairs[k / 2] = {sample(k), sample(k + 1)};
  }

  void take_power() {
    split_real_lanes(n_, plan_.fft.split_twiddles, plan_.fft.order, z_.data(),
                     [&](int k, const Complex<Lanes<T>>& value) { power_[k] = squared(value); });
    if (!plan_.magnitude) return;
    for (auto& lanes : power_) {
      for (int lane = 0; lane < kLanes; ++lane) lanes.v[lane] = std::sqrt(lanes.v[lane]);
    }
  }

  /// Two sums a band, of its even and its odd bins: one alone would wait for its own last addition.
  void sum_bands() {
    const MelFilters<T>& filters = plan_.filters;
    for (int b = 0; b < filters.bands; ++b) {
      const T* const weights = filters.weights + b * filters.band_stride;
      const Lanes<T>* const power = power_.data() + filters.first[b];
      const int count = filters.count[b];
      Lanes<T> even = Lanes<T>::all(0), odd = even;
      int j = 0;
      for (; j + 2 <= count; j += 2) {
        even = even + power[j] * weights[j];
        odd = odd + power[j + 1] * weights[j + 1];
      }
      if (j < count) even = even + power[j] * weights[j];
      typedef Y Vector __attribute__((vector_size(sizeof(Y) * kLanes)));
      const Vector sum = __builtin_convertvector((even + odd).v, Vector);
      std::memcpy(mel_.data() + b * kLanes, &sum, sizeof sum);
    }
  }

  const MelPlan<T>& plan_;
  int n_;
  std::vector<X> mirrored_;
  std::vector<Complex<Lanes<T>>> z_;
  std::vector<Lanes<T>> power_;
  std::vector<Y> mel_;
};

}  // namespace

template <class X, class T, class Y>
void log_mel(Cpu, const MelPlan<T>& plan, const X* pcm, const Affine<T>* wave, Y* y, int64_t clips) {
  constexpr int kLanes = Lanes<T>::kCount;
  const int64_t groups = ceil_div<int64_t>(plan.frames, kLanes);
  parallel_ranges(clips * groups, int64_t{100} * plan.fft.n, [&](int64_t begin, int64_t end) {
    FrameGroup<X, T, Y> group(plan);
    for (int64_t g = begin; g < end; ++g) {
      const int64_t clip = g / groups;
      group.run(pcm + clip * plan.samples, wave_map<X>(wave, clip), g % groups * kLanes,
                y + clip * plan.filters.bands * plan.frames);
    }
  });
}

/// In doubles: registers hold other numbers of i16 than of f32, so in floats the last digit of a sum, and with it a clip's noise,
/// depended on how the clip was kept.
template <class X, class T> void standardise_wave(Cpu, const X* pcm, Affine<T>* wave, int64_t clips, int64_t samples) {
  parallel_ranges(clips, samples, [=](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      const X* x = pcm + c * samples;
      double sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = 0; i < samples; ++i) sum += static_cast<double>(x[i]);
      const double mean = sum / static_cast<double>(samples);
#pragma omp simd reduction(+ : squares)
      for (int64_t i = 0; i < samples; ++i) squares += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
      wave[c] = standardising<T>(mean, squares, samples);
    }
  });
}

void clip_floor(Cpu, const float* y, float* floor, int64_t clips, int64_t count, float top_db) {
  parallel_ranges(clips, count, [=](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      float most = y[c * count];
#pragma omp simd reduction(max : most)
      for (int64_t i = 1; i < count; ++i) most = larger(most, y[c * count + i]);
      floor[c] = most - top_db;
    }
  });
}

void apply_floor(Cpu, float* y, const float* floor, int64_t clips, int64_t count) {
  parallel_ranges(clips, count, [=](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) y[c * count + i] = larger(y[c * count + i], floor[c]);
    }
  });
}

template void log_mel(Cpu, const MelPlan<float>&, const float*, const Affine<float>*, float*, int64_t);
template void log_mel(Cpu, const MelPlan<float>&, const int16_t*, const Affine<float>*, float*, int64_t);
template void log_mel(Cpu, const MelPlan<double>&, const float*, const Affine<double>*, float*, int64_t);
template void log_mel(Cpu, const MelPlan<double>&, const int16_t*, const Affine<double>*, float*, int64_t);
template void standardise_wave(Cpu, const float*, Affine<float>*, int64_t, int64_t);
template void standardise_wave(Cpu, const int16_t*, Affine<float>*, int64_t, int64_t);
template void standardise_wave(Cpu, const float*, Affine<double>*, int64_t, int64_t);
template void standardise_wave(Cpu, const int16_t*, Affine<double>*, int64_t, int64_t);

}  // namespace cudenza::kernels
