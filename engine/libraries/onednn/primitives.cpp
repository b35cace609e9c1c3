#include "engine/libraries/onednn/primitives.h"

#include <omp.h>

#include <array>
#include <cstring>
#include <deque>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "engine/core/cpu_room.h"
#include "engine/core/storage.h"
#include "engine/libraries/math_mode.h"
#include "kernels/common/parallel.h"

namespace cudenza::onednn {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using Dims = memory::dims;
using Tag = memory::format_tag;

const dnnl::engine& engine() {
  static const dnnl::engine* const instance =
      new dnnl::engine(dnnl::engine::kind::cpu, 0);  // never destroyed: plans are not either
  return *instance;
}

dnnl::primitive_attr attributes(const dnnl::post_ops& ops = {}) {
  dnnl::primitive_attr attr;
  attr.set_post_ops(ops);
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

memory::data_type data_type(DType t) {
  switch (t) {
    case DType::f32: return memory::data_type::f32;
    case DType::bf16: return memory::data_type::bf16;
    default: return memory::data_type::undef;
  }
}

template <class PrimitiveDesc> bool is_fast(const PrimitiveDesc& desc) {
  return desc && !std::string_view(desc.impl_info_str()).starts_with("ref");
}

/// oneDNN 2.6's jit 1x1 kernels are wrong on NHWC pictures if a channel count is no multiple of the vector width.
bool is_wrong(std::string_view implementation, const ConvShape& s) {
  const bool has_tail = s.in_channels % 16 != 0 || s.out_channels % 16 != 0;
  return has_tail && implementation.starts_with("jit") && implementation.find("1x1") != std::string_view::npos;
}

/// Whether an implementation uses oneDNN's matrix products, which split sums by the number of threads.
bool multiplies(std::string_view implementation) {
  return implementation.find("gemm") != std::string_view::npos || implementation.starts_with("brg");
}

/// Moves on to the first fast implementation that is correct and, if `repeats`, gives the same bits for any number of
/// threads.
template <class PrimitiveDesc> void settle(PrimitiveDesc& desc, const ConvShape& s, bool repeats) {
  while (desc && (is_wrong(desc.impl_info_str(), s) || (repeats && multiplies(desc.impl_info_str())))) {
    if (!desc.next_impl()) desc = PrimitiveDesc();
  }
  if (!is_fast(desc)) desc = PrimitiveDesc();
}

// ---- Differences between oneDNN 2 and 3: 2 first makes an operation descriptor, then the primitive's; 3 makes both at once.

/// Filters in the layout that the implementation prefers.
memory::desc any_filters(const ConvShape& s, memory::data_type type) {
  return {{s.out_channels, s.in_channels, s.kernel_h, s.kernel_w}, type, Tag::any};
}

struct ConvMemory {
  ConvShape shape;
  memory::desc x, w, bias, y;
  Dims stride, pad;
  bool repeats = false;  ///< only implementations that give the same bits for any number of threads
};

// In 2, the inputs of a descriptor (`operation`, `hint`) must live until the last call of next_impl().

dnnl::convolution_forward::primitive_desc forward_desc(const ConvMemory& m, const dnnl::primitive_attr& attr) {
  using Forward = dnnl::convolution_forward;
  constexpr auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  Forward::primitive_desc desc(engine(), kind, algorithm::convolution_direct, m.x, m.w, m.bias, m.y, m.stride, m.pad, m.pad, attr,
                               true);
#else
  const Forward::desc operation(kind, algorithm::convolution_direct, m.x, m.w, m.bias, m.y, m.stride, m.pad, m.pad);
  Forward::primitive_desc desc(operation, attr, engine(), true);
#endif
  settle(desc, m.shape, m.repeats);
  return desc;
}

template <class Backward> typename Backward::primitive_desc backward_desc(const ConvMemory& m) {
  ConvMemory forward = m;
  forward.w = any_filters(m.shape, data_type(m.shape.dtype));  // dw may be f32
  const auto hint = forward_desc(forward, attributes());
  if (!hint) return {};
#if DNNL_VERSION_MAJOR >= 3
  typename Backward::primitive_desc desc(engine(), algorithm::convolution_direct, m.x, m.w, m.y, m.stride, m.pad, m.pad, hint,
                                         attributes(), true);
#else
  const typename Backward::desc operation(algorithm::convolution_direct, m.x, m.w, m.y, m.stride, m.pad, m.pad);
  typename Backward::primitive_desc desc(operation, attributes(), engine(), hint, true);
#endif
  settle(desc, m.shape, m.repeats);
  return desc;
}

dnnl::matmul::primitive_desc matmul_desc(const memory::desc& a, const memory::desc& b, const memory::desc& bias,
                                         const memory::desc& y) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), a, b, bias, y, attributes(), true};
#else
  return {{a, b, bias, y}, attributes(), engine(), true};
#endif
}

/// Calls f and turns oneDNN's errors into ours: almost always memory has run out.
template <class F> auto reported(F&& f) {
  try {
    return f();
  } catch (const dnnl::error& e) {
    throw DeviceError(fmt::format("oneDNN failed: {} (status {}): out of memory, most likely; use a smaller `batch_size`",
                                  e.what(), static_cast<int>(e.status)));
  }
}

/// oneDNN does not check its allocation for generated machine code, and crashes if it fails.
constexpr size_t kRoomForCode = size_t{32} << 20;

// ---- Plans

/// Used instead of a DNNL_ARG_…: the operand is copied into the result before the primitive runs and adds to it.
constexpr int kStartOfResult = -1;

struct Operand {
  int name;             ///< DNNL_ARG_… or kStartOfResult
  memory::desc ours;    ///< as the caller stores it; zero if the operand is absent
  memory::desc wanted;  ///< as the primitive wants it
  bool is_result = false;
  dnnl::reorder reorder = {};  ///< converts between them if they differ
};

class PrimitivePlan final : public Plan {
 public:
  PrimitivePlan(const dnnl::primitive& primitive, std::string_view implementation, const memory::desc& scratchpad,
                std::vector<Operand> operands)
      : primitive_(primitive), implementation_(implementation), scratchpad_(scratchpad), operands_(std::move(operands)) {
    for (Operand& o : operands_) {
      if (o.ours == o.wanted) continue;
      const auto& [from, to] = o.is_result ? std::tie(o.wanted, o.ours) : std::tie(o.ours, o.wanted);
      o.reorder = dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
    }
  }

  void run(std::initializer_list<const void*> data) const override {
    reported([&] { execute(data); });
  }

  std::string_view implementation() const override { return implementation_; }
  bool cuts_sums() const override { return multiplies(implementation_); }

 private:
  void execute(std::initializer_list<const void*> data) const {
    thread_local dnnl::stream stream(engine());
    std::deque<Storage> pieces;  // from the CPU pool: reused by later calls, and counted in its peak
    const auto temporary = [&](const memory::desc& desc) {
      return memory(desc, engine(), pieces.emplace_back(desc.get_size(), Device::cpu()).data());
    };

    std::unordered_map<int, memory> arguments{{DNNL_ARG_SCRATCHPAD, temporary(scratchpad_)}};
    std::vector<std::tuple<const dnnl::reorder*, memory, memory>> afterwards;
    for (size_t i = 0; i < operands_.size(); ++i) {
      const Operand& o = operands_[i];
      if (o.ours.is_zero()) continue;
      memory ours(o.ours, engine(), const_cast<void*>(data.begin()[i]));
      if (o.name == kStartOfResult) {
        copy(ours, arguments.at(DNNL_ARG_DST));
        continue;
      }
      memory wanted = o.reorder ? temporary(o.wanted) : ours;
      if (o.reorder && o.is_result) afterwards.emplace_back(&o.reorder, wanted, ours);
      else if (o.reorder) o.reorder.execute(stream, ours, wanted);
      arguments.emplace(o.name, wanted);
    }
    primitive_.execute(stream, arguments);
    for (auto& [reorder, wanted, ours] : afterwards) reorder->execute(stream, wanted, ours);
    stream.wait();
  }

  static void copy(const memory& from, const memory& to) {
    const auto* source = static_cast<const char*>(from.get_data_handle());
    auto* target = static_cast<char*>(to.get_data_handle());
    kernels::parallel_ranges(
        static_cast<int64_t>(from.get_desc().get_size()), 1,
        [=](int64_t begin, int64_t end) { std::memcpy(target + begin, source + begin, static_cast<size_t>(end - begin)); }, 64);
  }

  dnnl::primitive primitive_;
  std::string implementation_;
  memory::desc scratchpad_;
  std::vector<Operand> operands_;
};

using PlanPointer = std::shared_ptr<const Plan>;

template <class Primitive, class PrimitiveDesc> PlanPointer plan_of(const PrimitiveDesc& desc, std::vector<Operand> operands) {
  return std::make_shared<PrimitivePlan>(Primitive(desc), desc.impl_info_str(), desc.scratchpad_desc(), std::move(operands));
}

/// Plans by purpose. A network has some hundred; the cache is bounded, because batch sizes may keep changing.
class PlanCache {
 public:
  using Key = std::array<int64_t, 16>;

  template <class Make> PlanPointer get(const Key& key, Make&& make) {
    std::lock_guard lock(mutex_);
    const auto found = plans_.find(key);
    if (found != plans_.end()) return found->second;
    if (plans_.size() == kCapacity) plans_.clear();  // running plans are kept alive by their callers
    require_cpu_room(kRoomForCode);
    return plans_.emplace(key, reported(make)).first->second;
  }

 private:
  static constexpr size_t kCapacity = 1024;
  std::mutex mutex_;
  std::map<Key, PlanPointer> plans_;
};

PlanCache& cache() {
  static PlanCache* const instance = new PlanCache;  // never destroyed: oneDNN's own statics may be gone by then
  return *instance;
}

// ---- Convolutions. Activations stay NHWC: oneDNN is as fast on them as on its blocked layouts. Each call reorders the
// filters for the implementation, which costs 1 to 5 % of a batch of 8.

/// A "binary" post-op adds a residual best: it reads it in place. But a kernel may keep partial sums in y, so an in-place
/// residual uses "sum", which adds to y's contents. "sum" also replaces "binary" where oneDNN 2.6 gets it wrong: in GEMM
/// convolutions, and if channels do not fill vectors; the residual is then first copied to y.
PlanPointer make_forward(const ConvMemory& m, const memory::desc& w, const EpilogueParts& parts) {
  const auto described = [&](bool binary) {
    dnnl::post_ops ops;
    if (parts.residual && binary) ops.append_binary(algorithm::binary_add, m.y);
    if (parts.residual && !binary) ops.append_sum();
    return forward_desc(m, attributes(ops));
  };
  bool binary = parts.residual && !parts.in_place && m.shape.out_channels % 16 == 0;
  auto desc = described(binary);
  if (binary && (!desc || std::string_view(desc.impl_info_str()).find("gemm:") != std::string_view::npos))
    desc = described(binary = false);
  if (!desc) return nullptr;
  const memory::desc residual = parts.residual && !parts.in_place ? m.y : memory::desc();
  const int residual_name = binary ? DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1 : kStartOfResult;
  return plan_of<dnnl::convolution_forward>(desc, {{DNNL_ARG_SRC, m.x, desc.src_desc()},
                                                   {DNNL_ARG_WEIGHTS, w, desc.weights_desc()},
                                                   {DNNL_ARG_DST, m.y, desc.dst_desc(), true},
                                                   {DNNL_ARG_BIAS, m.bias, m.bias},
                                                   {residual_name, residual, residual}});
}

PlanPointer make_backward_data(const ConvMemory& m, const memory::desc& w) {
  const auto desc = backward_desc<dnnl::convolution_backward_data>(m);
  if (!desc) return nullptr;
  return plan_of<dnnl::convolution_backward_data>(desc, {{DNNL_ARG_DIFF_DST, m.y, desc.diff_dst_desc()},
                                                         {DNNL_ARG_WEIGHTS, w, desc.weights_desc()},
                                                         {DNNL_ARG_DIFF_SRC, m.x, desc.diff_src_desc(), true}});
}

/// `w` describes dw as the caller stores it: in f32, or in the dtype of x.
PlanPointer make_backward_weights(const ConvMemory& m, const memory::desc& w) {
  const auto desc = backward_desc<dnnl::convolution_backward_weights>(m);
  if (!desc) return nullptr;
  return plan_of<dnnl::convolution_backward_weights>(desc, {{DNNL_ARG_SRC, m.x, desc.src_desc()},
                                                            {DNNL_ARG_DIFF_DST, m.y, desc.diff_dst_desc()},
                                                            {DNNL_ARG_DIFF_WEIGHTS, w, desc.diff_weights_desc(), true}});
}

PlanPointer make_conv(const ConvShape& s, Pass pass, const EpilogueParts& parts) {
  const auto type = data_type(s.dtype), filter_type = pass == Pass::backward_weights_f32 ? memory::data_type::f32 : type;
  ConvMemory m{.shape = s,
               .x = {{s.batch, s.in_channels, s.height, s.width}, type, Tag::nhwc},
               .w = any_filters(s, filter_type),
               .bias = parts.bias ? memory::desc({s.out_channels}, memory::data_type::f32, Tag::x) : memory::desc(),
               .y = {{s.batch, s.out_channels, s.out_height(), s.out_width()}, type, Tag::nhwc},
               .stride = {s.stride, s.stride},
               .pad = {s.pad, s.pad}};
  const memory::desc w({s.out_channels, s.in_channels, s.kernel_h, s.kernel_w}, filter_type, Tag::ohwi);
  if (pass == Pass::backward_weights || pass == Pass::backward_weights_f32) return make_backward_weights(m, w);
  const auto make = [&] { return pass == Pass::forward ? make_forward(m, w, parts) : make_backward_data(m, w); };
  m.repeats = math_mode().deterministic;
  if (auto plan = make(); plan || !m.repeats) return plan;
  m.repeats = false;
  return make();
}

// ---- Matrix products: oneDNN reads transposed operands directly.

/// `row`: elements from one row of y to the next.
PlanPointer make_gemm(const GemmShape& g, bool has_bias, int64_t row) {
  const auto type = data_type(g.dtype);
  const memory::desc a({g.m, g.k}, type, g.transpose_a ? Tag::ba : Tag::ab),
      b({g.k, g.n}, type, g.transpose_b ? Dims{1, g.k} : Dims{row, 1});
  const memory::desc y({g.m, g.n}, type, Dims{row, 1});
  const memory::desc bias = has_bias ? memory::desc({1, g.n}, memory::data_type::f32, Tag::ab) : memory::desc();
  const auto desc = matmul_desc(a, b, bias, y);
  if (!is_fast(desc)) return nullptr;
  return plan_of<dnnl::matmul>(
      desc, {{DNNL_ARG_SRC, a, a}, {DNNL_ARG_WEIGHTS, b, b}, {DNNL_ARG_DST, y, y, true}, {DNNL_ARG_BIAS, bias, bias}});
}

bool serves(DType t) { return data_type(t) != memory::data_type::undef; }

/// Some kernels of oneDNN 2.6 read out of bounds if a window lies completely in the padding.
bool windows_meet_picture(const ConvShape& s) { return s.pad < s.kernel_h && s.pad < s.kernel_w; }

}  // namespace

// The number of threads is part of each key: a primitive is made for it.

PlanPointer conv_plan(const ConvShape& s, Pass pass, EpilogueParts parts) {
  if (!serves(s.dtype) || !windows_meet_picture(s)) return nullptr;
  const PlanCache::Key key{0,
                           static_cast<int64_t>(pass),
                           parts.bias,
                           parts.residual + 2 * parts.in_place,
                           math_mode().deterministic,
                           omp_get_max_threads(),
                           static_cast<int64_t>(s.dtype),
                           s.batch,
                           s.height,
                           s.width,
                           s.in_channels,
                           s.out_channels,
                           s.kernel_h,
                           s.kernel_w,
                           s.stride,
                           s.pad};
  return cache().get(key, [&] { return make_conv(s, pass, parts); });
}

PlanPointer gemm_plan(const GemmShape& g, bool bias, int64_t row) {
  if (!serves(g.dtype)) return nullptr;
  if (row == 0) row = g.n;
  const PlanCache::Key key{
      1, bias, omp_get_max_threads(), static_cast<int64_t>(g.dtype), g.m, g.n, g.k, g.transpose_a, g.transpose_b, row};
  return cache().get(key, [&] { return make_gemm(g, bias, row); });
}

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
OneThread::~OneThread() { omp_set_num_threads(before_); }

}  // namespace cudenza::onednn
