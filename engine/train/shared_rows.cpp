#include "engine/train/shared_rows.h"

#include <algorithm>
#include <cstring>

#include "engine/audio/pcm.h"

namespace cudenza {
namespace {

constexpr int64_t kPiece = int64_t{64} << 20;  // bytes that go to all ranks at once

/// Everybody's number, by rank.
std::vector<int64_t> everybodys(int64_t own, Ranks& ranks) {
  const Tensor numbers = Tensor::zeros({ranks.size()}, DType::i64);
  numbers.data<int64_t>()[ranks.rank()] = own;
  ranks.gather(numbers);
  return numbers.to_vector<int64_t>();
}

std::vector<int> everybodys(const std::vector<int>& own, Ranks& ranks) {
  std::vector<std::string> texts;
  for (const int number : own) texts.push_back(std::to_string(number));
  std::vector<int> all;
  for (const std::string& text : ranks.joined(texts)) all.push_back(std::stoi(text));
  return all;
}

/// The ranks' rows below each other. Their numbers differ, so that they go by pieces of as many rows of each, some of them empty.
Tensor below_each_other(const Tensor& own, Ranks& ranks) {
  const std::vector<int64_t> counts = everybodys(own.size(0), ranks);
  std::vector<int64_t> extents(own.shape().begin(), own.shape().end());
  const int64_t row = static_cast<int64_t>(size_of(own.dtype())) * Shape(std::span(extents).subspan(1)).numel();
  extents[0] = 0;
  for (const int64_t count : counts) extents[0] += count;
  const Tensor all = Tensor::empty(Shape(extents), own.dtype());
  const int64_t most = std::ranges::max(counts), size = ranks.size(), at_once = std::clamp<int64_t>(kPiece / row / size, 1, most);
  auto* const to = static_cast<char*>(all.raw());
  const auto* const from = static_cast<const char*>(own.raw());
  const Tensor piece = Tensor::zeros({size * at_once, row}, DType::u8);
  auto* const bytes = static_cast<char*>(piece.raw());
  for (int64_t done = 0; done < most; done += at_once) {
    const auto length = [&](int64_t count) { return static_cast<size_t>(row * std::clamp<int64_t>(count - done, 0, at_once)); };
    std::memcpy(bytes + ranks.rank() * at_once * row, from + done * row, length(own.size(0)));
    ranks.gather(piece);
    int64_t begin = done;
    for (int64_t r = 0; r < size; begin += counts[static_cast<size_t>(r++)])
      std::memcpy(to + begin * row, bytes + r * at_once * row, length(counts[static_cast<size_t>(r)]));
  }
  return all;
}

}  // namespace

Rows shared_rows(Rows own, Ranks& ranks) {
  if (ranks.is_alone()) return own;
  Rows all{.data = {},
           .item = everybodys(own.item, ranks),
           .in_16_bits = 0,
           .bad = ranks.joined(own.bad),
           .remarks = ranks.joined(own.remarks)};
  for (const int64_t rows : everybodys(own.in_16_bits, ranks)) all.in_16_bits += rows;
  // One sound that 16 bits do not hold makes all of them floats, whoever has it.
  if (ranks.any(own.data.dtype() == DType::f32)) own.data = as_floats(own.data);
  all.data = all.item.empty() ? own.data : below_each_other(own.data, ranks);
  return all;
}

}  // namespace cudenza
