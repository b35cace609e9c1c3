/// Dense array on one device, with its place in the autograd graph.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/shape.h"

namespace cudenza {

class Storage;
struct Variable;  // engine/autograd/node.h: requires_grad, the gradient, the op that made this tensor

/// Copies share the elements and the gradient; clone() does not. Always contiguous, outermost extent first. A
/// default-made tensor is undefined: it stands for "none".
class Tensor {
 public:
  Tensor() = default;
  static Tensor empty(const Shape&, DType, Device = Device::cpu());  ///< elements not initialised
  static Tensor zeros(const Shape&, DType, Device = Device::cpu());
  static Tensor full(const Shape&, double value, DType, Device = Device::cpu());
  template <class T> static Tensor from(std::span<const T> values, const Shape&, Device = Device::cpu());
  template <class T> static Tensor from(const std::vector<T>& values, const Shape& shape, Device device = Device::cpu()) {
    return from(std::span<const T>(values), shape, device);
  }

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const;
  int64_t size(int axis) const { return shape()[axis]; }
  int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  Device device() const;
  size_t bytes() const { return static_cast<size_t>(numel()) * size_of(dtype()); }

  void* raw() const;  ///< first element, on whichever device
  /// First element, on whichever device. Throws UsageError unless T is the element type.
  template <class T> T* data() const {
    check_dtype(dtype_of<T>);
    return static_cast<T*>(raw());
  }
  /// All elements. Throws UsageError unless T is the element type and the tensor lives on the CPU.
  template <class T> std::span<T> span() const {
    check_on_host();
    return {data<T>(), static_cast<size_t>(numel())};
  }
  /// All elements as a vector of T, cast and copied from whichever device.
  template <class T> std::vector<T> to_vector() const;
  /// The one element of a one-element tensor, as a double. Waits for the device.
  double item() const;
  /// Type, shape, device and values, of long dimensions the first and the last three: what fmt prints. Waits for the device.
  std::string text() const;

  // Data only: the results stand outside the autograd graph (ops/ has the differentiable ones).
  Tensor to(Device) const;
  Tensor to(DType) const;
  Tensor clone() const;
  Tensor view(const Shape&) const;                  ///< same elements under another shape of equal size
  Tensor slice(int64_t begin, const Shape&) const;  ///< the elements from flat position `begin` on
  void copy_from(const Tensor&) const;              ///< same shape and dtype, any device
  void fill_zero() const;

  // Autograd (engine/autograd).
  /// Row i of the first dimension, a window on the same elements; i < 0 counts from the end. Differentiable.
  Tensor operator[](int64_t i) const;
  bool requires_grad() const;
  const Tensor& set_requires_grad(bool) const;
  /// Whether a gradient will flow here: a leaf that requires one, or the result of an op on such.
  bool tracks_grad() const;
  Tensor grad() const;                 ///< undefined until backward() has reached this leaf
  void set_grad(const Tensor&) const;  ///< a place (a slice of a flat buffer) that backward() adds to
  /// Gradients of this one-element tensor with respect to all leaves that require them, added to their grad().
  void backward() const;
  void backward(const Tensor& dy) const;  ///< the same, starting from a given gradient of this tensor
  Tensor detach() const;                  ///< same elements, outside the graph

  const std::shared_ptr<Variable>& variable() const;
  void set_variable(std::shared_ptr<Variable>) const;
  /// Makes this tensor (and all its copies) a window on another's elements: how parameters move into a flat buffer.
  void rebind(const Tensor& place) const;
  bool same_elements(const Tensor& other) const { return defined() && other.defined() && raw() == other.raw(); }

 private:
  struct Impl;
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  Impl& impl() const;
  void check_dtype(DType) const;
  void check_on_host() const;
  static Tensor from_bytes(const void* bytes, size_t count, const Shape&, DType, Device);

  std::shared_ptr<Impl> impl_;
};

template <class T> Tensor Tensor::from(std::span<const T> values, const Shape& shape, Device device) {
  return from_bytes(values.data(), values.size(), shape, dtype_of<T>, device);
}

}  // namespace cudenza

template <> struct fmt::formatter<cudenza::Tensor> : fmt::formatter<std::string> {
  auto format(const cudenza::Tensor& x, format_context& out) const { return formatter<std::string>::format(x.text(), out); }
};
