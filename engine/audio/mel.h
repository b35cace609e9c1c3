/// Sound to log-mel spectrograms, on CPU or GPU.
///
///   const LogMel log_mel(MelSpec::preset("seed"), device);
///   const Picture picture({}, Normalize::global, &statistics, device);   // engine/audio/picture.h
///   Tensor mel_db = log_mel(pcm);                     // [B, n_mels, frames], decibels
///   Tensor x = picture(mel_db);                       // [B, 224, 224, 3]
///   Tensor same = mel_picture(log_mel, picture, pcm); // one pass less over memory
#pragma once
#include "engine/audio/mel_spec.h"
#include "engine/audio/mel_tables.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// Which FFT a GPU uses.
enum class GpuFft {
  fused,  ///< ours, in shared memory: samples to decibels in one kernel (n_fft up to about 10,000; cuFFT beyond)
  cufft,  ///< cuFFT between two kernels: frames and spectra go through memory. The reference for the fused kernel
};

class LogMel {
 public:
  /// Throws UsageError like MelSpec::check().
  explicit LogMel(const MelSpec&, Device = Device::cpu(), GpuFft = GpuFft::fused);

  const MelSpec& spec() const { return spec_; }
  Device device() const { return device_; }

  /// Log-mel spectrograms of clips of equal length, in decibels, not normalised: [B, n_mels, frames]. `pcm` is [B, samples] on
  /// this device: f32, i16 (full scale 32768), or on the CPU f64 (by slow plain loops). The result is f32 (f64 for f64). Throws
  /// UsageError for other tensors and for clips too short for a frame.
  Tensor operator()(const Tensor& pcm) const;

  /// The same before top_db is applied: values of a clip below its `floor` [B] are to be raised to it (undefined without top_db).
  struct Unclamped {
    Tensor mel_db, floor;
  };
  Unclamped unclamped(const Tensor& pcm) const;

 private:
  template <class F> void dispatch(const Tensor& pcm, F&&) const;
  template <class X, class T, class Y, class Where> void run(Where, const Tensor& pcm, const Unclamped&) const;

  MelSpec spec_;
  Device device_;
  GpuFft gpu_fft_;
  MelTables tables_, tables_f64_;
};

}  // namespace cudenza
