#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"
#include "kernels/optimizer/optimizer_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPack = kPackSize<float>;
constexpr int kMaxSegments = 16;  // of one launch; more take several
constexpr int kMaxHypers = 32;    // of one launch, too

/// The segments of a launch, as a kernel's parameter: each has the blocks from first_block[i] up to first_block[i + 1].
struct SegmentList {
  Segment at[kMaxSegments];
  int64_t first_block[kMaxSegments + 1];
};

/// What one block works on.
struct Piece {
  int64_t begin, end;
  int hyper;
};

__device__ inline Piece piece_of_block(const SegmentList& list, int64_t elements_a_block) {
  const int64_t block = blockIdx.x;
  int i = 0;
  while (block >= list.first_block[i + 1]) ++i;
  const Segment& s = list.at[i];
  const int64_t begin = s.begin + (block - list.first_block[i]) * elements_a_block;
  return {begin, smaller(begin + elements_a_block, s.end), s.hyper};
}

/// Calls f(list, blocks) for up to kMaxSegments segments at a time.
template <class F> void for_lists(std::span<const Segment> segments, int64_t elements_a_block, F&& f) {
  while (!segments.empty()) {
    SegmentList list{};
    const size_t count = smaller<size_t>(segments.size(), kMaxSegments);
    for (size_t i = 0; i < count; ++i) {
      list.at[i] = segments[i];
      list.first_block[i + 1] = list.first_block[i] + ceil_div(segments[i].end - segments[i].begin, elements_a_block);
    }
    if (const int64_t blocks = list.first_block[count]; blocks > 0) f(list, blocks);
    segments = segments.subspan(count);
  }
}

bool begin_on_packs(std::span<const Segment> segments) {
  for (const Segment& s : segments) {
    if (s.begin % kPack != 0) return false;
  }
  return true;
}

struct HyperList {
  Hyper at[kMaxHypers];
};

// table[i] = values[i]. One thread a value.
__global__ void set_hypers_kernel(HyperList values, Hyper* table, int count) {
  const int i = threadIdx.x;
  if (i < count) table[i] = values.at[i];
}

// parts[block] = sum of g^2 over the block's piece, and whether all of it is finite. A thread takes packs kThreads apart.
template <int N> __global__ void gradient_statistics_kernel(const float* g, SegmentList list, GradientPart* parts) {
  const Piece piece = piece_of_block(list, kPartElements);
  float squares = 0;
  uint32_t non_finite = 0;
  for (int64_t first = piece.begin + threadIdx.x * N; first < piece.end; first += kThreads * N) {
    Pack<float, N> in;
    if (first + N <= piece.end) in = load_pack<N>(g + first);
    else
      for (int k = 0; k < N; ++k) in[k] = first + k < piece.end ? g[first + k] : 0.0f;
    for (int k = 0; k < N; ++k) {
      squares += in[k] * in[k];
      non_finite |= is_non_finite(in[k]);
    }
  }
  squares = block_sum(squares);
  non_finite = block_reduce(non_finite, Max{}, 0u);
  if (threadIdx.x == 0) parts[blockIdx.x] = {squares, non_finite};
}

// One block: sums the parts, advances the state, then one thread a hyper makes its coefficients.
template <class Update>
__global__ void begin_step_kernel(StepInputs in, StepState* state, typename Update::Coefficients* coefficients) {
  double squares = 0;
  uint32_t non_finite = 0;
  for (int64_t i = threadIdx.x; i < in.part_count; i += kThreads) {
    squares += in.parts[i].squares;
    non_finite |= in.parts[i].non_finite;
  }
  squares = block_sum(squares);
  non_finite = block_reduce(non_finite, Max{}, 0u);
  if (threadIdx.x == 0) advance(*state, in.rule, in.part_count > 0, squares, non_finite != 0);
  __syncthreads();
  for (int i = threadIdx.x; i < in.hypers; i += kThreads) coefficients[i] = Update::coefficients(in.table[i], state->step);
}

// p, first, second <- Update of them and gradient_factor · g. One thread a pack; a segment's last pack may be short.
template <int N, class Update>
__global__ void update_kernel(Update one, FlatBuffers at, SegmentList list, const typename Update::Coefficients* coefficients,
                              const StepState* state) {
  if (state->apply == 0) return;
  const Piece piece = piece_of_block(list, kThreads * N);
  const auto c = coefficients[piece.hyper];
  const float factor = state->gradient_factor;
  const int64_t begin = piece.begin + threadIdx.x * N;
  if (begin + N <= piece.end) {
    auto p = load_pack<N>(at.p + begin), m = load_pack<N>(at.first + begin);
    const auto g = load_pack<N>(at.g + begin);
    Pack<float, N> v{};
    if constexpr (Update::kHasSecond) v = load_pack<N>(at.second + begin);
    for (int k = 0; k < N; ++k) one(p[k], factor * g[k], m[k], v[k], c);
    store_pack(at.p + begin, p);
    store_pack(at.first + begin, m);
    if constexpr (Update::kHasSecond) store_pack(at.second + begin, v);
  } else {
    for (int64_t i = begin; i < piece.end; ++i) {
      float none = 0;
      one(at.p[i], factor * at.g[i], at.first[i], Update::kHasSecond ? at.second[i] : none, c);
    }
  }
}

// average[i] <- average[i] + part (p[i] - average[i]). One thread a pack; the last may be short.
template <int N>
__global__ void average_weights_kernel(float* average, const float* p, int64_t count, NewestPart newest,
                                       const uint32_t* updates) {
  const float part = newest(*updates);
  const int64_t begin = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * N;
  if (begin + N <= count) {
    auto mean = load_pack<N>(average + begin);
    const auto in = load_pack<N>(p + begin);
    for (int k = 0; k < N; ++k) mean[k] += part * (in[k] - mean[k]);
    store_pack(average + begin, mean);
  } else {
    for (int64_t i = begin; i < count; ++i) average[i] += part * (p[i] - average[i]);
  }
}

dim3 grid_of(int64_t blocks) { return dim3(static_cast<unsigned>(blocks)); }

}  // namespace

void set_hypers(Gpu gpu, Hyper* table, std::span<const Hyper> values) {
  while (!values.empty()) {
    HyperList list{};
    const int count = static_cast<int>(smaller<size_t>(values.size(), kMaxHypers));
    for (int i = 0; i < count; ++i) list.at[i] = values[i];
    launch<set_hypers_kernel>(dim3(1), dim3(kMaxHypers), 0, gpu, list, table, count);
    values = values.subspan(count);
    table += count;
  }
}

void gradient_statistics(Gpu gpu, const float* g, std::span<const Segment> segments, GradientPart* parts) {
  const bool packs = is_pack_aligned(g) && begin_on_packs(segments);
  for_lists(segments, kPartElements, [&](const SegmentList& list, int64_t blocks) {
    if (packs) launch<gradient_statistics_kernel<kPack>>(grid_of(blocks), dim3(kThreads), 0, gpu, g, list, parts);
    else launch<gradient_statistics_kernel<1>>(grid_of(blocks), dim3(kThreads), 0, gpu, g, list, parts);
    parts += blocks;
  });
}

template <class Update>
void begin_step(Gpu gpu, Update, const StepInputs& in, StepState* state, typename Update::Coefficients* coefficients) {
  launch<begin_step_kernel<Update>>(dim3(1), dim3(kThreads), 0, gpu, in, state, coefficients);
}

template <class Update>
void update(Gpu gpu, Update one, FlatBuffers at, std::span<const Segment> segments,
            const typename Update::Coefficients* coefficients, const StepState* state) {
  const bool aligned = is_pack_aligned(at.p) && is_pack_aligned(at.g) && is_pack_aligned(at.first) && is_pack_aligned(at.second);
  const bool packs = aligned && begin_on_packs(segments);
  const auto with_pack = [&]<int N>() {
    for_lists(segments, kThreads * N, [&](const SegmentList& list, int64_t blocks) {
      launch<update_kernel<N, Update>>(grid_of(blocks), dim3(kThreads), 0, gpu, one, at, list, coefficients, state);
    });
  };
  if (packs) with_pack.template operator()<kPack>();
  else with_pack.template operator()<1>();
}

void average_weights(Gpu gpu, float* average, const float* p, int64_t count, double decay, const uint32_t* updates) {
  if (count == 0) return;
  const auto with_pack = [&]<int N>() {
    const dim3 grid = grid_of(ceil_div<int64_t>(count, kThreads * N));
    launch<average_weights_kernel<N>>(grid, dim3(kThreads), 0, gpu, average, p, count, NewestPart(decay), updates);
  };
  if (is_pack_aligned(average) && is_pack_aligned(p)) with_pack.template operator()<kPack>();
  else with_pack.template operator()<1>();
}

#define CUDENZA_OPTIMIZER(Update)                                                              \
  template void begin_step(Gpu, Update, const StepInputs&, StepState*, Update::Coefficients*); \
  template void update(Gpu, Update, FlatBuffers, std::span<const Segment>, const Update::Coefficients*, const StepState*);
CUDENZA_OPTIMIZER(SgdUpdate)
CUDENZA_OPTIMIZER(AdamUpdate)

}  // namespace cudenza::kernels
