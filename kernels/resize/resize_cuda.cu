#include "kernels/common/launch.h"
#include "kernels/resize/resize_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kStrip = 16;  // columns of the picture a block makes; bands x strip numbers wait in shared memory

// y[i,j,c], see resize.h. One block a strip of 16 columns of one picture. First every row is shrunk to the strip: threads of
// a half warp take neighbouring columns of one row, whose supports overlap. Then threads take neighbouring channels and
// columns of the result.
template <class U> __global__ void picture_kernel(PicturePlan<float> plan, const float* x, U* y) {
  auto* const narrow = dynamic_shared<float>();  // [rows.in, kStrip]
  const int64_t clip = blockIdx.y;
  const int left = static_cast<int>(blockIdx.x) * kStrip, width = smaller(kStrip, plan.columns.out - left);
  const float* const picture_in = x + clip * plan.rows.in * plan.columns.in;
  const float floor = plan.floor ? plan.floor[clip] : -INFINITY;
  for (int at = static_cast<int>(threadIdx.x); at < plan.rows.in * kStrip; at += kThreads) {
    const int b = at / kStrip, j = left + at % kStrip;
    if (j >= left + width) continue;
    const float* in = picture_in + static_cast<int64_t>(b) * plan.columns.in + plan.columns.first[j];
    const float* weights = plan.columns.weights + static_cast<int64_t>(j) * plan.columns.taps;
    float sum = 0;
    for (int k = 0; k < plan.columns.taps; ++k) sum += weights[k] * larger(in[k], floor);
    narrow[at] = mapped(row_map(plan, clip, b), sum);
  }
  __syncthreads();
  const int across = width * plan.channels;
  for (int at = static_cast<int>(threadIdx.x); at < plan.rows.out * across; at += kThreads) {
    const int i = at / across, e = at % across, j = e / plan.channels, c = e % plan.channels;
    const float* in = narrow + plan.rows.first[i] * kStrip + j;
    float sum = 0;
    for (int k = 0; k < plan.rows.taps; ++k) sum += plan.rows.weights[i * plan.rows.taps + k] * in[k * kStrip];
    y[((clip * plan.rows.out + i) * plan.columns.out + left + j) * plan.channels + c] =
        static_cast<U>(mapped(plan.channel_maps[c], sum));
  }
}

}  // namespace

template <class U> void picture(Gpu gpu, const PicturePlan<float>& plan, const float* x, U* y, int64_t clips) {
  constexpr int64_t kMostClips = 65535;  // of a grid's second extent
  const int64_t in = int64_t{plan.rows.in} * plan.columns.in, out = int64_t{plan.rows.out} * plan.columns.out * plan.channels;
  for (int64_t done = 0; done < clips; done += kMostClips) {
    PicturePlan<float> part = plan;
    if (part.floor) part.floor += done;
    if (part.row_maps) part.row_maps += done * part.row_map_stride;
    const dim3 grid(static_cast<unsigned>(ceil_div(plan.columns.out, kStrip)),
                    static_cast<unsigned>(smaller(kMostClips, clips - done)));
    launch<picture_kernel<U>>(grid, dim3(kThreads), sizeof(float) * kStrip * static_cast<size_t>(plan.rows.in), gpu, part,
                              x + done * in, y + done * out);
  }
}

template void picture(Gpu, const PicturePlan<float>&, const float*, float*, int64_t);
template void picture(Gpu, const PicturePlan<float>&, const float*, bf16*, int64_t);
template void picture(Gpu, const PicturePlan<float>&, const float*, f16*, int64_t);

}  // namespace cudenza::kernels
