/// One or more cuDNN kernels, ready to run on arrays of one shape.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cudenza::cudnn {

struct Card;

/// The arrays of a graph. Plans on disk contain these numbers: never change one.
enum class Slot : int64_t {
  x = 1,
  w = 2,
  y = 3,
  dy = 4,
  dx = 5,
  dw = 6,
  bias = 7,
  residual = 8,
  sum = 9,
  sum_of_squares = 10,
};

struct Binding {
  Slot slot;
  const void* pointer;
};

class Plan {
 public:
  /// `descriptor` is a finalized cudnnBackendDescriptor_t that lives as long as `owner`.
  Plan(std::shared_ptr<void> owner, void* descriptor, std::string engine);

  /// Restores a plan from json(), for the same kind of GPU and version of cuDNN. nullopt if cuDNN refuses it.
  static std::optional<Plan> from_json(const std::string& json, std::string engine, const Card&);
  /// nullopt if cuDNN cannot serialise the plan.
  std::optional<std::string> json() const;

  const std::string& engine() const { return engine_; }
  size_t workspace_bytes() const { return workspace_bytes_; }
  /// Enqueues the work on the stream of `handle` (a cudnnHandle_t). Only one thread at a time may use a handle.
  void execute(void* handle, std::span<const Binding>, void* workspace) const;

 private:
  std::shared_ptr<void> owner_;
  void* descriptor_;
  std::string engine_;
  size_t workspace_bytes_;
};

/// Throws DeviceError with cuDNN's reason unless `status` (a cudnnStatus_t) is success.
void check(int status, std::string_view call);
/// Version of the loaded library: "9.19.0".
std::string version();

}  // namespace cudenza::cudnn
