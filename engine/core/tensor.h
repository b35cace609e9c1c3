/// Dense array on one device, with its place in the autograd graph.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/quantization.h"
#include "engine/core/shape.h"

namespace cudenza {

class Storage;
struct Variable;  // engine/autograd/node.h: requires_grad, the gradient, the op that made this tensor

/// Copies share the elements and the gradient; clone() does not. Always contiguous, outermost extent first. A
/// default-constructed tensor is undefined: it means "none".
class Tensor {
 public:
  Tensor() = default;
  static Tensor empty(const Shape&, DType, Device = Device::cpu());  ///< elements not initialised
  static Tensor zeros(const Shape&, DType, Device = Device::cpu());
  /// u8, elements not initialised. Views, slices and clones of it stand for the same.
  static Tensor quantized(const Shape&, const Quantization&, Device = Device::cpu());
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
  const Quantization& quantization() const;  ///< of a u8 tensor, if it is quantized
  size_t bytes() const { return static_cast<size_t>(numel()) * size_of(dtype()); }

  void* raw() const;  ///< address of the first element, on this device
  /// Address of the first element, on this device. Throws UsageError unless T matches dtype().
  template <class T> T* data() const {
    check_dtype(dtype_of<T>);
    return static_cast<T*>(raw());
  }
  /// All elements. Throws UsageError unless T matches dtype() and the tensor is on the CPU.
  template <class T> std::span<T> span() const {
    check_on_host();
    return {data<T>(), static_cast<size_t>(numel())};
  }
  /// All elements, cast to T and copied to the host.
  template <class T> std::vector<T> to_vector() const;
  /// The value of a one-element tensor. Waits for the device.
  double item() const;
  /// Dtype, shape, device and values (of long dimensions the first and last three), as fmt prints them. Waits for the device.
  std::string text() const;

  // Data only: the results are outside the autograd graph (engine/ops has differentiable versions).
  Tensor to(Device) const;
  Tensor to(DType) const;
  Tensor clone() const;
  Tensor view(const Shape&) const;                  ///< same elements, another shape of equal size
  Tensor slice(int64_t begin, const Shape&) const;  ///< shares the elements from flat index `begin` on
  void copy_from(const Tensor&) const;              ///< same shape and dtype, any device
  void fill_zero() const;

  // Autograd (engine/autograd).
  /// Entry i of the first dimension; shares the elements. i < 0 counts from the end. Differentiable.
  Tensor operator[](int64_t i) const;
  bool requires_grad() const;
  const Tensor& set_requires_grad(bool) const;
  /// True for a leaf that requires a gradient and for the result of a recorded op; false inside NoGrad.
  bool tracks_grad() const;
  Tensor grad() const;                 ///< undefined until backward() has reached this leaf
  void set_grad(const Tensor&) const;  ///< a buffer (slice of a flat one) that backward() adds to
  /// Adds the gradients of this one-element tensor to grad() of all leaves that require one.
  void backward() const;
  void backward(const Tensor& dy) const;  ///< the same, given the gradient of this tensor
  Tensor detach() const;                  ///< same elements, outside the graph

  const std::shared_ptr<Variable>& variable() const;
  void set_variable(std::shared_ptr<Variable>) const;
  /// Makes this tensor and all its copies share the elements of `place`: moves parameters into a flat buffer.
  void rebind(const Tensor& place) const;
  /// Frees the elements of this tensor and all its copies, unless views still share them. Shape, dtype and device stay; whoever
  /// asks for the elements gets a UsageError.
  void drop_elements() const;
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
