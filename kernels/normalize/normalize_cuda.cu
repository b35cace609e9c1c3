#include "kernels/common/reduce.cuh"
#include "kernels/normalize/normalize_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kRowThreads = 256;
constexpr int kClipThreads = 128;

struct Min {
  template <class A> HOST_DEVICE A operator()(A a, A b) const { return b < a ? b : a; }
};

// Mean, squares, least and most of max(x, floor) over one row. One block a row; the second pass finds it in the cache.
__global__ void row_moments_kernel(const float* x, const float* floor, Moments<float>* moments, int64_t bands, int64_t count) {
  const float* row = x + blockIdx.x * count;
  const float floor_here = floor ? floor[blockIdx.x / bands] : -INFINITY;
  float sum = 0, least = INFINITY, most = -INFINITY;
  for (int64_t i = threadIdx.x; i < count; i += blockDim.x) {
    const float value = larger(row[i], floor_here);
    sum += value;
    least = smaller(least, value);
    most = larger(most, value);
  }
  const float mean = block_sum(sum) / static_cast<float>(count);
  least = block_reduce(least, Min{}, INFINITY);
  most = block_reduce(most, Max{}, -INFINITY);
  float squares = 0;
  for (int64_t i = threadIdx.x; i < count; i += blockDim.x) {
    const float distance = larger(row[i], floor_here) - mean;
    squares += distance * distance;
  }
  squares = block_sum(squares);
  if (threadIdx.x == 0) moments[blockIdx.x] = {mean, squares, least, most};
}

// maps[c,b] = the map of clip c, from the moments of its rows. One block a clip, threads over its bands.
__global__ void clip_maps_kernel(ClipMap kind, const Moments<float>* moments, Affine<float>* maps, int bands, int64_t count) {
  const Moments<float>* rows = moments + static_cast<int64_t>(blockIdx.x) * bands;
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  Moments<float> clip = {0, 0, INFINITY, -INFINITY};
  for (int b = thread; b < bands; b += threads) {
    clip.mean += rows[b].mean / static_cast<float>(bands);
    clip.least = smaller(clip.least, rows[b].least);
    clip.most = larger(clip.most, rows[b].most);
  }
  clip.mean = block_sum(clip.mean);
  clip.least = block_reduce(clip.least, Min{}, INFINITY);
  clip.most = block_reduce(clip.most, Max{}, -INFINITY);
  for (int b = thread; b < bands; b += threads) {
    const float distance = rows[b].mean - clip.mean;
    clip.squares += rows[b].squares + static_cast<float>(count) * distance * distance;
  }
  clip.squares = block_sum(clip.squares);
  const Affine<float> map = clip_map(kind, clip, bands * count);
  for (int b = thread; b < bands; b += threads) maps[static_cast<int64_t>(blockIdx.x) * bands + b] = map;
}

}  // namespace

void row_moments(Gpu gpu, const float* x, const float* floor, Moments<float>* moments, int64_t clips, int64_t bands,
                 int64_t count) {
  if (clips * bands > 0)
    launch<row_moments_kernel>(dim3(static_cast<unsigned>(clips * bands)), dim3(kRowThreads), 0, gpu, x, floor, moments, bands,
                               count);
}

void clip_maps(Gpu gpu, ClipMap kind, const Moments<float>* moments, Affine<float>* maps, int64_t clips, int64_t bands,
               int64_t count) {
  if (clips > 0)
    launch<clip_maps_kernel>(dim3(static_cast<unsigned>(clips)), dim3(kClipThreads), 0, gpu, kind, moments, maps,
                             static_cast<int>(bands), count);
}

}  // namespace cudenza::kernels
