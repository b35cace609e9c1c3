#include "weights/tensor_record.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace cudenza {

void check_printable_name(const FileBytes& file, const std::string& name) {
  constexpr size_t kMostNameLength = 4096;
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
  if (name.empty() || name.size() > kMostNameLength || std::ranges::any_of(name, is_odd))
    file.fail("holds a tensor or a layer whose name is empty, too long, or has control characters in it");
}

void check_tensor_name(const FileBytes& file, const std::string& name) {
  constexpr size_t kMostNameLength = 512;
  const auto is_odd = [](char c) { return c == '/' || static_cast<unsigned char>(c) < ' ' || c == 127; };
  if (name.empty() || name.size() > kMostNameLength || name == "." || name == ".." || std::ranges::any_of(name, is_odd))
    file.fail("holds a tensor whose name is empty, too long, or has slashes or control characters in it");
}

int64_t TensorRecord::numel() const {
  int64_t product = 1;
  for (const int64_t size : sizes) product *= size;
  return product;
}

bool TensorRecord::is_contiguous() const {
  const auto dense = contiguous_strides(sizes);
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] != 1 && strides[axis] != dense[axis]) return false;
  }
  return true;
}

uint64_t TensorRecord::extent() const {
  uint64_t last = 0;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] == 0) return 0;
    last += static_cast<uint64_t>(sizes[axis] - 1) * static_cast<uint64_t>(strides[axis]);
  }
  return last + 1;
}

std::vector<int64_t> contiguous_strides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t step = 1;
  for (size_t axis = sizes.size(); axis-- > 0; step *= std::max<int64_t>(sizes[axis], 1)) strides[axis] = step;
  return strides;
}

TensorRecord checked_record(const FileBytes& file, std::string name, const StoredNumbers& numbers, int64_t offset,
                            std::vector<int64_t> sizes, std::vector<int64_t> strides) {
  if (sizes.size() != strides.size() || sizes.size() > kMostAxes)
    file.fail("{}: has {} sizes and {} strides; at most {} axes are read", name, sizes.size(), strides.size(), kMostAxes);
  const auto refuse = [&] {
    file.fail("{}: sizes [{}], strides [{}] and offset {} do not fit the {} numbers stored for it", name, fmt::join(sizes, ","),
              fmt::join(strides, ","), offset, numbers.count);
  };
  // A stride of 0 expands few numbers to many: limited to the file's bytes plus a constant.
  constexpr int64_t kAlwaysAllowed = 1 << 20;
  const int64_t most = static_cast<int64_t>(file.size()) + kAlwaysAllowed;
  int64_t count = 1, last = offset;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    int64_t reach = 0;
    if (sizes[axis] < 0 || strides[axis] < 0 || __builtin_mul_overflow(count, std::max<int64_t>(sizes[axis], 1), &count) ||
        count > most || __builtin_mul_overflow(std::max<int64_t>(sizes[axis] - 1, 0), strides[axis], &reach) ||
        __builtin_add_overflow(last, reach, &last))
      refuse();
  }
  const bool is_empty = std::ranges::find(sizes, 0) != sizes.end();
  if (offset < 0 || (!is_empty && static_cast<uint64_t>(last) >= numbers.count)) refuse();
  const uint64_t begin = numbers.begin + (is_empty ? 0 : static_cast<uint64_t>(offset) * size_of(numbers.dtype));
  return {std::move(name), numbers.dtype, std::move(sizes), std::move(strides), begin};
}

TensorRecord whole_record(const FileBytes& file, std::string name, const StoredNumbers& numbers, std::vector<int64_t> sizes) {
  uint64_t count = 1;
  const bool is_empty = std::ranges::find(sizes, 0) != sizes.end();
  for (const int64_t size : sizes) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<uint64_t>(std::max<int64_t>(size, 1)), &count))
      file.fail("{}: has an absurd shape", name);
  }
  if (is_empty) count = 0;
  if (count > numbers.count)
    file.fail("{}: sizes [{}] do not fit the {} numbers stored for it", name, fmt::join(sizes, ","), numbers.count);
  if (count < numbers.count)
    file.fail("{}: its shape [{}] does not need the {} bytes that it has", name, fmt::join(sizes, ","),
              numbers.count * size_of(numbers.dtype));
  std::vector<int64_t> strides = contiguous_strides(sizes);
  return checked_record(file, std::move(name), numbers, 0, std::move(sizes), std::move(strides));
}

}  // namespace cudenza
