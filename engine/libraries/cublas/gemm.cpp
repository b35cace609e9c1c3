/// Matrix products on cuBLASLt, which is column-major. A row-major [m,n] array is a column-major [n,m] one: so it computes yᵀ
/// = Bᵀ · Aᵀ, with b first and a second, and no element is moved.
#include "engine/libraries/gemm.h"

#include <cublasLt.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "engine/core/dispatch.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/libraries/cuda/device_scope.h"
#include "engine/libraries/cuda/library_of.h"
#include "engine/libraries/math_mode.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

constexpr size_t kMostWorkspace = size_t{32} << 20;  // NVIDIA's advice for Hopper; more than enough for older GPUs

void check(cublasStatus_t status, std::string_view call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw DeviceError(fmt::format("cuBLASLt: {} failed: {}", call, cublasLtGetStatusString(status)));
}

cudaDataType_t type_of(DType t) {
  switch (t) {
    case DType::f32: return CUDA_R_32F;
    case DType::bf16: return CUDA_R_16BF;
    case DType::f16: return CUDA_R_16F;
    case DType::f64: throw_no_f64_on_gpu("gemm");
    default: throw_not_floating("gemm", t);
  }
}

/// Owns one of cuBLASLt's opaque objects.
template <class T, cublasStatus_t (*destroy)(T)> class Owned {
 public:
  Owned() = default;
  ~Owned() {
    if (object_) destroy(object_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  operator T() const { return object_; }
  T* place() { return &object_; }

 private:
  T object_ = nullptr;
};
using Operation = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// A product with the algorithm chosen for it.
struct Product {
  Operation operation;
  Layout first, second, result;
  cublasLtMatmulAlgo_t algorithm{};
  size_t workspace_bytes = 0;
};

struct Question {
  GemmShape shape;
  bool bias = false, tf32 = false;
  int alignment = 16;  ///< of the least aligned array, in bytes
  auto key() const {
    return std::tuple(shape.dtype, shape.m, shape.n, shape.k, shape.transpose_a, shape.transpose_b, bias, tf32, alignment);
  }
  bool operator<(const Question& other) const { return key() < other.key(); }
};

template <class T> void set(cublasLtMatmulDesc_t operation, cublasLtMatmulDescAttributes_t attribute, const T& value) {
  check(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof value), "set attribute");
}
template <class T>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
  check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value), "set preference");
}

void describe(const Question& q, Product& p) {
  const GemmShape& s = q.shape;
  const auto type = type_of(s.dtype);
  check(cublasLtMatmulDescCreate(p.operation.place(), q.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
        "describe");
  set(p.operation, CUBLASLT_MATMUL_DESC_TRANSA, s.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(p.operation, CUBLASLT_MATMUL_DESC_TRANSB, s.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (q.bias) set(p.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);  // one for each row of yᵀ, in y's type
  // Rows and columns as cuBLASLt counts them; its leading dimension is our number of columns.
  const auto layout = [&](Layout& place, int64_t our_rows, int64_t our_columns) {
    check(cublasLtMatrixLayoutCreate(place.place(), type, static_cast<uint64_t>(our_columns), static_cast<uint64_t>(our_rows),
                                     our_columns),
          "layout");
  };
  layout(p.first, s.transpose_b ? s.n : s.k, s.transpose_b ? s.k : s.n);
  layout(p.second, s.transpose_a ? s.k : s.m, s.transpose_a ? s.m : s.k);
  layout(p.result, s.m, s.n);
}

/// cuBLASLt on one GPU, and the algorithms found so far.
class Library {
 public:
  explicit Library(int device) : device_(device) { check(cublasLtCreate(&handle_), "cublasLtCreate"); }

  /// Enqueues y = A · B (+ bias, in y's dtype). Returns false and does nothing if there is no algorithm.
  bool run(const Question& q, const void* a, const void* b, void* y, const void* bias) {
    std::lock_guard lock(mutex_);  // the bias pointer is set in the shared description
    const Product* p = product(q, bias);
    if (!p) return false;
    if (bias) set(p->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    const Storage workspace(p->workspace_bytes, Device::cuda(device_));
    const float one = 1, zero = 0;
    check(cublasLtMatmul(handle_, p->operation, &one, b, p->first, a, p->second, &zero, y, p->result, y, p->result, &p->algorithm,
                         workspace.data(), workspace.bytes(), static_cast<cudaStream_t>(gpu::stream(device_))),
          "cublasLtMatmul");
    return true;
  }

 private:
  const Product* product(const Question& q, const void* bias) {
    const auto [entry, is_new] = products_.try_emplace(q);
    if (is_new) entry->second = found(q, bias);
    return entry->second.get();
  }

  std::unique_ptr<Product> found(const Question& q, const void* bias) const {
    auto p = std::make_unique<Product>();
    describe(q, *p);
    if (bias) set(p->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);  // its alignment affects the choice
    Preference preference;
    check(cublasLtMatmulPreferenceCreate(preference.place()), "preference");
    set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kMostWorkspace);
    for (const auto attribute : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                                 CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set(preference, attribute, static_cast<uint32_t>(q.alignment));
    }
    cublasLtMatmulHeuristicResult_t best{};
    int count = 0;
    const auto status = cublasLtMatmulAlgoGetHeuristic(handle_, p->operation, p->first, p->second, p->result, p->result,
                                                       preference, 1, &best, &count);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && count == 0)) return nullptr;
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    p->algorithm = best.algo;
    p->workspace_bytes = best.workspaceSize;
    return p;
  }

  int device_;
  cublasLtHandle_t handle_ = nullptr;  // lives as long as the process, like the stream
  std::mutex mutex_;
  std::map<Question, std::unique_ptr<Product>> products_;
};

/// y = A · B + bias in one call. The epilogue needs the bias in y's dtype, so it is rounded like any input.
bool run_fused(Device device, Library& lt, Question q, const void* a, const void* b, void* y, const void* bias) {
  q.bias = true;
  q.alignment = std::min(q.alignment, alignment_of({bias}));
  if (q.shape.dtype == DType::f32) return lt.run(q, a, b, y, bias);
  bool done = false;
  const Storage rounded(static_cast<size_t>(q.shape.n) * size_of(q.shape.dtype), device);
  dispatch_kernel("gemm", device, q.shape.dtype, [&]<class T>(auto where) {
    if constexpr (sizeof(T) == 2 && std::is_same_v<decltype(where), kernels::Gpu>) {
      kernels::map(where, kernels::Identity{}, static_cast<const float*>(bias), static_cast<T*>(rounded.data()), q.shape.n);
      done = lt.run(q, a, b, y, rounded.data());
    }
  });
  return done;
}

void add_bias(Device device, const GemmShape& s, void* y, const void* bias) {
  dispatch_kernel("gemm", device, s.dtype, [&]<class T>(auto where) {
    T* const out = static_cast<T*>(y);
    kernels::map_channels(where, kernels::Plus{}, out, static_cast<const acc_t<T>*>(bias), out, s.m, s.n);
  });
}

}  // namespace

void gemm_gpu(Device device, const GemmShape& s, const void* a, const void* b, void* y, const void* bias) {
  type_of(s.dtype);  // throws for a dtype that GPUs do not support
  if (s.m == 0 || s.n == 0) return;
  const DeviceScope scope(device.index());
  if (s.k == 0) {  // cuBLASLt rejects empty sums
    gpu::fill(y, 0, static_cast<size_t>(s.m * s.n) * size_of(s.dtype), device.index());
    return bias ? add_bias(device, s, y, bias) : void();
  }
  Library& lt = library_of<Library>(device.index());
  const Question q{.shape = s, .tf32 = s.dtype == DType::f32 && math_mode().tf32_matmuls, .alignment = alignment_of({a, b, y})};
  if (bias && run_fused(device, lt, q, a, b, y, bias)) return;
  if (!lt.run(q, a, b, y, nullptr)) {
    throw DeviceError(
        fmt::format("gemm: cuBLASLt has no algorithm for {} [{},{}] x [{},{}] on {}", s.dtype, s.m, s.k, s.k, s.n, device));
  }
  if (bias) add_bias(device, s, y, bias);
}

}  // namespace cudenza
