#include <cudnn.h>

#include <array>

#include "engine/core/error.h"
#include "engine/libraries/cudnn/graph.h"

namespace cudenza::cudnn {
namespace {

/// Owns a descriptor of cuDNN's backend.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    check(cudnnBackendCreateDescriptor(type, &raw_), "create descriptor");
  }
  ~Descriptor() { cudnnBackendDestroyDescriptor(raw_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  cudnnBackendDescriptor_t raw() const { return raw_; }
  bool set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, size_t count, const void* values) {
    return cudnnBackendSetAttribute(raw_, name, type, static_cast<int64_t>(count), values) == CUDNN_STATUS_SUCCESS;
  }
  bool finish() { return cudnnBackendFinalize(raw_) == CUDNN_STATUS_SUCCESS; }

 private:
  cudnnBackendDescriptor_t raw_ = nullptr;
};

size_t workspace_of(cudnnBackendDescriptor_t plan) {
  int64_t bytes = 0, count = 0;
  check(cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &bytes),
        "workspace size");
  return static_cast<size_t>(bytes);
}

/// Tells the plan which GPU it is for: by handle, or by properties alone.
bool set_card(Descriptor& plan, const Card& card) {
  if (card.handle) {
    cudnnHandle_t handle = static_cast<cudnnHandle_t>(card.handle);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // cudnn-frontend 1.18 loads plans this way too
    return plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
#pragma GCC diagnostic pop
  }
  Descriptor properties(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  if (!properties.set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, card.properties.size(),
                      card.properties.data()) ||
      !properties.finish()) {
    return false;
  }
  const cudnnBackendDescriptor_t raw = properties.raw();
  return plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &raw);
}

}  // namespace

Plan::Plan(std::shared_ptr<void> owner, void* descriptor, std::string engine)
    : owner_(std::move(owner)), descriptor_(descriptor), engine_(std::move(engine)), workspace_bytes_(workspace_of(descriptor)) {}

std::optional<Plan> Plan::from_json(const std::string& json, std::string engine, const Card& card) {
  auto plan = std::make_shared<Descriptor>(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (!plan->set(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, json.size(), json.data())) return std::nullopt;
  if (!set_card(*plan, card) || !plan->finish()) return std::nullopt;
  void* const raw = plan->raw();
  return Plan(std::move(plan), raw, std::move(engine));
}

std::optional<std::string> Plan::json() const {
  int64_t bytes = 0;
  if (cudnnBackendGetAttribute(descriptor_, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, &bytes, nullptr) !=
      CUDNN_STATUS_SUCCESS) {
    return std::nullopt;
  }
  std::string text(static_cast<size_t>(bytes), '\0');
  if (cudnnBackendGetAttribute(descriptor_, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, bytes, &bytes,
                               text.data()) != CUDNN_STATUS_SUCCESS) {
    return std::nullopt;
  }
  return text;
}

void Plan::execute(void* handle, std::span<const Binding> bindings, void* workspace) const {
  constexpr size_t kMost = 16;
  std::array<void*, kMost> pointers;
  std::array<int64_t, kMost> slots;
  if (bindings.size() > kMost) throw std::logic_error("cudnn: a graph with more than 16 arrays");
  for (size_t i = 0; i < bindings.size(); ++i) {
    pointers[i] = const_cast<void*>(bindings[i].pointer);  // cuDNN has one list for inputs and outputs
    slots[i] = static_cast<int64_t>(bindings[i].slot);
  }
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  const bool ready = pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace) &&
                     pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, bindings.size(), pointers.data()) &&
                     pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, bindings.size(), slots.data()) &&
                     pack.finish();
  if (!ready) throw std::logic_error("cudnn: the arrays were refused by " + engine_);
  check(cudnnBackendExecute(static_cast<cudnnHandle_t>(handle), descriptor_, pack.raw()), engine_);
}

void check(int status, std::string_view call) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 2048> detail{};
  cudnnGetLastErrorString(detail.data(), detail.size());
  throw DeviceError(
      fmt::format("cuDNN: {} failed: {} {}", call, cudnnGetErrorString(static_cast<cudnnStatus_t>(status)), detail.data()));
}

std::string version() {
  const size_t v = cudnnGetVersion();
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

}  // namespace cudenza::cudnn
