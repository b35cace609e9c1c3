#include "weights/keras_place.h"

#include <vector>

namespace cudenza {
namespace {

using Network = KerasPlace::Network;

/// Compares a name with a pattern in which # stands for a number of one or two digits and @ for a letter from a on. Returns
/// their values; none if they differ.
std::optional<std::vector<int>> values_in(std::string_view name, std::string_view pattern) {
  std::vector<int> values;
  const auto is_digit = [&](size_t at) { return at < name.size() && name[at] >= '0' && name[at] <= '9'; };
  size_t at = 0;
  for (const char c : pattern) {
    if (c == '#') {
      if (!is_digit(at)) return std::nullopt;
      int value = name[at++] - '0';
      if (is_digit(at)) value = 10 * value + (name[at++] - '0');
      values.push_back(value);
    } else if (c == '@') {
      if (at == name.size() || name[at] < 'a' || name[at] > 'z') return std::nullopt;
      values.push_back(name[at++] - 'a' + 1);
    } else if (at == name.size() || name[at++] != c) {
      return std::nullopt;
    }
  }
  return at == name.size() ? std::optional(values) : std::nullopt;
}

size_t digits_end(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

/// Without zeros before it.
std::string_view number_at(std::string_view text, size_t at) {
  std::string_view digits = text.substr(at, digits_end(text, at) - at);
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

}  // namespace

std::optional<KerasPlace> keras_place(std::string_view name) {
  if (const auto v = values_in(name, "block#_conv#")) return KerasPlace{Network::vgg16, v->at(0), v->at(1)};
  if (name == "conv1_conv" || name == "conv1_bn") return KerasPlace{Network::resnet50, 1};
  if (name == "conv1" || name == "bn_conv1") return KerasPlace{.network = Network::resnet50, .stage = 1, .is_old = true};
  for (const char* pattern : {"conv#_block#_#_conv", "conv#_block#_#_bn"}) {
    if (const auto v = values_in(name, pattern))
      return KerasPlace{Network::resnet50, v->at(0), v->at(1), v->at(2) == 0 ? KerasPlace::kShortcut : v->at(2)};
  }
  for (const char* pattern : {"res#@_branch2@", "bn#@_branch2@"}) {
    if (const auto v = values_in(name, pattern)) return KerasPlace{Network::resnet50, v->at(0), v->at(1), v->at(2), true};
  }
  for (const char* pattern : {"res#@_branch1", "bn#@_branch1"}) {
    if (const auto v = values_in(name, pattern))
      return KerasPlace{Network::resnet50, v->at(0), v->at(1), KerasPlace::kShortcut, true};
  }
  return std::nullopt;
}

int natural_order(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const bool both_digits = digits_end(a, i) > i && digits_end(b, j) > j;
    if (!both_digits) {
      if (a[i] != b[j]) return a[i] < b[j] ? -1 : 1;
      ++i, ++j;
      continue;
    }
    const std::string_view m = number_at(a, i), n = number_at(b, j);
    if (m.size() != n.size()) return m.size() < n.size() ? -1 : 1;
    if (const int order = m.compare(n); order != 0) return order;
    i = digits_end(a, i), j = digits_end(b, j);
  }
  return static_cast<int>(a.size() - i > 0) - static_cast<int>(b.size() - j > 0);
}

}  // namespace cudenza
