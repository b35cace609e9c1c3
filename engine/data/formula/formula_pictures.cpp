#include "engine/data/formula/formula_pictures.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/name_table.h"
#include "engine/data/synth/genres.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace {

constexpr NameTable kKinds("kind of pictures", {std::pair{FormulaKind::fractals, "fractals"},
                                                {FormulaKind::music, "music"},
                                                {FormulaKind::both, "both"}});
constexpr uint32_t kFirstDraw = 32;  // purposes below belong to classes and songs

}  // namespace

FormulaKind formula_kind_from_name(std::string_view name) { return kKinds.value_of(name); }
std::string_view name_of(FormulaKind kind) { return kKinds.name_of(kind); }

void FormulaSpec::check() const {
  require(classes >= 2 && classes <= 10000, "`classes` is {}, but must lie in 2 … 10000", classes);
  require(per_class >= 1 && per_class <= 1000, "`per_class` is {}, but must lie in 1 … 1000", per_class);
  require(side >= 32 && side <= 1024, "`image_size` is {}, but pictures by formula have 32 … 1024 pixels a side", side);
}

FormulaPictures::FormulaPictures(const FormulaSpec& spec, const std::function<void(int64_t, int64_t)>& on_song) : spec_(spec) {
  spec.check();
  const int fractals = spec.pictures == FormulaKind::fractals ? spec.classes
                       : spec.pictures == FormulaKind::music  ? 0
                                                              : (spec.classes + 1) / 2;
  fractals_.resize(static_cast<size_t>(fractals));
  kernels::parallel_each(fractals,
                         [&](int64_t i) { fractals_[static_cast<size_t>(i)] = fractal_of(spec.seed, static_cast<int>(i)); });
  for (int i = 0; i < fractals; ++i) names_.push_back(fmt::format("fractal {:04}", i));
  const int styles = spec.classes - fractals;
  for (int i = 0; i < styles; ++i)
    names_.push_back(
        fmt::format("music {:04} {}", i, synth::kGenreNames[static_cast<size_t>(synth::style_of(spec.seed, i).genre)]));
  const int64_t songs = styles * rows_of_class();
  songs_.resize(static_cast<size_t>(songs));
  constexpr int64_t kAtOnce = 64;
  for (int64_t begin = 0; begin < songs; begin += kAtOnce) {
    const int64_t end = std::min(songs, begin + kAtOnce);
    kernels::parallel_each(end - begin, [&](int64_t i) {
      const int64_t row = begin + i;
      songs_[static_cast<size_t>(row)] =
          song_picture(spec.seed, static_cast<int>(row / rows_of_class()), static_cast<int>(row % rows_of_class()));
    });
    if (on_song) on_song(end, songs);
  }
}

void FormulaPictures::draw(int64_t row, uint32_t draw, std::span<uint8_t> y) const {
  require(row >= 0 && row < rows(), "formula pictures: there is no row {} among {}", row, rows());
  const int64_t label = label_of(row), first_song = std::ssize(fractals_) * rows_of_class();
  synth::Dice dice({.seed = spec_.seed, .genre = static_cast<int>(label), .index = static_cast<int>(row % rows_of_class())},
                   kFirstDraw + draw);
  if (label < std::ssize(fractals_)) draw_fractal(fractals_[static_cast<size_t>(label)], dice, spec_.side, y);
  else draw_song(songs_[static_cast<size_t>(row - first_song)], dice, spec_.side, y);
}

}  // namespace cudenza
