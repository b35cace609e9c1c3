/// Floors that every kernel keeps to on what it is profiled on (tests/profile/workloads.h): a request to global memory moves no
/// more sectors than it must, lanes do not queue for a bank of shared memory, and no launch moves more than the equation needs.
/// What is below a floor stands here with its reason.
#include <gtest/gtest.h>

#include "tests/profile/measured.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

constexpr double kSectors = 0.95, kPasses = 1, kBytes = 1.02;

/// Lower floors for a kernel: of sectors (least / moved) and of passes over the banks.
struct KernelFloor {
  std::string_view kernel;
  double sectors, passes;
  std::string_view reason;
};
constexpr KernelFloor kKernelFloors[] = {
    {"accumulate_kernel", 0.55, 1,
     "eight f32 sums a thread are two packs: each request finds the other's sectors in the nearest cache"},
    {"dropout_forward_kernel", 0.5, 1, "eight f32 numbers, one draw, a thread: the same"},
    {"dropout_backward_kernel", 0.5, 1, "the same"},
    {"statistics_kernel", 0.95, 0.59, "once a block, after all its rows, a thread fetches a pair of floats of each warp"},
    {"backward_reduce_kernel", 0.95, 0.55, "the same"},
    {"merge_statistics_kernel", 0.5, 1,
     "a warp takes 8 channels of 4 blocks, so that few channels still fill the card; it reads little"},
    {"merge_gradients_kernel", 0.5, 1, "the same"},
    {"clip_maps_kernel", 0.3, 1, "four moments a band and thread: some kilobytes in all"},
    {"log_mel_warp_kernel", 0.9, 1, "16 frames are 64 bytes of a row of the spectrogram, and rows begin anywhere"},
    {"log_mel_kernel", 0.66, 0.57, "frames of other lengths than 2048: bins in mirrored order, exchanges a radix apart"},
    {"rfft_kernel", 0.48, 0.57, "the same, and spectra have an odd length, so that rows begin anywhere"},
    {"rfft_warp_kernel", 0.6, 1, "two floats a lane by two loads, and rows begin anywhere"},
    {"pool_slice_kernel", 0.7, 1,
     "few windows: what a block leaves, eight numbers a thread, weighs; once for hundreds of pixels"},
    {"mel_of_spectra_kernel", 0.55, 0.6, "what log_mel_kernel is held to, as plain as it can be"},
    {"picture_kernel", 0.14, 1, "neighbouring columns of a smaller picture stand 11.5 inputs apart; the nearest cache has them"},
    {"pixels_kernel", 0.9, 1, "a row that is turned begins anywhere"},
    {"spec_augment_kernel", 0.9, 1, "masks begin anywhere"},
    {"standardise_wave_kernel", 0.79, 1, "clips begin anywhere"},
    {"transpose_kernel", 0.8, 1, "for matrices with odd sides, whose rows begin anywhere"},
    {"tta_probabilities_kernel", 0.75, 1, "rows of ten or a thousand classes begin anywhere"},
};

/// More bytes than the equation's, for workloads that begin so.
struct BytesCeiling {
  std::string_view workload;
  double bytes;
  std::string_view reason;
};
constexpr BytesCeiling kBytesCeilings[] = {
    {"adaptive_max_pool2d/one_picture", 1.1, "partial maxima of the slices"},
    {"batch_norm/training_2048_channels", 1.52, "of few rows here: what the blocks leave weighs as much as some of them"},
    {"batch_norm/training_relu_residual_2048_channels", 1.35, "the same"},
    {"channel_covariance", 9.1, "made of other ops: the mean, what is left of it and casts go through memory"},
    {"channel_scale", 1.05, "partial sums of the slices of a channel"},
    {"mel/fused", 1.25, "window, twiddles and filters weigh a fifth of these short clips"},
    {"mel/library", 13, "frames and spectra go through memory: what the fused kernel is held to"},
    {"mul/short_last_pack/backward", 1.21, "two kernels, each of which reads dy"},
    {"spatial_mean", 1.18, "partial sums of the slices of a picture"},
    {"sum_rows", 1.13, "partial sums of the slices of a column"},
};

KernelFloor floor_of(const std::string& kernel) {
  for (const KernelFloor& floor : kKernelFloors)
    if (floor.kernel == kernel) return floor;
  return {kernel, kSectors, kPasses, ""};
}

double ceiling_of(const std::string& workload) {
  for (const BytesCeiling& ceiling : kBytesCeilings)
    if (workload.starts_with(ceiling.workload)) return ceiling.bytes;
  return kBytes;
}

class Floors : public ::testing::TestWithParam<Workload> {};

TEST_P(Floors, AreKept) {
  const Measured m = measure(GetParam());
  for (const auto& [name, kernel] : m.kernels) {
    const KernelFloor floor = floor_of(bare_name(name));
    EXPECT_GE(kernel.of(simt::Space::global).efficiency(), floor.sectors) << short_name(name) << "\n" << heading() << rows_of(m);
    EXPECT_GE(kernel.of(simt::Space::shared).efficiency(), floor.passes) << short_name(name) << "\n" << heading() << rows_of(m);
  }
  EXPECT_LE(m.excess(), ceiling_of(m.workload)) << heading() << rows_of(m);
}

std::vector<Workload> workloads_with_floors() {
  std::vector<Workload> all = workloads();
  std::erase_if(all, [](const Workload& workload) { return workload.name.starts_with("naive/"); });
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, Floors, ::testing::ValuesIn(workloads_with_floors()), test_name);

}  // namespace
}  // namespace cudenza::testing
