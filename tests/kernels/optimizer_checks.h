/// Optimizer kernels on a device against the plain loops, over segments that begin and end anywhere.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/core/dispatch.h"
#include "engine/core/tensor.h"
#include "kernels/optimizer/optimizer_math.h"
#include "tests/support/compare.h"

namespace cudenza::testing {

using Segments = std::vector<kernels::Segment>;

/// The flat buffers of a step on one device. `offset` elements at their beginning are left over, so that packs do not fit.
struct FlatState {
  Tensor p, g, first, second;
  int64_t offset;

  FlatState(int64_t count, Device device, int64_t skipped) : offset(skipped) {
    const auto wave = [&](double phase, bool positive) {
      std::vector<float> values(static_cast<size_t>(count + offset));
      for (size_t i = 0; i < values.size(); ++i) {
        const double v = std::sin(phase + 0.37 * static_cast<double>(i));
        values[i] = static_cast<float>(positive ? v * v : v);
      }
      return Tensor::from(values, {count + offset}, device);
    };
    p = wave(0, false), g = wave(1, false), first = wave(2, false), second = wave(3, true);
  }
  kernels::FlatBuffers buffers() const {
    return {p.data<float>() + offset, g.data<float>() + offset, first.data<float>() + offset, second.data<float>() + offset};
  }
};

/// One clipped step, by plain loops (Reference) or as `device` does it; the state and everything measured on the way.
template <class Where, class Update>
std::vector<Tensor> stepped(Where where, Device device, Update one, int64_t count, const Segments& segments, int64_t offset) {
  using Coefficients = typename Update::Coefficients;
  FlatState flat(count, device, offset);
  int hypers = 0;
  for (const auto& s : segments) hypers = std::max(hypers, s.hyper + 1);
  std::vector<kernels::Hyper> hyper(static_cast<size_t>(hypers));
  for (int i = 0; i < hypers; ++i) {
    hyper[i] = {.lr = 0.1 / (i + 1), .momentum = 0.9 - 0.01 * i, .weight_decay = 0.02 * i, .beta2 = 0.99, .eps = 1e-5};
  }
  const Tensor table = Tensor::zeros({hypers * static_cast<int64_t>(sizeof(kernels::Hyper))}, DType::u8, device);
  const auto coefficient_floats = static_cast<int64_t>(sizeof(Coefficients) / sizeof(float));
  const Tensor coefficients = Tensor::zeros({hypers * coefficient_floats}, DType::f32, device);
  const int64_t part_count = kernels::gradient_parts(segments);
  const Tensor parts = Tensor::zeros({part_count * 2}, DType::f32, device);
  const Tensor state = Tensor::from(std::vector<float>{4, 0, 2, 0, 0, 0, 0, 0}, {8}, device);  // loss scale 4, two steps done
  const auto table_of = static_cast<kernels::Hyper*>(table.raw());
  const auto parts_of = static_cast<kernels::GradientPart*>(parts.raw());
  const auto coefficients_of = static_cast<Coefficients*>(coefficients.raw());
  const auto state_of = static_cast<kernels::StepState*>(state.raw());
  kernels::set_hypers(where, table_of, hyper);
  kernels::gradient_statistics(where, flat.buffers().g, segments, parts_of);
  kernels::begin_step(where, one, {{.max_norm = 0.5}, parts_of, part_count, table_of, hypers}, state_of, coefficients_of);
  kernels::update(where, one, flat.buffers(), segments, coefficients_of, state_of);
  return {flat.p, flat.first, flat.second, parts, coefficients, state};
}

template <class Update>
std::vector<Tensor> stepped(Device device, Update one, int64_t count, const Segments& segments, int64_t offset) {
  std::vector<Tensor> result;
  on_device(device, [&](auto where) { result = stepped(where, device, one, count, segments, offset); });
  return result;
}

template <class Update>
void expect_same_step(Device device, Update one, int64_t count, const Segments& segments, int64_t offset = 0) {
  const auto expected = stepped(kernels::Reference{}, Device::cpu(), one, count, segments, offset);
  const auto result = stepped(device, one, count, segments, offset);
  const char* names[] = {"p", "first", "second", "parts", "coefficients", "state"};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(is_close(result[i], expected[i], kernel_against_cpu(DType::f32))) << names[i];
  }
}

/// Whole packs with gaps and a short tail; borders anywhere; more segments and hypers than one launch takes; a part's border.
inline void check_steps(Device device) {
  Segments many;
  for (int i = 0; i < 37; ++i) many.push_back({i * 32, i * 32 + 1 + i % 32, i});
  const std::vector<std::pair<int64_t, Segments>> layouts{
      {1500, {{0, 1031, 0}, {1040, 1048, 2}, {1104, 1499, 1}}},
      {700, {{3, 302, 0}, {302, 303, 1}, {305, 305, 0}, {309, 699, 2}}},
      {37 * 32, many},
      {16 * 1024 + 37, {{0, 16 * 1024 + 37, 0}}},
  };
  for (const auto& [count, segments] : layouts) {
    SCOPED_TRACE(count);
    expect_same_step(device, kernels::SgdUpdate{}, count, segments);
    expect_same_step(device, kernels::SgdUpdate{.nesterov = true}, count, segments);
    expect_same_step(device, kernels::AdamUpdate{}, count, segments);
  }
  expect_same_step(device, kernels::AdamUpdate{}, 700, {{0, 333, 0}, {336, 700, 1}}, 1);
}

/// Every place where a bad value could hide: first, last, a pack's tail, another block's piece.
template <class Where> void check_non_finite_is_found(Where where, Device device) {
  const Segments segments{{0, 16 * 1024 + 5, 0}, {16 * 1024 + 16, 16 * 1024 + 19, 0}};
  const int64_t count = 16 * 1024 + 19;
  for (const int64_t at : std::vector<int64_t>{-1, 0, 16 * 1024 - 1, 16 * 1024 + 4, 16 * 1024 + 7, count - 1}) {
    std::vector<float> g(static_cast<size_t>(count), 1e30f);  // squares overflow, and that alone is no fault
    if (at >= 0) g[at] = at % 2 ? NAN : INFINITY;
    const Tensor gradient = Tensor::from(g, {count}, device);
    const Tensor parts = Tensor::zeros({2 * kernels::gradient_parts(segments)}, DType::i32, device);
    kernels::gradient_statistics(where, gradient.data<float>(), segments, static_cast<kernels::GradientPart*>(parts.raw()));
    const auto words = parts.to_vector<int32_t>();
    const bool between_segments = at == 16 * 1024 + 7;
    EXPECT_EQ(words[1] + words[3] + words[5], at >= 0 && !between_segments ? 1 : 0) << at;
  }
}

inline void check_non_finite_is_found(Device device) {
  on_device(device, [&](auto where) { check_non_finite_is_found(where, device); });
}

template <class Where> Tensor averaged(Where where, Device device, int64_t offset) {
  constexpr int64_t kCount = 20'001;
  const FlatState flat(kCount, device, offset);
  const Tensor updates = Tensor::from(std::vector<uint32_t>{3}, {1}, device);
  kernels::average_weights(where, flat.buffers().first, flat.buffers().p, kCount, 0.9, updates.data<uint32_t>());
  return flat.first;
}

inline void check_average(Device device) {
  for (const int64_t offset : {0, 1}) {
    const Tensor expected = averaged(kernels::Reference{}, Device::cpu(), offset);
    on_device(device, [&](auto where) {
      EXPECT_TRUE(is_close(averaged(where, device, offset), expected, kernel_against_cpu(DType::f32)));
    });
  }
}

}  // namespace cudenza::testing
