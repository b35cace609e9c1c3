/// Where a tensor lives and is computed.
#pragma once
#include <string>
#include <string_view>

#include "engine/core/error.h"

namespace cudenza {

class Device {
 public:
  static constexpr Device cpu() { return Device(-1); }
  /// GPU number `index`. Throws DeviceError with the reason if there is none.
  static Device cuda(int index = 0);
  /// "auto" (a GPU if there is one), "cpu", "cuda" or "cuda:N". Throws UsageError for other names.
  static Device from_name(std::string_view name);

  constexpr bool is_cpu() const { return index_ < 0; }
  constexpr bool is_cuda() const { return index_ >= 0; }
  /// REQUIRES is_cuda().
  constexpr int index() const { return index_; }
  std::string name() const;
  constexpr bool operator==(const Device&) const = default;

 private:
  explicit constexpr Device(int index) : index_(index) {}
  int index_;
};

}  // namespace cudenza

template <> struct fmt::formatter<cudenza::Device> : fmt::formatter<std::string> {
  auto format(cudenza::Device d, format_context& out) const { return formatter<std::string>::format(d.name(), out); }
};
