#include "kernels/common/reduce.cuh"
#include "kernels/fft/fft_block.cuh"
#include "kernels/fft/fft_warp.cuh"
#include "kernels/mel/mel_block.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kTileFrames = 16;  // a tile's rows are written as 64 neighbouring bytes
constexpr int kTileStride = kTileFrames + 1;
constexpr int kThreads = 256;
constexpr int kClipThreads = 1024;

__device__ inline float power_of(const Complex<float>& x, bool magnitude) {
  const float power = squared(x);
  return magnitude ? sqrtf(power) : power;
}

// y[b, first + f] = tile[b, f]. Neighbouring threads write neighbouring frames.
__device__ inline void store_tile(const float* tile, int bands, int64_t frames, int64_t first, float* y) {
  const int threads = static_cast<int>(blockDim.x * blockDim.y),
            thread = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  for (int i = thread; i < bands * kTileFrames; i += threads) {
    const int band = i / kTileFrames, frame = i % kTileFrames;
    if (first + frame < frames) y[band * frames + first + frame] = tile[band * kTileStride + frame];
  }
}

// y[b,f] = decibels of filter b's sum over the power spectrum of frame f (mel.h), for any length of frames. One block a tile
// of 16 frames of a clip; each row of threads (threadIdx.y) owns two shared buffers and takes every blockDim.y-th frame:
// samples are windowed as the first pass of the transform reads them, the powers land in the buffer that the last pass
// leaves free.
template <class X>
__global__ void __launch_bounds__(kThreads)
    log_mel_kernel(MelPlan<float> plan, const X* pcm, const Affine<float>* wave, float* y, int tiles) {
  const int n = plan.fft.n, half = n / 2, thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const int rows = static_cast<int>(blockDim.y), buffer = static_cast<int>(block_fft_bytes(half) / sizeof(Complex<float>));
  auto* const buffers = dynamic_shared<Complex<float>>();
  Complex<float>*a = buffers + 2 * static_cast<int>(threadIdx.y) * buffer, *b = a + buffer;
  auto* const tile = reinterpret_cast<float*>(buffers + 2 * rows * buffer);
  const int64_t clip = blockIdx.x / tiles, first = static_cast<int64_t>(blockIdx.x % tiles) * kTileFrames;
  const X* const samples = pcm + clip * plan.samples;
  const Affine<float> map = wave_map<X>(wave, clip);

  for (int row = 0; row < kTileFrames && first + row < plan.frames; row += rows) {
    const int column = row + static_cast<int>(threadIdx.y);  // beyond the last frame: the last one again, not stored
    const int64_t begin = smaller(first + column, plan.frames - 1) * plan.hop - plan.pad;
    // The same of all rows, as barriers are.
    const int64_t begin_of_all = (first + row) * plan.hop - plan.pad, end_of_all = begin_of_all + (rows - 1) * plan.hop + n;
    if (plan.hop % 2 == 0 && reads_plainly(samples, begin_of_all, end_of_all, plan.samples)) {
      const X* const frame = samples + begin;
      const auto point = [&](int m) { return windowed(load_pack<2>(frame + 2 * m), map, plan.window, m); };
      block_fft(plan.fft.plan, plan.fft.twiddles, point, a, b, thread, threads);
    } else {
      const auto point = [&](int m) {
        return windowed(mirrored_pair(samples, begin + 2 * m, plan.samples), map, plan.window, m);
      };
      block_fft(plan.fft.plan, plan.fft.twiddles, point, a, b, thread, threads);
    }
    auto* const power = reinterpret_cast<float*>(b);
    for (int k = thread; k <= half / 2; k += threads) {
      Complex<float> low, high;
      split_real(a[padded(k)], a[padded(k == 0 ? 0 : half - k)], plan.fft.split_twiddles[k], low, high);
      power[k] = power_of(low, plan.magnitude);
      power[half - k] = power_of(high, plan.magnitude);
    }
    for (int k = half + 1 + thread; k < power_floats(half + 1); k += threads) power[k] = 0;
    __syncthreads();
    mel_bands(plan, power, thread, threads, [&](int band, float value) { tile[band * kTileStride + column] = value; });
    __syncthreads();  // the next frame's first pass writes into a buffer that may hold these powers
  }
  store_tile(tile, plan.filters.bands, plan.frames, first, y + clip * plan.filters.bands * plan.frames);
}

// The same for frames of 2048 samples, the usual ones: a warp takes a frame through the transform in its registers, then the
// block's eight warps sum filters over all its eight spectra. There a warp takes four bands of eight frames: it is done
// with all lanes at about the same time, reads a weight once for eight frames, and writes whole sectors of 32 bytes.
constexpr int kWarpFrames = 8;
// From one frame's powers to the next: room for the transform's exchange, whole packs, and 4 modulo 32, so that packs of the
// same bins of eight frames, which a quarter of a warp reads at once, lie in eight different groups of four banks.
constexpr int kPowerStride = kWarpFftBuffer + 4;
static_assert(kPowerStride >= power_floats(kWarpFftPoints + 1) && kPowerStride % kWarpSize == 4);

template <class X>
__global__ void __launch_bounds__(kWarpFrames* kWarpSize, 3)
    log_mel_warp_kernel(MelPlan<float> plan, const X* pcm, const Affine<float>* wave, float* y, int tiles) {
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int64_t clip = blockIdx.x / tiles, first = static_cast<int64_t>(blockIdx.x % tiles) * kWarpFrames;
  auto* const powers = dynamic_shared<float>();

  float* const power = powers + warp * kPowerStride;
  const X* const samples = pcm + clip * plan.samples;
  const int64_t begin = smaller(first + warp, plan.frames - 1) * plan.hop - plan.pad;  // beyond the last: that again
  const Affine<float> map = wave_map<X>(wave, clip);
  Complex<float> z[kWarpSize];
  if (reads_plainly(samples, begin, begin + 2 * kWarpFftPoints, plan.samples)) {
    const X* const frame = samples + begin + 2 * lane;
#pragma unroll
    for (int q = 0; q < kWarpSize; ++q)
      z[q] = windowed(load_pack<2>(frame + 2 * kWarpSize * q), map, plan.window, lane + kWarpSize * q);
  } else {
#pragma unroll
    for (int q = 0; q < kWarpSize; ++q) {
      const int m = lane + kWarpSize * q;
      z[q] = windowed(mirrored_pair(samples, begin + 2 * m, plan.samples), map, plan.window, m);
    }
  }
  warp_fft(z, plan.fft.twiddles, power, lane);
  warp_split_real(z, plan.fft.split_twiddles, lane, [&](int k, const Complex<float>& x) { power[k] = squared(x); });
  if (lane < kMelGroup - 1) power[kWarpFftPoints + 1 + lane] = 0;
  if (plan.magnitude) {
    __syncwarp();
    for (int k = lane; k <= kWarpFftPoints; k += kWarpSize) power[k] = sqrtf(power[k]);
  }
  __syncthreads();

  const int frame = lane % kWarpFrames, frames = static_cast<int>(plan.frames);
  if (first + frame >= plan.frames) return;
  float* const column = y + clip * plan.filters.bands * plan.frames + first + frame;
  mel_bands(plan, powers + frame * kPowerStride, warp * (kWarpSize / kWarpFrames) + lane / kWarpFrames, kWarpSize,
            [=](int band, float value) { column[static_cast<int64_t>(band) * frames] = value; });
}

// frames[c·frames + f, i] = the windowed sample i of frame f. One thread a sample: neighbours read and write neighbours.
template <class X>
__global__ void mel_frames_kernel(MelPlan<float> plan, const X* pcm, const Affine<float>* wave, float* frames, int64_t count) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= count) return;
  const int64_t frame = at / plan.fft.n, clip = frame / plan.frames;
  const int i = static_cast<int>(at % plan.fft.n);
  const Affine<float> map = wave_map<X>(wave, clip);
  const int64_t sample = reflected(frame % plan.frames * plan.hop - plan.pad + i, plan.samples);
  frames[at] = (static_cast<float>(pcm[clip * plan.samples + sample]) * map.scale + map.shift) * plan.window[i];
}

// The rest of the way from spectra in memory. The window is halved because split_real() doubles; a library's transform does
// not, so its spectra are doubled here. One block a tile of 16 frames, all its threads on one frame at a time.
__global__ void __launch_bounds__(kThreads)
    mel_of_spectra_kernel(MelPlan<float> plan, const Complex<float>* spectra, float* y, int tiles) {
  const int bins = plan.fft.n / 2 + 1, thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  auto* const power = dynamic_shared<float>();
  float* const tile = power + power_floats(bins);
  const int64_t clip = blockIdx.x / tiles, first = static_cast<int64_t>(blockIdx.x % tiles) * kTileFrames;
  for (int column = 0; column < kTileFrames && first + column < plan.frames; ++column) {
    const Complex<float>* spectrum = spectra + (clip * plan.frames + first + column) * bins;
    for (int k = thread; k < power_floats(bins); k += threads)
      power[k] = k < bins ? power_of(scaled(spectrum[k], 2.0f), plan.magnitude) : 0.0f;
    __syncthreads();
    mel_bands(plan, power, thread, threads, [&](int band, float value) { tile[band * kTileStride + column] = value; });
    __syncthreads();
  }
  store_tile(tile, plan.filters.bands, plan.frames, first, y + clip * plan.filters.bands * plan.frames);
}

// wave[c] from the mean and the squared deviations of clip c. One block a clip reads it twice (the second time from cache).
// Threads sum in float and meet in double.
template <class X> __global__ void standardise_wave_kernel(const X* pcm, Affine<float>* wave, int64_t samples) {
  const X* x = pcm + blockIdx.x * samples;
  float sum = 0;
  for (int64_t i = threadIdx.x; i < samples; i += blockDim.x) sum += static_cast<float>(x[i]);
  const double mean = block_sum(static_cast<double>(sum)) / static_cast<double>(samples);
  const float middle = static_cast<float>(mean);
  float squares = 0;
  for (int64_t i = threadIdx.x; i < samples; i += blockDim.x)
    squares += (static_cast<float>(x[i]) - middle) * (static_cast<float>(x[i]) - middle);
  const double total = block_sum(static_cast<double>(squares));
  if (threadIdx.x == 0) wave[blockIdx.x] = standardising<float>(mean, total, samples);
}

// floor[c] = max over i of y[c,i] - top_db. One block a clip.
__global__ void clip_floor_kernel(const float* y, float* floor, int64_t count, float top_db) {
  const float* values = y + blockIdx.x * count;
  float most = values[0];
  for (int64_t i = threadIdx.x; i < count; i += blockDim.x) most = larger(most, values[i]);
  most = block_reduce(most, Max{}, values[0]);
  if (threadIdx.x == 0) floor[blockIdx.x] = most - top_db;
}

// y[c,i] <- max(y[c,i], floor[c]). One thread an element.
__global__ void apply_floor_kernel(float* y, const float* floor, int64_t clips, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < clips * count) y[i] = larger(y[i], floor[i / count]);
}

dim3 blocks_for(int64_t threads) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads))); }
int tiles_of(const MelPlan<float>& plan, int frames) { return static_cast<int>(ceil_div<int64_t>(plan.frames, frames)); }
size_t tile_bytes(const MelPlan<float>& plan) { return sizeof(float) * kTileStride * static_cast<size_t>(plan.filters.bands); }
size_t spectrum_bytes(const MelPlan<float>& plan) {
  return sizeof(float) * static_cast<size_t>(power_floats(plan.fft.n / 2 + 1)) + tile_bytes(plan);
}

}  // namespace

bool mel_fits_block(const MelPlan<float>& plan) {
  if (plan.fft.plan.n == kWarpFftPoints) return true;
  return 2 * block_fft_bytes(plan.fft.n / 2) + tile_bytes(plan) <= kLargestBlockBytes;
}

bool mel_spectra_fit_block(const MelPlan<float>& plan) { return spectrum_bytes(plan) <= kLargestBlockBytes; }

template <class X>
void log_mel(Gpu gpu, const MelPlan<float>& plan, const X* pcm, const Affine<float>* wave, float* y, int64_t clips) {
  if (clips == 0) return;
  if (plan.fft.plan.n == kWarpFftPoints) {
    const int tiles = tiles_of(plan, kWarpFrames);
    return launch<log_mel_warp_kernel<X>>(dim3(static_cast<unsigned>(clips * tiles)), dim3(kWarpSize, kWarpFrames),
                                          kWarpFrames * kPowerStride * sizeof(float), gpu, plan, pcm, wave, y, tiles);
  }
  const int threads = threads_per_frame(plan.fft.plan);
  const size_t frame_bytes = 2 * block_fft_bytes(plan.fft.n / 2);
  // Short frames share a block (1, 2 or 4 of them: a divisor of the tile): about 128 threads, and no more memory than lets
  // several blocks live on a multiprocessor.
  int rows = larger(1, 128 / threads);
  const size_t most = smaller<size_t>(36 * 1024, kLargestBlockBytes - tile_bytes(plan));
  while (rows > 1 && static_cast<size_t>(rows) * frame_bytes > most) rows /= 2;
  const int tiles = tiles_of(plan, kTileFrames);
  launch<log_mel_kernel<X>>(dim3(static_cast<unsigned>(clips * tiles)),
                            dim3(static_cast<unsigned>(threads), static_cast<unsigned>(rows)),
                            static_cast<size_t>(rows) * frame_bytes + tile_bytes(plan), gpu, plan, pcm, wave, y, tiles);
}

template <class X>
void mel_frames(Gpu gpu, const MelPlan<float>& plan, const X* pcm, const Affine<float>* wave, float* frames, int64_t clips) {
  const int64_t count = clips * plan.frames * plan.fft.n;
  if (count > 0) launch<mel_frames_kernel<X>>(blocks_for(count), dim3(kThreads), 0, gpu, plan, pcm, wave, frames, count);
}

void mel_of_spectra(Gpu gpu, const MelPlan<float>& plan, const Complex<float>* spectra, float* y, int64_t clips) {
  if (clips == 0) return;
  const int tiles = tiles_of(plan, kTileFrames);
  launch<mel_of_spectra_kernel>(dim3(static_cast<unsigned>(clips * tiles)), dim3(kThreads), spectrum_bytes(plan), gpu, plan,
                                spectra, y, tiles);
}

template <class X> void standardise_wave(Gpu gpu, const X* pcm, Affine<float>* wave, int64_t clips, int64_t samples) {
  if (clips > 0)
    launch<standardise_wave_kernel<X>>(dim3(static_cast<unsigned>(clips)), dim3(kClipThreads), 0, gpu, pcm, wave, samples);
}

void clip_floor(Gpu gpu, const float* y, float* floor, int64_t clips, int64_t count, float top_db) {
  if (clips > 0)
    launch<clip_floor_kernel>(dim3(static_cast<unsigned>(clips)), dim3(kClipThreads), 0, gpu, y, floor, count, top_db);
}

void apply_floor(Gpu gpu, float* y, const float* floor, int64_t clips, int64_t count) {
  if (clips * count > 0) launch<apply_floor_kernel>(blocks_for(clips * count), dim3(kThreads), 0, gpu, y, floor, clips, count);
}

template void log_mel(Gpu, const MelPlan<float>&, const float*, const Affine<float>*, float*, int64_t);
template void log_mel(Gpu, const MelPlan<float>&, const int16_t*, const Affine<float>*, float*, int64_t);
template void mel_frames(Gpu, const MelPlan<float>&, const float*, const Affine<float>*, float*, int64_t);
template void mel_frames(Gpu, const MelPlan<float>&, const int16_t*, const Affine<float>*, float*, int64_t);
template void standardise_wave(Gpu, const float*, Affine<float>*, int64_t, int64_t);
template void standardise_wave(Gpu, const int16_t*, Affine<float>*, int64_t, int64_t);

}  // namespace cudenza::kernels
