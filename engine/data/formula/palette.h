/// Colours for pictures by formula.
#pragma once
#include <array>
#include <cstdint>

#include "engine/data/synth/dice.h"

namespace cudenza {

/// RGB of levels 0 (least) to 255.
using Palette = std::array<std::array<uint8_t, 3>, 256>;

/// As plotting programs colour spectrograms (viridis, magma, grey, jet), or colours of its own that get lighter.
Palette random_palette(synth::Dice&);

}  // namespace cudenza
