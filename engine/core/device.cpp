#include "engine/core/device.h"

#include <charconv>

#include "engine/core/gpu.h"

namespace cudenza {

Device Device::cuda(int index) {
  const int count = gpu::count();
  if (count == 0) throw DeviceError(fmt::format("no GPU can be used: {}; use `device` cpu", gpu::why_none()));
  if (index < 0 || index >= count)
    throw DeviceError(fmt::format("cuda:{} does not exist; this machine has {} GPU(s), numbered from 0", index, count));
  return Device(index);
}

Device Device::from_name(std::string_view name) {
  if (name == "cpu") return cpu();
  if (name == "auto") return gpu::count() > 0 ? cuda(0) : cpu();
  if (name == "cuda") return cuda(0);
  int index = 0;
  if (name.starts_with("cuda:")) {
    const auto [end, error] = std::from_chars(name.data() + 5, name.data() + name.size(), index);
    if (error == std::errc{} && end == name.data() + name.size()) return cuda(index);
  }
  throw UsageError(fmt::format("no device is called '{}'; choose auto, cpu, cuda or cuda:N", name));
}

std::string Device::name() const { return is_cpu() ? "cpu" : fmt::format("cuda:{}", index_); }

}  // namespace cudenza
