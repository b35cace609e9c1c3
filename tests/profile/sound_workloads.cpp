#include <fmt/format.h>

#include <cmath>

#include "engine/audio/augment.h"
#include "engine/audio/picture.h"
#include "engine/core/tensor.h"
#include "tests/profile/workloads.h"

namespace cudenza::testing {
namespace {

const Device kDevice = Device::cuda();
constexpr int64_t kClips = 2, kSamples = 22'052;  // packs are whole

double bytes(const Tensor& t) { return static_cast<double>(t.bytes()); }

Tensor clips_of(DType dtype) {
  const Tensor pcm = Tensor::empty({kClips, kSamples}, DType::f32);
  auto samples = pcm.span<float>();
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = 0.3f * std::sin(0.05f * static_cast<float>(i % 977));
  if (dtype == DType::f32) return pcm.to(kDevice);
  const Tensor whole = Tensor::empty(pcm.shape(), DType::i16);
  for (size_t i = 0; i < samples.size(); ++i) whole.span<int16_t>()[i] = static_cast<int16_t>(samples[i] * 32767);
  return whole.to(kDevice);
}

Prepared measured(DType dtype) {
  const Tensor pcm = clips_of(dtype);
  return {{.read = bytes(pcm), .written = 0}, [=] { ResidentClips{pcm}; }};
}

Prepared augmented(DType dtype, const AugmentSpec& spec) {
  const ResidentClips clips(clips_of(dtype));
  return {{.read = bytes(clips.pcm()), .written = kClips * kSamples * 4.0}, [=] { augment(clips, {}, spec, {.seed = 1}); }};
}

Prepared masked() {
  const ResidentClips clips(clips_of(DType::i16));
  const Tensor mel = Tensor::full({kClips, 128, 256}, -20, DType::f32, kDevice);
  return {{}, [=] { spec_augment({mel, {}}, clips, {}, {}, {.seed = 1}); }};
}

Prepared log_mel(DType dtype, GpuFft fft, std::optional<double> top_db, int n_fft = 2048) {
  const Tensor pcm = clips_of(dtype);
  MelSpec spec = MelSpec::preset("seed");
  spec.n_fft = n_fft, spec.hop = n_fft / 4, spec.top_db = top_db;
  const auto mel = std::make_shared<LogMel>(spec, kDevice, fft);
  const Tensor once = (*mel)(pcm);
  return {{.read = bytes(pcm), .written = bytes(once)}, [=] { (*mel)(pcm); }};
}

Prepared pictured(DType dtype, Normalize normalize) {
  const Tensor mel = Tensor::full({kClips, 128, 2584}, -20, DType::f32, kDevice);
  const auto picture = std::make_shared<Picture>(PictureSpec{.dtype = dtype}, normalize, nullptr, kDevice);
  const Tensor once = (*picture)(mel);
  const int passes = normalize == Normalize::clip ? 2 : 1;  // its mean and deviation before
  return {{.read = passes * bytes(mel), .written = bytes(once)}, [=] { (*picture)(mel); }};
}

}  // namespace

void add_sound_workloads(std::vector<Workload>& all) {
  for (const DType dtype : {DType::i16, DType::f32}) {
    all.push_back({fmt::format("clips/measured/forward/{}", dtype), [=] { return measured(dtype); }});
    all.push_back(
        {fmt::format("augment/gather/forward/{}", dtype), [=] { return augmented(dtype, {.noise_p = 0, .cutout_p = 0}); }});
    all.push_back({fmt::format("augment/study/forward/{}", dtype), [=] { return augmented(dtype, {.noise_p = 0.5}); }});
    all.push_back({fmt::format("mel/fused/forward/{}", dtype), [=] { return log_mel(dtype, GpuFft::fused, std::nullopt); }});
    all.push_back({fmt::format("mel/fused_1024/forward/{}", dtype), [=] { return log_mel(dtype, GpuFft::fused, {}, 1024); }});
    all.push_back({fmt::format("mel/library/forward/{}", dtype), [=] { return log_mel(dtype, GpuFft::cufft, 80); }});
  }
  all.push_back({"augment/masks/forward/f32", masked});
  for (const DType dtype : {DType::f32, DType::bf16}) {
    all.push_back({fmt::format("picture/224/forward/{}", dtype), [=] { return pictured(dtype, Normalize::none); }});
    all.push_back({fmt::format("picture/224_clip/forward/{}", dtype), [=] { return pictured(dtype, Normalize::clip); }});
  }
}

}  // namespace cudenza::testing
