/// Spectrograms as people look at them: a PNG with axes in seconds and hertz and a scale of colours in dB, drawn by gnuplot.
#pragma once
#include <filesystem>
#include <string>

#include "engine/audio/mel_spec.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// Throws UsageError with the remedy if gnuplot cannot be run.
void require_gnuplot();

/// `mel_db` is [1, n_mels, frames] on the CPU, in decibels; values more than 100 dB below the loudest are drawn alike. Throws
/// DataError with gnuplot's words if the picture cannot be made.
void write_spectrogram_png(const std::filesystem::path&, const std::string& title, const MelSpec&, const Tensor& mel_db);

}  // namespace cudenza
