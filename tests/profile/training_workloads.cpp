#include <fmt/format.h>

#include "engine/core/dispatch.h"
#include "engine/ops/mixup.h"
#include "kernels/accumulate/accumulate.h"
#include "kernels/kept_rows/kept_rows.h"
#include "kernels/optimizer/optimizer_math.h"
#include "kernels/pixels/pixels.h"
#include "tests/profile/workloads.h"

namespace cudenza::testing {
namespace {

const Device kDevice = Device::cuda();
constexpr int64_t kParameters = 100'003;  // the last pack is not whole

Tensor filled(double value, DType dtype = DType::f32) { return Tensor::full({kParameters}, value, dtype, kDevice); }
double bytes(const Tensor& t) { return static_cast<double>(t.bytes()); }

/// A step of so many flat buffers: they and the gradient are read, they are written.
template <class Update> Prepared update(Update one, int buffers) {
  const Tensor p = filled(0.5), g = filled(0.01), first = filled(0), second = filled(0);
  const auto bytes_for = [](size_t size) { return Tensor::zeros({static_cast<int64_t>(size)}, DType::u8, kDevice); };
  const Tensor table = bytes_for(sizeof(kernels::Hyper)), coefficients = bytes_for(sizeof(typename Update::Coefficients));
  const Tensor state = Tensor::from(std::vector<float>{1, 0, 0, 1, 1, 0, 0, 0}, {8}, kDevice);  // a kernels::StepState
  return {{.read = (buffers + 1) * bytes(p), .written = buffers * bytes(p)}, [=] {
            const kernels::Gpu where;
            const std::vector<kernels::Segment> segments{{0, kParameters, 0}};
            auto* const hyper = static_cast<kernels::Hyper*>(table.raw());
            auto* const c = static_cast<typename Update::Coefficients*>(coefficients.raw());
            auto* const s = static_cast<kernels::StepState*>(state.raw());
            const kernels::Hyper values[] = {{.lr = 1e-4, .momentum = 0.9, .weight_decay = 0.01, .beta2 = 0.99, .eps = 1e-5}};
            kernels::set_hypers(where, hyper, values);
            kernels::begin_step(where, one, {.rule = {}, .table = hyper, .hypers = 1}, s, c);
            kernels::update(where, one, {p.data<float>(), g.data<float>(), first.data<float>(), second.data<float>()}, segments,
                            c, s);
          }};
}

Prepared gradient_norm() {
  const Tensor g = filled(0.01);
  const std::vector<kernels::Segment> segments{{0, kParameters, 0}};
  const Tensor parts = Tensor::zeros({2 * kernels::gradient_parts(segments)}, DType::f32, kDevice);
  return {{.read = bytes(g), .written = 0}, [=] {
            kernels::gradient_statistics(kernels::Gpu{}, g.data<float>(), segments,
                                         static_cast<kernels::GradientPart*>(parts.raw()));
          }};
}

Prepared average() {
  const Tensor mean = filled(0), p = filled(0.5), updates = Tensor::from(std::vector<uint32_t>{1000}, {1}, kDevice);
  return {{.read = 2 * bytes(p), .written = bytes(p)}, [=] {
            kernels::average_weights(kernels::Gpu{}, mean.data<float>(), p.data<float>(), kParameters, 0.999,
                                     updates.data<uint32_t>());
          }};
}

/// Gradients of three arrays, of which one is short, join the flat f32 buffer.
template <class T> Prepared accumulate(DType dtype) {
  const Tensor sums = filled(1), terms = filled(0.5, dtype);
  return {{.read = bytes(sums) + bytes(terms), .written = bytes(sums)}, [=] {
            const int64_t ends[] = {0, 64, 50'048, kParameters};
            std::vector<kernels::Addition<T>> additions;
            for (int i = 0; i < 3; ++i)
              additions.push_back({sums.data<float>() + ends[i], terms.data<T>() + ends[i], ends[i + 1] - ends[i]});
            kernels::accumulate<T>(kernels::Gpu{}, additions);
          }};
}

template <class T> Prepared kept(DType dtype) {
  const kernels::KeptRows s{.known = 8, .batch = 4, .row_size = 14 * 14 * 128, .views = 1};
  const Tensor x = Tensor::full({s.known, s.row_size}, 1, dtype, kDevice),
               y = Tensor::empty({s.batch, s.row_size}, dtype, kDevice);
  const Tensor first = Tensor::from(std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7}, {8}, kDevice),
               rows = Tensor::from(std::vector<int64_t>{5, 0, 7, 2}, {4}, kDevice);
  return {{.read = bytes(y), .written = bytes(y)}, [=] {
            kernels::kept_rows(kernels::Gpu{}, s, x.data<T>(), first.data<int64_t>(), rows.data<int64_t>(), nullptr, y.data<T>());
          }};
}

template <class T> Prepared pixels(DType dtype, bool by_chance) {
  constexpr int kSize = 112;
  kernels::PixelBatch batch{.resident = 4,
                            .batch = 3,
                            .height = kSize,
                            .width = kSize,
                            .channels = 3,
                            .scale = {0.01f, 0.01f, 0.01f},
                            .shift = {-1, -1, -1},
                            .chances = {},
                            .seed = 1};
  if (by_chance) batch.chances = {.turn = 40, .columns = 20, .rows = 20};
  const Tensor x = Tensor::zeros({4, kSize, kSize, 3}, DType::u8, kDevice),
               y = Tensor::empty({3, kSize, kSize, 3}, dtype, kDevice),
               rows = Tensor::from(std::vector<int64_t>{3, 0, 2}, {3}, kDevice);
  return {{.read = by_chance ? 0 : static_cast<double>(y.numel()), .written = by_chance ? 0 : bytes(y)},
          [=] { kernels::pixels(kernels::Gpu{}, batch, x.data<uint8_t>(), rows.data<int64_t>(), nullptr, y.data<T>()); }};
}

/// Each sample is read for itself and as another one's partner, once if the cache keeps it.
Prepared mixed(DType dtype) {
  const Tensor x = Tensor::full({8, 56, 56, 3}, 0.5, dtype, kDevice), labels = Tensor::zeros({8}, DType::i64, kDevice);
  const auto random = std::make_shared<Generator>(1);
  return {{.read = bytes(x), .written = bytes(x)}, [=] { mixup(x, labels, 0.4, *random); }};
}

}  // namespace

void add_training_workloads(std::vector<Workload>& all) {
  all.push_back({"optimizer/sgd/step/f32", [] { return update(kernels::SgdUpdate{}, 2); }});
  all.push_back({"optimizer/adam_and_adamw/step/f32", [] { return update(kernels::AdamUpdate{}, 3); }});
  all.push_back({"optimizer/gradient_norm/step/f32", gradient_norm});
  all.push_back({"optimizer/weight_average/step/f32", average});
  const auto add = [&]<class T>(T, DType dtype) {
    all.push_back({fmt::format("accumulate/three_arrays/forward/{}", dtype), [=] { return accumulate<T>(dtype); }});
    all.push_back({fmt::format("kept_rows/features/forward/{}", dtype), [=] { return kept<T>(dtype); }});
    all.push_back({fmt::format("pixels/batch/forward/{}", dtype), [=] { return pixels<T>(dtype, false); }});
    all.push_back({fmt::format("pixels/turned_and_masked/forward/{}", dtype), [=] { return pixels<T>(dtype, true); }});
    all.push_back({fmt::format("mixup/pictures/forward/{}", dtype), [=] { return mixed(dtype); }});
  };
  add(float{}, DType::f32);
  add(bf16{}, DType::bf16);
}

}  // namespace cudenza::testing
