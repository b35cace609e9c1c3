#include "engine/audio/mel.h"

#include <algorithm>

#include "engine/audio/fft_library.h"
#include "engine/core/dispatch.h"

namespace cudenza {
namespace {

#if defined(CUDENZA_GPU)
/// Frames to memory, the library's FFTs, then filters; a few clips at a time, since one clip's frames take 20 MB.
template <class X>
void log_mel_by_library(kernels::Gpu gpu, const kernels::MelPlan<float>& plan, const Tensor& pcm,
                        const kernels::Affine<float>* wave, float* y) {
  require(kernels::mel_spectra_fit_block(plan),
          "mel: n_fft {} with {} mel bands is more than a GPU's block can hold; choose a shorter n_fft, or `device` cpu",
          plan.fft.n, plan.filters.bands);
  constexpr int64_t kScratchBytes = int64_t{256} << 20;
  const int64_t clips = pcm.size(0), n = plan.fft.n, bins = n / 2 + 1;
  const int64_t at_once = std::clamp<int64_t>(kScratchBytes / (plan.frames * n * 4), 1, clips);
  const Tensor frames = Tensor::empty({at_once, plan.frames, n}, DType::f32, pcm.device());
  const Tensor spectra = Tensor::empty({at_once, plan.frames, bins, 2}, DType::f32, pcm.device());
  auto* const complex = reinterpret_cast<kernels::Complex<float>*>(spectra.data<float>());
  for (int64_t first = 0; first < clips; first += at_once) {
    const int64_t count = std::min(at_once, clips - first);
    kernels::mel_frames(gpu, plan, pcm.data<X>() + first * plan.samples, wave ? wave + first : nullptr, frames.data<float>(),
                        count);
    rfft_library(pcm.device(), static_cast<int>(n), count * plan.frames, frames.data<float>(), complex);
    kernels::mel_of_spectra(gpu, plan, complex, y + first * plan.filters.bands * plan.frames, count);
  }
}
#endif

}  // namespace

LogMel::LogMel(const MelSpec& spec, Device device, GpuFft gpu_fft) : spec_(spec), device_(device), gpu_fft_(gpu_fft) {
  spec_.check();
  tables_ = make_mel_tables(spec_, DType::f32, device);
  if (device.is_cpu()) tables_f64_ = make_mel_tables(spec_, DType::f64, device);
}

/// Calls f<X, T, Y>(where): samples of type X, FFTs in T, decibels of Y.
template <class F> void LogMel::dispatch(const Tensor& pcm, F&& f) const {
  on_device(device_, [&](auto where) {
    const bool is_i16 = pcm.dtype() == DType::i16;
    if constexpr (std::is_same_v<decltype(where), kernels::Cpu>) {
      if (pcm.dtype() == DType::f64) return f.template operator()<double, double, double>(kernels::Reference{});
      if (spec_.is_deep() && is_i16) return f.template operator()<int16_t, double, float>(where);
      if (spec_.is_deep()) return f.template operator()<float, double, float>(where);
    }
    if (is_i16) f.template operator()<int16_t, float, float>(where);
    else f.template operator()<float, float, float>(where);
  });
}

template <class X, class T, class Y, class Where>
void LogMel::run(Where where, const Tensor& pcm, const Unclamped& result) const {
  const int64_t clips = pcm.size(0), samples = pcm.size(1);
  const auto plan = mel_plan<T>(spec_, std::is_same_v<T, double> ? tables_f64_ : tables_, samples);
  Tensor maps;
  kernels::Affine<T>* wave = nullptr;
  if (spec_.standardise_wave) {
    maps = Tensor::empty({clips, 2}, dtype_of<T>, device_);
    wave = reinterpret_cast<kernels::Affine<T>*>(maps.data<T>());
    kernels::standardise_wave(where, pcm.data<X>(), wave, clips, samples);
  }
  Y* const y = result.mel_db.data<Y>();
#if defined(CUDENZA_GPU)
  if constexpr (std::is_same_v<Where, kernels::Gpu>) {
    if (gpu_fft_ == GpuFft::cufft || !kernels::mel_fits_block(plan)) log_mel_by_library<X>(where, plan, pcm, wave, y);
    else kernels::log_mel(where, plan, pcm.data<X>(), wave, y, clips);
  } else
#endif
    kernels::log_mel(where, plan, pcm.data<X>(), wave, y, clips);
  if (spec_.top_db) {
    kernels::clip_floor(where, y, result.floor.data<Y>(), clips, plan.filters.bands * plan.frames, static_cast<Y>(*spec_.top_db));
  }
}

LogMel::Unclamped LogMel::unclamped(const Tensor& pcm) const {
  require(pcm.shape().rank() == 2 && pcm.size(0) > 0, "mel: clips must be [B, samples], but the tensor is {}", pcm.shape());
  require(pcm.device() == device_, "mel: the clips are on {}, the spectrogram is made on {}; move them with .to()", pcm.device(),
          device_);
  const bool is_f64 = pcm.dtype() == DType::f64 && device_.is_cpu();
  require(pcm.dtype() == DType::f32 || pcm.dtype() == DType::i16 || is_f64,
          "mel: samples must be f32 or i16 (or f64 on the CPU), but are {}", pcm.dtype());
  const DType dtype = is_f64 ? DType::f64 : DType::f32;
  Unclamped result{Tensor::empty({pcm.size(0), spec_.n_mels, spec_.frames(pcm.size(1))}, dtype, device_), {}};
  if (spec_.top_db) result.floor = Tensor::empty({pcm.size(0)}, dtype, device_);
  dispatch(pcm, [&]<class X, class T, class Y>(auto where) { run<X, T, Y>(where, pcm, result); });
  return result;
}

Tensor LogMel::operator()(const Tensor& pcm) const {
  const Unclamped result = unclamped(pcm);
  if (!spec_.top_db) return result.mel_db;
  const int64_t clips = pcm.size(0), count = result.mel_db.numel() / clips;
  dispatch(pcm, [&]<class, class, class Y>(auto where) {
    kernels::apply_floor(where, result.mel_db.data<Y>(), result.floor.data<Y>(), clips, count);
  });
  return result.mel_db;
}

}  // namespace cudenza
