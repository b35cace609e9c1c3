/// Spectrograms as people look at them: a PNG with axes in seconds and hertz and a scale of colours in dB, drawn by gnuplot.
#pragma once
#include <filesystem>
#include <string>

#include "engine/audio/mel_spec.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// Throws UsageError with the remedy if gnuplot cannot be run.
void require_gnuplot();

/// The PNG's bytes, marked as this program's (own_files.h). `mel_db` is [1, n_mels, frames] on the CPU, in decibels; values more
/// than 100 dB below the loudest are drawn alike. Throws GnuplotError if it cannot be drawn.
std::string spectrogram_png(const std::string& title, const MelSpec&, const Tensor& mel_db);

/// The same into a file. Throws DataError with gnuplot's words if the picture cannot be made.
void write_spectrogram_png(const std::filesystem::path&, const std::string& title, const MelSpec&, const Tensor& mel_db);

}  // namespace cudenza
