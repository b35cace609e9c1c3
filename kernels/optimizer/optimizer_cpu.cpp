#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/optimizer/optimizer_math.h"

namespace cudenza::kernels {
namespace {

GradientPart part_of(const float* g, int64_t begin, int64_t end) {
  float squares = 0;
  uint32_t non_finite = 0;
#pragma omp simd reduction(+ : squares) reduction(| : non_finite)
  for (int64_t i = begin; i < end; ++i) {
    squares += g[i] * g[i];
    non_finite |= is_non_finite(g[i]);
  }
  return {squares, non_finite};
}

}  // namespace

int64_t gradient_parts(std::span<const Segment> segments) {
  int64_t parts = 0;
  for (const Segment& s : segments) parts += ceil_div(s.end - s.begin, kPartElements);
  return parts;
}

void set_hypers(Cpu, Hyper* table, std::span<const Hyper> values) { std::copy(values.begin(), values.end(), table); }

void gradient_statistics(Cpu, const float* g, std::span<const Segment> segments, GradientPart* parts) {
  for (const Segment& s : segments) {
    const int64_t count = ceil_div(s.end - s.begin, kPartElements);
    parallel_ranges(count, kPartElements, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = s.begin + i * kPartElements;
        parts[i] = part_of(g, first, smaller(first + kPartElements, s.end));
      }
    });
    parts += count;
  }
}

template <class Update>
void begin_step(Cpu, Update, const StepInputs& in, StepState* state, typename Update::Coefficients* coefficients) {
  double squares = 0;
  bool non_finite = false;
  for (int64_t i = 0; i < in.part_count; ++i) {
    squares += in.parts[i].squares;
    non_finite |= in.parts[i].non_finite != 0;
  }
  advance(*state, in.rule, in.part_count > 0, squares, non_finite);
  for (int i = 0; i < in.hypers; ++i) coefficients[i] = Update::coefficients(in.table[i], state->step);
}

template <class Update>
void update(Cpu, Update one, FlatBuffers at, std::span<const Segment> segments, const typename Update::Coefficients* coefficients,
            const StepState* state) {
  if (state->apply == 0) return;
  const float factor = state->gradient_factor;
  for (const Segment& s : segments) {
    const auto c = coefficients[s.hyper];
    parallel_ranges(s.end - s.begin, 1, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = s.begin + begin; i < s.begin + end; ++i) {
        float none = 0;
        if constexpr (Update::kHasSecond) one(at.p[i], factor * at.g[i], at.first[i], at.second[i], c);
        else one(at.p[i], factor * at.g[i], at.first[i], none, c);
      }
    });
  }
}

void average_weights(Cpu, float* average, const float* p, int64_t count, double decay, const uint32_t* updates) {
  const float part = NewestPart(decay)(*updates);
  parallel_ranges(count, 1, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) average[i] += part * (p[i] - average[i]);
  });
}

#define CUDENZA_OPTIMIZER(Update)                                                              \
  template void begin_step(Cpu, Update, const StepInputs&, StepState*, Update::Coefficients*); \
  template void update(Cpu, Update, FlatBuffers, std::span<const Segment>, const Update::Coefficients*, const StepState*);
CUDENZA_OPTIMIZER(SgdUpdate)
CUDENZA_OPTIMIZER(AdamUpdate)

}  // namespace cudenza::kernels
