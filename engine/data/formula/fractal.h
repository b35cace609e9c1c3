/// Fractals as pictures to learn from: Kataoka, Okayasu, Matsumoto, Yamagata, Yamada, Inoue, Nakamura, Satoh: Pre-training
/// without Natural Images (ACCV 2020). A class is an iterated function system, a set of affine maps. Its picture is where a point
/// goes when the maps are applied to it in random order, each as often as it enlarges (Barnsley's chaos game).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/data/synth/dice.h"

namespace cudenza {

/// (x, y) to (a x + b y + e, c x + d y + f).
struct AffineMap {
  float a, b, c, d, e, f;
};

/// Two to eight maps.
using Fractal = std::vector<AffineMap>;

constexpr float kLeastFilling = 0.2f;  ///< of the cells of a coarse grid: sparser systems are no classes

/// Class `number` of a seed: coefficients uniform in -1 … 1, drawn until every map contracts, the copies of the whole that the
/// maps make have no more area than it (else most fractals are clouds without inner parts), and the whole fills its picture.
Fractal fractal_of(uint64_t seed, int number);

/// The share of a grid of 48 x 48 cells, spanned around the fractal, that its first points meet; 0 if they go to infinity.
float filling_of(const Fractal&);

/// Another picture of the same class, u8 [side, side, 3] in RGB: one of the six coefficients is up to a fifth larger or smaller
/// in all maps, the whole is turned and perhaps mirrored, each point is one of many patterns of 3 x 3, colours are free.
void draw_fractal(const Fractal&, synth::Dice&, int side, std::span<uint8_t> y);

}  // namespace cudenza
