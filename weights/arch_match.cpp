#include "weights/arch_match.h"

#include <algorithm>
#include <map>

#include "engine/nn/checkpoint.h"
#include "engine/nn/layers.h"
#include "models/registry.h"

namespace cudenza {
namespace {

using ByName = std::map<std::string_view, const TensorRecord*>;

Shape shape_of(const TensorRecord& record) {
  if (record.shape().size() > Shape::kMaxRank) return {};
  return Shape(std::span<const int64_t>(record.shape()));
}

/// Compares records with one network.
class ArchComparison {
 public:
  ArchComparison(const std::vector<TensorRecord>& records, const std::string& arch, std::vector<ExpectedTensor> expected)
      : match_{.arch = arch} {
    ByName by_name;
    for (const TensorRecord& record : records) {
      if (!is_counter(record.name)) by_name.emplace(record.name, &record);
    }
    const std::string head = expected.back().name.substr(0, expected.back().name.find('.') + 1);
    const auto in_head = [&](std::string_view name) { return name.starts_with(head); };
    match_.headless = std::ranges::none_of(by_name, [&](const auto& entry) { return in_head(entry.first); });
    if (!match_.headless) adopt_classes(expected, by_name);
    for (const ExpectedTensor& e : expected) {
      if (!match_.headless || !in_head(e.name)) compare(e, by_name);
    }
    for (const auto& [name, record] : by_name) unexpected_.add(std::string(name));
    const bool fits = missing_.empty() && unexpected_.empty() && wrong_.empty();
    for (const ExpectedTensor& e : expected) {
      if (match_.headless && !fits && in_head(e.name)) missing_.add(e.name);
    }
  }

  ArchMatch match() {
    const auto append = [&](std::string_view what, const NameList& names) {
      if (!names.empty()) match_.fault += fmt::format("{}{}{}", match_.fault.empty() ? "" : "; ", what, names.text());
    };
    append("it lacks ", missing_);
    append("it has besides ", unexpected_);
    append("", wrong_);
    match_.score = static_cast<double>(fitting_) - 0.5 * static_cast<double>(missing_.size() + unexpected_.size());
    return match_;
  }

 private:
  void compare(const ExpectedTensor& e, ByName& by_name) {
    const auto at = by_name.find(e.name);
    if (at == by_name.end()) return missing_.add(e.name);
    if (at->second->shape().size() == static_cast<size_t>(e.shape.rank()) && shape_of(*at->second) == e.shape) ++fitting_;
    else wrong_.add(fmt::format("{} is {} and not {}", e.name, shape_of(*at->second), e.shape));
    by_name.erase(at);
  }

  /// Another task's last layer has another number of rows: expects the file's.
  void adopt_classes(std::vector<ExpectedTensor>& expected, const ByName& by_name) {
    ExpectedTensor &weight = expected[expected.size() - 2], &bias = expected.back();
    match_.classes = static_cast<int>(weight.shape[0]);
    const auto at = by_name.find(weight.name);
    if (at == by_name.end()) return;
    const std::vector<int64_t>& shape = at->second->shape();
    if (shape.size() != 2 || shape[0] < 1 || shape[0] > INT32_MAX) return;
    match_.classes = static_cast<int>(shape[0]);
    weight.shape = {match_.classes, weight.shape[1]};
    bias.shape = {match_.classes};
  }

  ArchMatch match_;
  size_t fitting_ = 0;
  NameList missing_, unexpected_, wrong_;
};

}  // namespace

void NameList::add(const std::string& name) {
  constexpr size_t kMostListed = 5;
  if (++count_ <= kMostListed) text_ += (text_.empty() ? "" : ", ") + name;
  else rest_ = fmt::format(" and {} more", count_ - kMostListed);
}

bool is_counter(std::string_view name) { return name.ends_with("num_batches_tracked") || name == "n_averaged"; }

std::vector<ExpectedTensor> expected_tensors(const std::string& arch, int classes) {
  const UnsetWeights unset;
  NetworkOptions options;
  options.classes = classes;
  std::vector<ExpectedTensor> expected;
  for (const StateEntry& e : file_state(*make_network(arch, options))) expected.push_back({e.name, e.file_shape});
  return expected;
}

ArchMatch match_arch(const std::vector<TensorRecord>& records, const std::string& arch, std::vector<ExpectedTensor> expected) {
  return ArchComparison(records, arch, std::move(expected)).match();
}

ArchMatch match_arch(const std::vector<TensorRecord>& records, const std::string& arch) {
  if (!arch.empty()) return match_arch(records, arch, expected_tensors(arch));
  ArchMatch best;
  for (const std::string_view name : network_names()) {
    ArchMatch match = match_arch(records, std::string(name), expected_tensors(std::string(name)));
    if (best.arch.empty() || match.score > best.score) best = std::move(match);
  }
  return best;
}

}  // namespace cudenza
