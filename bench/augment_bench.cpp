/// What chance costs: a batch of augmented clips, its TTA variants, masks and mixup, in GB/s (what must be
/// read once plus what must be written once) with the share of the device's copy bandwidth. The variants: `gather` alone, the
/// `study`'s noise and cut-out, each for half of the clips, and `noise` for every clip. A normal number costs arithmetic, not
/// memory: those are bound by it.
///
///   cudenza_bench --benchmark_filter='^(augment|tta|mixup)/'
#include <fmt/format.h>

#include "bench/rates.h"
#include "engine/audio/augment.h"
#include "engine/ops/mixup.h"
#include "tests/support/op_case.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kSamples = 30 * 44100;

double bytes_of(const Tensor& t) { return static_cast<double>(t.bytes()); }

Tensor normal(const Shape& shape, DType dtype, Device device) {
  return testing::make_inputs({{.shape = shape}}, DType::f32)[0].to(dtype).to(device);
}

/// Resident i16 clips of 30 s at 44.1 kHz.
ResidentClips clips_on(Device device, int64_t count) {
  const Tensor one = testing::make_inputs({{.shape = {kSamples}}}, DType::f32)[0],
               pcm = Tensor::empty({count, kSamples}, DType::i16);
  const auto from = one.span<float>();
  const auto to = pcm.span<int16_t>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<int16_t>(from[i % from.size()] * 6000);
  return ResidentClips(pcm.to(device));
}

/// How often noise is added and samples are cut out.
struct Parts {
  const char* name;
  AugmentSpec spec;
};

std::vector<Parts> all_parts() {
  return {{"gather", {.noise_p = 0, .cutout_p = 0}}, {"study", {.noise_p = 0.5}}, {"noise", {.noise_p = 1.0}}};
}

void augment_batch(benchmark::State& state, Device device, const AugmentSpec& spec) {
  const ResidentClips clips = clips_on(device, 64);
  const AugmentKey key{.seed = 1};
  const Traffic traffic{.read = bytes_of(clips.pcm()), .written = bytes_of(augment(clips, {}, spec, key))};
  report_rates(state, device, traffic, 0, [&] { augment(clips, {}, spec, key); });
}

void variants_of_batch(benchmark::State& state, Device device, const AugmentSpec& spec) {
  const ResidentClips clips = clips_on(device, device.is_cuda() ? 64 : 16);
  const Traffic traffic{.read = bytes_of(clips.pcm()), .written = bytes_of(tta_variants(clips, {}, spec, 1, 8))};
  report_rates(state, device, traffic, 0, [&] { tta_variants(clips, {}, spec, 1, 8); });
}

void masks_of_batch(benchmark::State& state, Device device) {
  const ResidentClips clips(Tensor::zeros({64, 8}, DType::i16, device));
  const Tensor mel_db = normal({64, 128, 2584}, DType::f32, device);
  const double masked = 64 * 5.5 * (128 + 2584) * sizeof(float);  // on the average
  report_rates(state, device, {.read = masked, .written = masked}, 0, [&] {
    spec_augment({mel_db, {}}, clips, {}, {}, {.seed = 1});
  });
}

void mixup_batch(benchmark::State& state, Device device, int64_t batch, DType dtype) {
  const Tensor x = normal({batch, 224, 224, 3}, dtype, device), labels = Tensor::zeros({batch}, DType::i64, device);
  Generator random(1);
  report_rates(state, device, {.read = bytes_of(x), .written = bytes_of(x)}, 0, [&] { mixup(x, labels, 0.4, random); });
}

}  // namespace

void register_augmentation(Device device) {
  for (const Parts& parts : all_parts()) {
    add_benchmark(fmt::format("augment/{}/forward/{}/i16", parts.name, device), device,
                  [=](auto& state) { augment_batch(state, device, parts.spec); });
    add_benchmark(fmt::format("tta/variants_8_{}/forward/{}/i16", parts.name, device), device,
                  [=](auto& state) { variants_of_batch(state, device, parts.spec); });
  }
  add_benchmark(fmt::format("augment/masks/forward/{}/f32", device), device, [=](auto& state) { masks_of_batch(state, device); });
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const int64_t batch : {64, 256}) {
      add_benchmark(fmt::format("mixup/pictures_{}/forward/{}/{}", batch, device, dtype), device,
                    [=](auto& state) { mixup_batch(state, device, batch, dtype); });
    }
  }
}

}  // namespace cudenza::bench
