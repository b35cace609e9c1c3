#include "apps/study/spectrogram_png.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/audio/picture.h"
#include "engine/core/error.h"
#include "engine/core/text.h"
#include "engine/io/atomic_file.h"
#include "engine/io/gnuplot.h"
#include "engine/io/own_files.h"

namespace cudenza {
namespace {

constexpr int kWidth = 960, kHeight = 384;                         // of the spectrogram itself, in pixels
constexpr int kLeft = 84, kRight = 110, kAbove = 44, kBelow = 64;  // for the words around it
constexpr double kDeepest = 100;                                   // dB below the loudest

/// Magma (S. van der Walt and N. Smith, 2015; CC0) at every sixteenth: even steps of lightness, in colour or in grey.
constexpr const char* kMagma =
    "0 '#000004', 1 '#0a0822', 2 '#1d1147', 3 '#36106b', 4 '#51127c', 5 '#6a1c81', 6 '#832681', 7 '#9c2e7f', 8 '#b73779', "
    "9 '#d0416f', 10 '#e75263', 11 '#f56b5c', 12 '#fc8961', 13 '#fea772', 14 '#fec488', 15 '#fde2a3', 16 '#fcfdbf'";

/// Ticks at round frequencies, wherever the mel scale puts them, not too close together.
std::string frequency_ticks(const MelSpec& spec) {
  std::string ticks;
  double last = -1e9;
  for (const int hertz : {0, 125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000}) {
    const double band = mel_band_at(spec, hertz);
    if (hertz < spec.fmin || band > spec.n_mels - 0.5 || band < last + 0.05 * spec.n_mels) continue;
    last = band;
    ticks += fmt::format("{}'{}' {:.3f}", ticks.empty() ? "" : ", ", hertz, band);
  }
  return ticks;
}

/// As many pixels as there is room for, the lowest row first.
std::vector<float> pixels_of(const Tensor& mel_db) {
  const Picture shrink({.height = kHeight, .width = kWidth, .channels = 1, .low_at_bottom = false}, Normalize::none);
  return shrink(mel_db).to_vector<float>();
}

/// A colour scale needs two ends, also for silence.
struct Range {
  double low, high;
};
Range range_of(const std::vector<float>& pixels) {
  const auto [low, high] = std::ranges::minmax(pixels);
  return {std::max<double>(low, high - kDeepest), std::max<double>(high, low + 20)};
}

std::string script(const std::string& title, const MelSpec& spec, const Tensor& mel_db) {
  const std::vector<float> pixels = pixels_of(mel_db);
  const Range range = range_of(pixels);
  const double bands = spec.n_mels, hop = static_cast<double>(spec.hop) / spec.sample_rate;
  const double begin = (spec.centre ? 0 : 0.5 * spec.n_fft / spec.sample_rate) - hop / 2;
  const double end = begin + static_cast<double>(mel_db.size(2)) * hop, dx = (end - begin) / kWidth, dy = bands / kHeight;
  const int width = kLeft + kWidth + kRight, height = kAbove + kHeight + kBelow;
  constexpr size_t kLetters = 130;  // of 11 points in the picture's width
  std::string text =
      fmt::format("set encoding utf8\nset terminal pngcairo size {},{} noenhanced font 'sans,11'\n", width, height);
  text += fmt::format("set lmargin at screen {}\nset rmargin at screen {}\nset tmargin at screen {}\nset bmargin at screen {}\n",
                      1.0 * kLeft / width, 1.0 * (kLeft + kWidth) / width, 1 - 1.0 * kAbove / height, 1.0 * kBelow / height);
  text += fmt::format("set title {}\nset xlabel 'Time (s)'\nset ylabel 'Frequency (Hz), mel scale'\nset cblabel 'dB' offset 1\n",
                      gnuplot_text(shortened(title, kLetters)));
  text += "set format x '%h'\nset format cb '%h'\n";  // not gnuplot's own '% h', whose blank puts numbers beside their ticks
  text += fmt::format("set palette defined ({})\nset cbrange [{}:{}]\nset xrange [{}:{}]\nset yrange [-0.5:{}]\n", kMagma,
                      range.low, range.high, begin, end, bands - 0.5);
  text += fmt::format(
      "set ytics ({})\nset tics out nomirror\nset colorbox user origin screen {},{} size screen {},{}\nunset key\n",
      frequency_ticks(spec), (kLeft + kWidth + 16.0) / width, 1.0 * kBelow / height, 18.0 / width, 1.0 * kHeight / height);
  text += fmt::format("plot '-' binary array=({},{}) format='%float32' origin=({},{}) dx={} dy={} with image\n", kWidth, kHeight,
                      begin + dx / 2, -0.5 + dy / 2, dx, dy);
  return text.append(reinterpret_cast<const char*>(pixels.data()), pixels.size() * sizeof(float));
}

/// gnuplot ends well also where it could not write all.
bool is_whole(const std::string& png) { return png.starts_with("\x89PNG\r\n\x1a\n") && png.ends_with("IEND\xae\x42\x60\x82"); }

}  // namespace

void require_gnuplot() {
  const std::string reason = why_no_gnuplot();
  require(reason.empty(), "{}, or leave out `png`", reason);
}

std::string spectrogram_png(const std::string& title, const MelSpec& spec, const Tensor& mel_db) {
  std::string png = run_gnuplot(script(title, spec, mel_db));
  if (!is_whole(png)) throw GnuplotError(fmt::format("gnuplot drew no whole picture ({} bytes)", png.size()));
  return with_mark(std::move(png));
}

void write_spectrogram_png(const std::filesystem::path& path, const std::string& title, const MelSpec& spec,
                           const Tensor& mel_db) try {
  write_atomically(path, spectrogram_png(title, spec, mel_db));
} catch (const GnuplotError& error) {
  throw DataError(fmt::format("{}: cannot be drawn: {}", path.string(), error.what()));
}

}  // namespace cudenza
