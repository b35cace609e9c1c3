/// The constant tables of a log-mel spectrogram, computed in double and kept on the device that uses them.
#pragma once
#include "engine/audio/mel_spec.h"
#include "engine/core/tensor.h"
#include "kernels/mel/mel.h"

namespace cudenza {

struct MelTables {
  kernels::FftPlan fft;
  Tensor window, twiddles, split_twiddles, order;  // [n_fft], [·, 2], [n_fft/4 + 1, 2], [n_fft/2]
  Tensor first, count, weights;                    // [n_mels], [n_mels], [n_mels, taps]; on a GPU [groups, n_mels, kMelGroup]
};

/// f32, or f64 on the CPU.
MelTables make_mel_tables(const MelSpec&, DType, Device);

/// Plan of a kernel call for clips of `samples` samples. The tables must outlive it.
template <class T> kernels::MelPlan<T> mel_plan(const MelSpec&, const MelTables&, int64_t samples);

}  // namespace cudenza
