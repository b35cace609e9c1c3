#include "engine/core/ranks.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace cudenza {

Share share_of(int64_t whole, int rank, int size) {
  require(size > 0 && rank >= 0 && rank < size && whole >= 0, "share_of: there is no rank {} of {} with {} items", rank, size,
          whole);
  const int64_t each = whole / size, left = whole % size;  // the first `left` ranks have one more
  return {rank * each + std::min<int64_t>(rank, left), each + (rank < left)};
}

void Ranks::check_can_sum(DType dtype) {
  require(dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16, "Ranks::sum: takes f32, f64 and bf16, but got {}",
          dtype);
}

bool Ranks::any(bool here) {
  if (is_alone()) return here;
  const Tensor count = Tensor::full({1}, here, DType::f32);
  sum(count);
  return count.item() > 0;
}

double Ranks::of_first(double value) {
  if (is_alone()) return value;
  const Tensor shared = Tensor::full({1}, value, DType::f64);
  broadcast(shared);
  return shared.item();
}

std::vector<std::string> Ranks::joined(const std::vector<std::string>& own) {
  if (is_alone()) return own;
  std::string packed;
  for (const std::string& text : own) packed += fmt::format("{}:{}", text.size(), text);
  const std::string whole = fmt::format("{}", fmt::join(collect(packed), ""));
  const Tensor bytes = Tensor::empty({static_cast<int64_t>(of_first(static_cast<double>(whole.size())))}, DType::u8);
  if (is_first()) std::ranges::copy(whole, bytes.data<uint8_t>());
  broadcast(bytes);
  std::vector<std::string> all;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data<uint8_t>()), bytes.bytes());
  for (size_t at = 0; at < text.size();) {
    const size_t colon = text.find(':', at), length = std::stoul(std::string(text.substr(at, colon - at)));
    all.emplace_back(text.substr(colon + 1, length));
    at = colon + 1 + length;
  }
  return all;
}

}  // namespace cudenza
