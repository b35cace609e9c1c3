#include "engine/data/formula/fractal.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/data/formula/palette.h"

namespace cudenza {
namespace {

using synth::Dice;
using synth::Noise;

constexpr uint32_t kClassPurpose = 16, kWalkPurpose = 17;  // other than a synthetic clip's
constexpr int kGrid = 48, kWarmUp = 20;
constexpr float kFar = 1e4f;  // a point beyond does not come back

struct Point {
  float x, y;
};

/// By how much the maps together enlarge an area; each has some.
float area_of(const AffineMap& m) { return std::abs(m.a * m.d - m.b * m.c) + 1e-3f; }
float area_of(const Fractal& maps) {
  return std::accumulate(maps.begin(), maps.end(), 0.0f, [](float sum, const AffineMap& m) { return sum + area_of(m); });
}

/// Which map a byte of chance means: as many of 256 as the map enlarges areas among all.
std::array<uint8_t, 256> shares_of(const Fractal& maps) {
  const float sum = area_of(maps);
  std::array<uint8_t, 256> shares{};
  float passed = 0;
  size_t at = 0;
  for (size_t i = 0; i < maps.size(); ++i) {
    passed += area_of(maps[i]) / sum;
    const auto end = i + 1 == maps.size() ? shares.size() : static_cast<size_t>(256 * passed);
    for (; at < end; ++at) shares[at] = static_cast<uint8_t>(i);
  }
  return shares;
}

/// Whether the map brings all points closer together: its largest singular value s is below 1, where s² is the larger root of
/// r² - (a² + b² + c² + d²) r + (ad - bc)².
bool contracts(const AffineMap& m) {
  const float squares = m.a * m.a + m.b * m.b + m.c * m.c + m.d * m.d, determinant = m.a * m.d - m.b * m.c;
  return squares < 1 + determinant * determinant && std::abs(determinant) < 1;
}

/// `count` points of the fractal; empty if they go to infinity.
std::vector<Point> points_of(const Fractal& maps, Dice& dice, int count) {
  const std::array<uint8_t, 256> shares = shares_of(maps);
  std::vector<Point> points(static_cast<size_t>(count));
  uint32_t chance = dice.word() | 1;
  Point p{0, 0};
  for (int i = -kWarmUp; i < count; ++i) {
    chance ^= chance << 13, chance ^= chance >> 17, chance ^= chance << 5;  // xorshift (Marsaglia 2003)
    const AffineMap& m = maps[shares[chance >> 24]];
    p = {m.a * p.x + m.b * p.y + m.e, m.c * p.x + m.d * p.y + m.f};
    if (!(std::abs(p.x) < kFar && std::abs(p.y) < kFar)) return {};
    if (i >= 0) points[static_cast<size_t>(i)] = p;
  }
  return points;
}

/// Moves and scales the points so that their larger extent lies in [0, size).
void fit(std::vector<Point>& points, float size) {
  Point low = points[0], high = points[0];
  for (const Point& p : points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const float extent = std::max({high.x - low.x, high.y - low.y, 1e-6f}), scale = 0.999f * size / extent;
  const Point rest{(size - scale * (high.x - low.x)) / 2, (size - scale * (high.y - low.y)) / 2};
  for (Point& p : points) p = {rest.x + scale * (p.x - low.x), rest.y + scale * (p.y - low.y)};
}

float share_met(std::vector<Point> points) {
  if (points.empty()) return 0;
  fit(points, kGrid);
  std::array<bool, kGrid * kGrid> is_met{};
  for (const Point& p : points) is_met[static_cast<size_t>(static_cast<int>(p.y) * kGrid + static_cast<int>(p.x))] = true;
  return static_cast<float>(std::ranges::count(is_met, true)) / (kGrid * kGrid);
}

/// One of the six coefficients times `factor`, in all maps.
Fractal varied(const Fractal& maps, int coefficient, float factor) {
  constexpr std::array kCoefficients = {&AffineMap::a, &AffineMap::b, &AffineMap::c, &AffineMap::d, &AffineMap::e, &AffineMap::f};
  Fractal other = maps;
  for (AffineMap& m : other) m.*kCoefficients[static_cast<size_t>(coefficient)] *= factor;
  return other;
}

/// Points of an instance of the class. A variation that would leave its picture nearly empty is halved until it does not.
std::vector<Point> instance_of(const Fractal& maps, Dice& dice, int count) {
  const int coefficient = dice.below(6);
  float variation = dice.range(-0.2f, 0.2f);
  for (int trial = 0; trial < 4; ++trial, variation /= 2) {
    std::vector<Point> points = points_of(varied(maps, coefficient, 1 + variation), dice, count);
    if (share_met(points) >= kLeastFilling / 2) return points;
  }
  return points_of(maps, dice, count);
}

void turn(std::vector<Point>& points, Dice& dice) {
  const float angle = dice.range(0, 6.2831853f), mirror = dice.chance(0.5f) ? -1.0f : 1.0f;
  const float cosine = std::cos(angle), sine = std::sin(angle);
  for (Point& p : points) p = {mirror * (cosine * p.x - sine * p.y), sine * p.x + cosine * p.y};
}

/// How often each pixel is met when every point is a pattern of 3 x 3 pixels.
std::vector<uint16_t> stamped(const std::vector<Point>& points, Dice& dice, int side) {
  std::vector<uint16_t> counts(static_cast<size_t>(side) * static_cast<size_t>(side));
  std::array<uint16_t, 9> pattern{};
  for (uint16_t& pixel : pattern) pixel = dice.chance(0.4f) ? 1 : 0;
  pattern[4] = 1;
  for (const Point& p : points) {
    const auto corner = static_cast<size_t>(static_cast<int>(p.y) * side + static_cast<int>(p.x));
    for (size_t i = 0; i < pattern.size(); ++i) counts[corner + i / 3 * static_cast<size_t>(side) + i % 3] += pattern[i];
  }
  return counts;
}

}  // namespace

float filling_of(const Fractal& fractal) {
  Dice dice({}, kWalkPurpose);
  return share_met(points_of(fractal, dice, 4 * kGrid * kGrid));
}

Fractal fractal_of(uint64_t seed, int number) {
  Dice dice({.seed = seed, .genre = number, .index = 0}, kClassPurpose);
  while (true) {
    Fractal maps(static_cast<size_t>(2 + dice.below(7)));
    for (AffineMap& m : maps) {
      do {
        for (float* coefficient : {&m.a, &m.b, &m.c, &m.d, &m.e, &m.f}) *coefficient = dice.range(-1, 1);
      } while (!contracts(m));
    }
    if (area_of(maps) <= 1 && filling_of(maps) >= kLeastFilling) return maps;
  }
}

void draw_fractal(const Fractal& fractal, Dice& dice, int side, std::span<uint8_t> y) {
  std::vector<Point> points = instance_of(fractal, dice, side * side);
  turn(points, dice);
  fit(points, static_cast<float>(side - 2));  // room for the patterns
  const std::vector<uint16_t> counts = stamped(points, dice, side);
  const Palette palette = random_palette(dice);
  std::array<uint8_t, 256> level_of{};  // by count: pixels that are met often get lighter, slower and slower
  const float knee = dice.ratio(2, 12);
  for (size_t n = 0; n < level_of.size(); ++n)
    level_of[n] = static_cast<uint8_t>(n == 0 ? 0 : 64 + 191 * (1 - std::exp(-static_cast<float>(n) / knee)));
  for (size_t i = 0; i < counts.size(); ++i) {
    const auto& colour = palette[level_of[std::min<size_t>(counts[i], level_of.size() - 1)]];
    std::ranges::copy(colour, y.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
}

}  // namespace cudenza
