#include "apps/spectrogram_png.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "engine/audio/picture.h"
#include "engine/io/atomic_file.h"

extern char** environ;

namespace cudenza {
namespace {

constexpr int kWidth = 960, kHeight = 384;                         // of the spectrogram itself, in pixels
constexpr int kLeft = 84, kRight = 110, kAbove = 44, kBelow = 64;  // for the words around it
constexpr double kDeepest = 100;                                   // dB below the loudest

/// Magma (S. van der Walt and N. Smith, 2015; CC0) at every sixteenth: even steps of lightness, in colour or in grey.
constexpr const char* kMagma =
    "0 '#000004', 1 '#0a0822', 2 '#1d1147', 3 '#36106b', 4 '#51127c', 5 '#6a1c81', 6 '#832681', 7 '#9c2e7f', 8 '#b73779', "
    "9 '#d0416f', 10 '#e75263', 11 '#f56b5c', 12 '#fc8961', 13 '#fea772', 14 '#fec488', 15 '#fde2a3', 16 '#fcfdbf'";

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Without a name, gone when it is closed.
File scratch_file() {
  File file(std::tmpfile(), std::fclose);
  if (!file) throw DataError("gnuplot needs a temporary file, and none can be made");
  return file;
}

struct Ran {
  int status = -1;  // exit code; -1 if it was not there or did not exit
  std::string said;
};

/// Runs gnuplot on a script, which may hold numbers as bytes too; by files instead of pipes, which could block or break.
Ran run_gnuplot(std::string option, std::string_view script) {
  const File in = scratch_file(), out = scratch_file();
  std::fwrite(script.data(), 1, script.size(), in.get());
  std::fflush(in.get());
  std::rewind(in.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), stream);
  std::string name = "gnuplot";
  char* arguments[] = {name.data(), option.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  std::string said(2000, '\0');
  std::rewind(out.get());
  said.resize(std::fread(said.data(), 1, said.size(), out.get()));
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, said};
}

std::string in_quotes(std::string_view text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? "''" : std::string(1, static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  return all + '\'';
}

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

std::string script(const std::filesystem::path& png, const std::string& title, const MelSpec& spec, const Tensor& mel_db) {
  const std::vector<float> pixels = pixels_of(mel_db);
  const Range range = range_of(pixels);
  const double bands = spec.n_mels, hop = static_cast<double>(spec.hop) / spec.sample_rate;
  const double begin = (spec.centre ? 0 : 0.5 * spec.n_fft / spec.sample_rate) - hop / 2;
  const double end = begin + static_cast<double>(mel_db.size(2)) * hop, dx = (end - begin) / kWidth, dy = bands / kHeight;
  const int width = kLeft + kWidth + kRight, height = kAbove + kHeight + kBelow;
  std::string text = fmt::format("set terminal pngcairo size {},{} noenhanced font 'sans,11'\nset output {}\n", width, height,
                                 in_quotes(png.string()));
  text += fmt::format("set lmargin at screen {}\nset rmargin at screen {}\nset tmargin at screen {}\nset bmargin at screen {}\n",
                      1.0 * kLeft / width, 1.0 * (kLeft + kWidth) / width, 1 - 1.0 * kAbove / height, 1.0 * kBelow / height);
  text += fmt::format("set title {}\nset xlabel 'Time (s)'\nset ylabel 'Frequency (Hz), mel scale'\nset cblabel 'dB'\n",
                      in_quotes(title));
  text += fmt::format("set palette defined ({})\nset cbrange [{}:{}]\nset xrange [{}:{}]\nset yrange [-0.5:{}]\n", kMagma,
                      range.low, range.high, begin, end, bands - 0.5);
  text += fmt::format(
      "set ytics ({})\nset tics out nomirror\nset colorbox user origin screen {},{} size screen {},{}\nunset key\n",
      frequency_ticks(spec), (kLeft + kWidth + 16.0) / width, 1.0 * kBelow / height, 18.0 / width, 1.0 * kHeight / height);
  text += fmt::format("plot '-' binary array=({},{}) format='%float32' origin=({},{}) dx={} dy={} with image\n", kWidth, kHeight,
                      begin + dx / 2, -0.5 + dy / 2, dx, dy);
  return text.append(reinterpret_cast<const char*>(pixels.data()), pixels.size() * sizeof(float));
}

}  // namespace

void require_gnuplot() {
  require(run_gnuplot("--version", "").status == 0,
          "gnuplot, which draws spectrograms, cannot be run: install it (apt-get install gnuplot-nox), or leave out --png");
}

void write_spectrogram_png(const std::filesystem::path& path, const std::string& title, const MelSpec& spec,
                           const Tensor& mel_db) {
  write_atomically(path, [&](const std::filesystem::path& beside) {
    const Ran ran = run_gnuplot("-d", script(beside, title, spec, mel_db));
    if (ran.status != 0 || !std::filesystem::exists(beside))
      throw DataError(fmt::format("{}: gnuplot could not draw it: {}", path.string(), ran.said));
  });
}

}  // namespace cudenza
