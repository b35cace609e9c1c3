/// What a training step costs after its gradients are there, over flat f32 buffers as large as ResNet-50's parameters.
///
///   cudenza_bench --benchmark_filter=optimizer
#include <fmt/format.h>

#include "bench/rates.h"
#include "engine/core/dispatch.h"
#include "engine/core/tensor.h"
#include "kernels/optimizer/optimizer_math.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kParameters = 25'557'032;

/// The buffers of a step, all in one segment.
struct Flat {
  Device device;
  Tensor p = filled(0.5), g = filled(0.01), first = filled(0), second = filled(0);
  std::vector<kernels::Segment> segments{{0, kParameters, 0}};

  explicit Flat(Device d) : device(d) {}
  Tensor filled(double value) const { return Tensor::full({kParameters}, value, DType::f32, device); }
  kernels::FlatBuffers buffers() const { return {p.data<float>(), g.data<float>(), first.data<float>(), second.data<float>()}; }
  /// So many f32 buffers.
  Traffic traffic(int read, int written) const {
    const double bytes = static_cast<double>(p.bytes());
    return {.read = read * bytes, .written = written * bytes};
  }
};

/// The update with its coefficients made before, as a step without clipping has it. It reads so many buffers and the gradient,
/// and writes the buffers.
template <class Update> void update(benchmark::State& state, Device device, Update one, int buffers) {
  using Coefficients = typename Update::Coefficients;
  const Flat flat(device);
  const auto bytes_for = [&](size_t size) { return Tensor::zeros({static_cast<int64_t>(size)}, DType::u8, device); };
  const Tensor table = bytes_for(sizeof(kernels::Hyper)), coefficients = bytes_for(sizeof(Coefficients));
  const Tensor step_state = Tensor::from(std::vector<float>{1, 0, 0, 1, 1, 0, 0, 0}, {8}, device);  // a kernels::StepState
  on_device(device, [&](auto where) {
    auto* const hyper = static_cast<kernels::Hyper*>(table.raw());
    auto* const c = static_cast<Coefficients*>(coefficients.raw());
    auto* const s = static_cast<kernels::StepState*>(step_state.raw());
    const kernels::Hyper values[] = {{.lr = 1e-4, .momentum = 0.9, .weight_decay = 0.01, .beta2 = 0.99, .eps = 1e-5}};
    kernels::set_hypers(where, hyper, values);
    kernels::begin_step(where, one, {.rule = {}, .table = hyper, .hypers = 1}, s, c);
    report_rates(state, device, flat.traffic(buffers + 1, buffers), 0,
                 [&] { kernels::update(where, one, flat.buffers(), flat.segments, c, s); });
  });
}

void gradient_norm(benchmark::State& state, Device device) {
  const Flat flat(device);
  const Tensor parts = Tensor::zeros({2 * kernels::gradient_parts(flat.segments)}, DType::f32, device);
  on_device(device, [&](auto where) {
    auto* const to = static_cast<kernels::GradientPart*>(parts.raw());
    report_rates(state, device, flat.traffic(1, 0), 0,
                 [&] { kernels::gradient_statistics(where, flat.g.data<float>(), flat.segments, to); });
  });
}

void average(benchmark::State& state, Device device) {
  const Flat flat(device);
  const Tensor updates = Tensor::from(std::vector<uint32_t>{1000}, {1}, device);
  on_device(device, [&](auto where) {
    report_rates(state, device, flat.traffic(2, 1), 0, [&] {
      kernels::average_weights(where, flat.first.data<float>(), flat.p.data<float>(), kParameters, 0.999,
                               updates.data<uint32_t>());
    });
  });
}

}  // namespace

// Adam and AdamW are one kernel (optimizer_math.h): its buffers are p, m and v, SGD's are p and m.
void register_optimizers(Device device) {
  const auto name = [&](std::string_view variant) { return fmt::format("optimizer/{}/step/{}/f32", variant, device); };
  add_benchmark(name("sgd"), device, [=](auto& state) { update(state, device, kernels::SgdUpdate{}, 2); });
  add_benchmark(name("sgd_nesterov"), device,
                [=](auto& state) { update(state, device, kernels::SgdUpdate{.nesterov = true}, 2); });
  add_benchmark(name("adam_and_adamw"), device, [=](auto& state) { update(state, device, kernels::AdamUpdate{}, 3); });
  add_benchmark(name("gradient_norm"), device, [=](auto& state) { gradient_norm(state, device); });
  add_benchmark(name("weight_average"), device, [=](auto& state) { average(state, device); });
}

}  // namespace cudenza::bench
