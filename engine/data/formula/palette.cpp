#include "engine/data/formula/palette.h"

#include <cmath>

namespace cudenza {
namespace {

constexpr size_t kAnchors = 5;  // colours at equal distances; between them lines
using Colour = std::array<float, 3>;
using Anchors = std::array<Colour, kAnchors>;

constexpr Anchors kViridis = {{{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
constexpr Anchors kMagma = {{{0, 0, 4}, {81, 18, 124}, {183, 55, 121}, {252, 137, 97}, {252, 253, 191}}};
constexpr Anchors kGrey = {{{0, 0, 0}, {64, 64, 64}, {128, 128, 128}, {191, 191, 191}, {255, 255, 255}}};
constexpr Anchors kJet = {{{0, 0, 143}, {0, 96, 255}, {128, 255, 127}, {255, 112, 0}, {128, 0, 0}}};

Anchors random_anchors(synth::Dice& dice) {
  Anchors anchors{};
  for (size_t i = 0; i < kAnchors; ++i) {
    const float light = 255 * static_cast<float>(i) / (kAnchors - 1);
    for (float& channel : anchors[i]) channel = std::fmin(255, std::fmax(0, light + 90 * dice.bell()));
  }
  return anchors;
}

}  // namespace

Palette random_palette(synth::Dice& dice) {
  const Anchors own = random_anchors(dice);
  const Anchors* const choices[] = {&kViridis, &kViridis, &kMagma, &kGrey, &kJet, &own, &own};
  const Anchors& anchors = *dice.pick(choices);
  Palette palette{};
  for (size_t level = 0; level < palette.size(); ++level) {
    const float place = static_cast<float>(level) / 255 * (kAnchors - 1);
    const size_t below = level < 255 ? static_cast<size_t>(place) : kAnchors - 2;
    const float part = place - static_cast<float>(below);
    for (size_t c = 0; c < 3; ++c)
      palette[level][c] = static_cast<uint8_t>(std::lround((1 - part) * anchors[below][c] + part * anchors[below + 1][c]));
  }
  return palette;
}

}  // namespace cudenza
