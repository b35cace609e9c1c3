/// Labelled pictures that come from formulas and a seed alone: what a network can be pretrained on without any data set.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/formula/fractal.h"
#include "engine/data/formula/song_picture.h"

namespace cudenza {

enum class FormulaKind {
  fractals,  ///< iterated function systems (fractal.h)
  music,     ///< styles of synthetic music as spectrograms (song_picture.h)
  both,      ///< half of the classes each
};
/// "fractals", "music" or "both". Throws UsageError naming the choices.
FormulaKind formula_kind_from_name(std::string_view);
std::string_view name_of(FormulaKind);

struct FormulaSpec {
  FormulaKind pictures = FormulaKind::both;
  int classes = 200;
  int per_class = 20;  ///< rows of each class to train on; kHeldOut more are held out
  int side = 112;      ///< of a picture, in pixels
  uint64_t seed = 42;

  /// Throws UsageError with the value and the remedy if a field is invalid.
  void check() const;
};

class FormulaPictures {
 public:
  static constexpr int kHeldOut = 2;  ///< rows of each class to validate on

  /// Draws the classes and renders the songs, which are kept: 70 kB each. `on_song` is called from this thread with the songs
  /// done and all; what it throws ends the work. The result does not depend on the number of threads.
  explicit FormulaPictures(const FormulaSpec&, const std::function<void(int64_t done, int64_t total)>& on_song = {});

  const FormulaSpec& spec() const { return spec_; }
  /// "fractal 0007", "music 0012 jazz".
  const std::vector<std::string>& classes() const { return names_; }
  int64_t rows() const { return std::ssize(names_) * rows_of_class(); }
  int64_t label_of(int64_t row) const { return row / rows_of_class(); }
  bool is_held_out(int64_t row) const { return row % rows_of_class() >= spec_.per_class; }

  /// Picture number `draw` of a row, u8 [side, side, 3] in RGB: of a fractal's row each is another instance of its class, of a
  /// song's another part of the song. A function of seed, row and draw.
  void draw(int64_t row, uint32_t draw, std::span<uint8_t> y) const;

 private:
  int64_t rows_of_class() const { return spec_.per_class + kHeldOut; }

  FormulaSpec spec_;
  std::vector<Fractal> fractals_;   ///< the first classes
  std::vector<SongPicture> songs_;  ///< of the rows of all others
  std::vector<std::string> names_;
};

}  // namespace cudenza
