#include "engine/core/tensor.h"

#include <cstring>
#include <stdexcept>

#include "engine/core/cast.h"
#include "engine/core/dispatch.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {

struct Tensor::Impl {
  Shape shape;
  DType dtype;
  std::shared_ptr<Storage> storage;
  size_t offset_bytes = 0;
  std::shared_ptr<Variable> variable;
  Quantization quantization = {};
};

namespace {

/// The copy waits for the work that makes its source. Later work on the source's device, which may overwrite or release it, waits
/// for the copy.
void copy_between_devices(void* to, int to_device, const void* from, int from_device, size_t bytes) {
  if (gpu::is_capturing())
    throw std::logic_error(
        fmt::format("a capture: it holds the work of one device, but {} bytes are copied from cuda:{} to cuda:{}", bytes,
                    from_device, to_device));
  gpu::wait_for(to_device, from_device);
  gpu::copy_between(to, to_device, from, from_device, bytes);
  gpu::wait_for(from_device, to_device);
}

void copy_bytes(void* to, Device to_device, const void* from, Device from_device, size_t bytes) {
  if (bytes == 0) return;
  if (to_device.is_cpu() != from_device.is_cpu() && gpu::is_capturing()) {
    throw std::logic_error(fmt::format(
        "a capture: {} bytes would be copied from {} to {} at every replay, but the host's are gone then; do it before", bytes,
        from_device, to_device));
  }
  if (to_device.is_cpu() && from_device.is_cpu()) {
    std::memcpy(to, from, bytes);
  } else if (to_device.is_cpu()) {
    gpu::copy(to, from, bytes, gpu::Copy::device_to_host, from_device.index());
  } else if (from_device.is_cpu()) {
    gpu::copy(to, from, bytes, gpu::Copy::host_to_device, to_device.index());
  } else if (to_device == from_device) {
    gpu::copy(to, from, bytes, gpu::Copy::device_to_device, to_device.index());
  } else {
    copy_between_devices(to, to_device.index(), from, from_device.index(), bytes);
  }
}

template <class To, class From> void cast_elements(const void* from, void* to, int64_t count) {
  const From* x = static_cast<const From*>(from);
  To* y = static_cast<To*>(to);
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<To, bf16> || std::is_same_v<To, f16>) y[i] = To(static_cast<float>(x[i]));
    else y[i] = static_cast<To>(x[i]);
  }
}

}  // namespace

Tensor::Impl& Tensor::impl() const {
  require(defined(), "a tensor was used before it was given a value (undefined tensor)");
  return *impl_;
}

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
  const size_t bytes = static_cast<size_t>(shape.numel()) * size_of(dtype);
  return Tensor(std::make_shared<Impl>(Impl{shape, dtype, std::make_shared<Storage>(bytes, device), 0, nullptr, {}}));
}

Tensor Tensor::quantized(const Shape& shape, const Quantization& quantization, Device device) {
  const Tensor t = empty(shape, DType::u8, device);
  t.impl().quantization = quantization;
  return t;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  const Tensor t = empty(shape, dtype, device);
  t.fill_zero();
  return t;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  if (device.is_cuda() && is_floating(dtype) && dtype != DType::f64) {  // without the host, so that a captured step may call it
    const Tensor t = empty(shape, dtype, device);
    dispatch_kernel("full", device, dtype, [&]<class T>(auto where) {
      kernels::map(where, kernels::Constant{value}, t.data<T>(), t.data<T>(), t.numel());
    });
    return t;
  }
  const Tensor t = empty(shape, dtype);
  dispatch_any("full", dtype, [&]<class T>() {
    for (T& element : t.span<T>()) cast_elements<T, double>(&value, &element, 1);
  });
  return device.is_cpu() ? t : t.to(device);
}

Tensor Tensor::from_bytes(const void* bytes, size_t count, const Shape& shape, DType dtype, Device device) {
  require(static_cast<int64_t>(count) == shape.numel(), "Tensor::from: {} values do not fill shape {}", count, shape);
  const Tensor t = empty(shape, dtype, device);
  copy_bytes(t.raw(), device, bytes, Device::cpu(), t.bytes());
  return t;
}

const Shape& Tensor::shape() const { return impl().shape; }
DType Tensor::dtype() const { return impl().dtype; }
const Quantization& Tensor::quantization() const { return impl().quantization; }
Device Tensor::device() const { return impl().storage->device(); }
void* Tensor::raw() const {
  const Impl& i = impl();
  require(i.storage->data() || i.shape.numel() == 0, "the elements of a tensor {} {} are read, but were dropped", i.dtype,
          i.shape);
  return static_cast<char*>(i.storage->data()) + i.offset_bytes;
}

void Tensor::check_dtype(DType wanted) const {
  require(dtype() == wanted, "the tensor {} holds {}, but was read as {}", shape(), dtype(), wanted);
}

void Tensor::check_on_host() const {
  require(device().is_cpu(), "the tensor {} lives on {}; call .to(Device::cpu()) before reading its elements", shape(), device());
}

template <class T> std::vector<T> Tensor::to_vector() const {
  const Tensor host = to(Device::cpu()).to(dtype_of<T>);
  const auto values = host.span<T>();
  return {values.begin(), values.end()};
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<int32_t> Tensor::to_vector() const;
template std::vector<uint32_t> Tensor::to_vector() const;
template std::vector<int16_t> Tensor::to_vector() const;
template std::vector<uint8_t> Tensor::to_vector() const;

double Tensor::item() const {
  require(numel() == 1, "item: the tensor {} has {} elements, not one", shape(), numel());
  return to_vector<double>()[0];
}

Tensor Tensor::to(Device target) const {
  if (target == device()) return detach();
  const Tensor t = empty(shape(), dtype(), target);
  t.impl().quantization = quantization();
  t.copy_from(*this);
  return t;
}

Tensor Tensor::to(DType target) const {
  if (target == dtype()) return detach();
  const Tensor t = empty(shape(), target, device());
  if (cast_by_kernel(*this, t)) return t;
  if (device().is_cuda()) return to(Device::cpu()).to(target).to(device());
  dispatch_any("to", dtype(), [&]<class From>() {
    dispatch_any("to", target, [&]<class To>() { cast_elements<To, From>(raw(), t.raw(), numel()); });
  });
  return t;
}

Tensor Tensor::clone() const {
  const Tensor t = empty(shape(), dtype(), device());
  t.impl().quantization = quantization();
  t.copy_from(*this);
  return t;
}

Tensor Tensor::view(const Shape& new_shape) const {
  require(new_shape.numel() == numel(), "view: {} has {} elements and cannot become {}", shape(), numel(), new_shape);
  return slice(0, new_shape);
}

Tensor Tensor::slice(int64_t begin, const Shape& new_shape) const {
  require(begin >= 0 && begin + new_shape.numel() <= numel(), "slice: elements {} to {} lie outside {}", begin,
          begin + new_shape.numel(), shape());
  return Tensor(std::make_shared<Impl>(Impl{new_shape, dtype(), impl().storage,
                                            impl().offset_bytes + static_cast<size_t>(begin) * size_of(dtype()), nullptr,
                                            impl().quantization}));
}

void Tensor::copy_from(const Tensor& source) const {
  require(source.shape() == shape() && source.dtype() == dtype(), "copy_from: {} {} cannot be copied into {} {}", source.dtype(),
          source.shape(), dtype(), shape());
  copy_bytes(raw(), device(), source.raw(), source.device(), bytes());
}

void Tensor::fill_zero() const {
  if (bytes() == 0) return;
  if (device().is_cpu()) std::memset(raw(), 0, bytes());
  else gpu::fill(raw(), 0, bytes(), device().index());
}

const std::shared_ptr<Variable>& Tensor::variable() const { return impl().variable; }
void Tensor::set_variable(std::shared_ptr<Variable> variable) const { impl().variable = std::move(variable); }

Tensor Tensor::detach() const { return slice(0, shape()); }

void Tensor::drop_elements() const { impl().storage = std::make_shared<Storage>(0, device()); }

void Tensor::rebind(const Tensor& place) const {
  require(place.shape() == shape() && place.dtype() == dtype(), "rebind: {} {} cannot stand for {} {}", place.dtype(),
          place.shape(), dtype(), shape());
  impl().storage = place.impl().storage;
  impl().offset_bytes = place.impl().offset_bytes;
}

}  // namespace cudenza
