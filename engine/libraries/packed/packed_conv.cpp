#include "engine/libraries/packed_conv.h"

#include <algorithm>

#include "engine/core/dispatch.h"
#include "engine/core/name_table.h"
#include "engine/libraries/cpu_features.h"
#include "engine/libraries/math_mode.h"
#include "engine/libraries/packed/direct_shape.h"
#include "engine/libraries/packed/trials.h"
#include "engine/libraries/winograd/shape.h"
#include "kernels/simd/amx.h"

namespace cudenza {
namespace {

constexpr NameTable kNames("packed convolution", {std::pair{PackedKind::direct, "direct"}, {PackedKind::winograd, "winograd"}});

/// What is fastest on the CPUs that were measured (bench/results/inference_cpu.md). By shape alone: the same bits everywhere.
PackedKind by_rule(const ConvShape& s) {
  if (!conv_winograd().supports(s) || !winograd_saves(s)) return PackedKind::direct;
  if (s.dtype == DType::bf16 && kernels::amx_is_allowed()) return PackedKind::direct;  // its products outrun the transforms
  // A CPU that multiplies bf16 twice as fast gains only where many tiles share the transformed filters.
  constexpr int64_t kManyTiles = 49;
  const bool few = winograd_shape(s).tiles() / s.batch < kManyTiles;
  return s.dtype == DType::bf16 && cpu_multiplies_bf16() && few ? PackedKind::direct : PackedKind::winograd;
}

size_t packed_bytes(const ConvShape& s, PackedKind kind) {
  int64_t bytes = 0;
  dispatch_f32_or_bf16(s.dtype, [&]<class T>() {
    bytes = kind == PackedKind::direct ? kernels::direct_conv_filter_bytes<T>(direct_shape(s))
                                       : s.filter_count() * static_cast<int64_t>(sizeof(T));
  });
  return static_cast<size_t>(bytes);
}

/// Memory of one call.
Storage scratch_of(int64_t bytes) { return {static_cast<size_t>(bytes), Device::cpu()}; }

}  // namespace

std::string_view name_of(PackedKind kind) { return kNames.name_of(kind); }
PackedKind packed_kind_from_name(std::string_view name) { return kNames.value_of(name); }

std::vector<PackedKind> packed_kinds(const ConvShape& s) {
  if (s.dtype != DType::f32 && s.dtype != DType::bf16) return {};
  if (conv_winograd().supports(s)) return {PackedKind::direct, PackedKind::winograd};
  return {PackedKind::direct};
}

bool packing_pays(const ConvShape& s) {
  const bool lacks_amx = s.dtype == DType::bf16 && cpu_has_amx() && !kernels::amx_is_allowed();
  return !packed_kinds(s).empty() && is_compiled_for_this_cpu() && !lacks_amx;
}

PackedKind packed_kind(const ConvShape& s) {
  std::vector<PackedKind> kinds = packed_kinds(s);
  require(!kinds.empty(), "packed_kind: nothing packs {}", s.text());
  if (kinds.size() == 1) return kinds.front();
  const PackedKind rule = by_rule(s);
  if (!math_mode().trials || math_mode().deterministic) return rule;
  std::stable_partition(kinds.begin(), kinds.end(), [&](PackedKind kind) { return kind == rule; });
  return fastest_kind(s, kinds);
}

PackedConv::PackedConv(const ConvShape& s, PackedKind kind, const void* w)
    : kind_(kind),
      dtype_(s.dtype),
      w_{s.out_channels, s.kernel_h, s.kernel_w, s.in_channels},
      filters_(packed_bytes(s, kind), Device::cpu()) {
  require(std::ranges::count(packed_kinds(s), kind) == 1, "packed convolution: {} cannot be {}", s.text(), name_of(kind));
  dispatch_f32_or_bf16(s.dtype, [&]<class T>() {
    const T* const from = static_cast<const T*>(w);
    if (kind == PackedKind::direct) kernels::direct_conv_pack<T>({}, direct_shape(s), from, filters_.data());
    else kernels::winograd_pack({}, winograd_shape(s), from, static_cast<T*>(filters_.data()));
  });
}

void PackedConv::forward(const ConvShape& s, const void* x, void* y, const ConvEpilogue& e) const {
  dispatch_f32_or_bf16(dtype_, [&]<class T>() {
    const kernels::ConvEpilogue<T> epilogue{static_cast<const float*>(e.bias), static_cast<const T*>(e.residual), e.relu};
    const T* const from = static_cast<const T*>(x);
    T* const to = static_cast<T*>(y);
    if (kind_ == PackedKind::direct) {
      const kernels::DirectConvShape shape = direct_shape(s);
      const Storage scratch = scratch_of(kernels::direct_conv_scratch_bytes<T>(shape));
      return kernels::direct_convolve({}, shape, from, filters_.data(), to, epilogue, scratch.data());
    }
    const kernels::WinogradShape shape = winograd_shape(s);
    constexpr auto kPacked = kernels::WinogradFilters::packed;
    const Storage scratch = scratch_of(kernels::winograd_scratch(shape, kPacked) * static_cast<int64_t>(sizeof(float)));
    kernels::winograd_convolve({}, shape, from, static_cast<const T*>(filters_.data()), kPacked, to, epilogue,
                               static_cast<float*>(scratch.data()));
  });
}

}  // namespace cudenza
