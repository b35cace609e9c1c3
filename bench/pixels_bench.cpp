/// Spectrogram pictures kept as bytes to a batch for a network (kernels/pixels): bytes read once, floats written once, beside the
/// device's copy bandwidth; and turned and masked at random, as in training.
///
///   cudenza_bench --benchmark_filter='^pixels/'
#include <fmt/format.h>

#include "bench/rates.h"
#include "engine/core/dispatch.h"
#include "engine/core/tensor.h"
#include "kernels/pixels/pixels.h"

namespace cudenza::bench {
namespace {

constexpr int kSize = 224, kChannels = 3;
constexpr int64_t kResident = 640;

template <class T> void batch_of_pictures(benchmark::State& state, Device device, DType dtype, bool by_chance) {
  kernels::PixelBatch batch{.resident = kResident,
                            .batch = device.is_cuda() ? 256 : 64,
                            .height = kSize,
                            .width = kSize,
                            .channels = kChannels,
                            .scale = {0.01f, 0.01f, 0.01f},
                            .shift = {-1, -1, -1},
                            .chances = {},
                            .seed = 1};
  if (by_chance) batch.chances = {.turn = 40, .columns = 20, .rows = 20};
  const Tensor x = Tensor::zeros({kResident, kSize, kSize, kChannels}, DType::u8, device),
               y = Tensor::empty({batch.batch, kSize, kSize, kChannels}, dtype, device);
  std::vector<int64_t> numbers(static_cast<size_t>(batch.batch));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * 37 % kResident);
  const Tensor rows = Tensor::from(numbers, {batch.batch}, device);
  const auto work = [&] {
    on_device(device,
              [&](auto where) { kernels::pixels(where, batch, x.data<uint8_t>(), rows.data<int64_t>(), nullptr, y.data<T>()); });
  };
  report_rates(state, device, {.read = static_cast<double>(y.numel()), .written = static_cast<double>(y.bytes())}, 0, work);
}

}  // namespace

void register_pixels(Device device) {
  for (const bool by_chance : {false, true}) {
    const auto add = [&]<class T>(T, DType dtype) {
      add_benchmark(fmt::format("pixels/{}/forward/{}/{}", by_chance ? "turned_and_masked" : "batch", device, dtype), device,
                    [=](auto& state) { batch_of_pictures<T>(state, device, dtype, by_chance); });
    };
    add(float{}, DType::f32);
    add(bf16{}, DType::bf16);
  }
}

}  // namespace cudenza::bench
