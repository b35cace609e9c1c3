#include "engine/optim/flat_parameters.h"

#include <algorithm>

namespace cudenza {
namespace {

constexpr int64_t kAlignment = 64 / sizeof(float);

int64_t aligned(int64_t elements) { return (elements + kAlignment - 1) / kAlignment * kAlignment; }

void check(const Parameter& p, const Parameter& first) {
  require(p.value.defined() && p.value.dtype() == DType::f32,
          "FlatParameters: parameter '{}' is {}, but master weights are f32; keep f32 parameters and cast in the forward pass",
          p.name, p.value.defined() ? name_of(p.value.dtype()) : "undefined");
  require(p.value.device() == first.value.device(),
          "FlatParameters: '{}' lives on {} but '{}' on {}; move the whole network to one device first", p.name, p.value.device(),
          first.name, first.value.device());
}

}  // namespace

FlatParameters::FlatParameters(const std::vector<ParameterGroup>& groups) {
  int64_t end = 0;
  for (const ParameterGroup& group : groups) {
    const int number = this->groups();
    ++groups_;
    for (const auto kind : {ParameterKind::weight, ParameterKind::norm, ParameterKind::bias}) {
      const int64_t begin = end;
      for (const Parameter& p : group.parameters) {
        if (p.kind != kind) continue;
        check(p, placed_.empty() ? p : placed_.front().parameter);
        placed_.push_back({p, end, sections_.size()});
        slices_.push_back({p.name, end, p.value.shape()});
        end = aligned(end + p.value.numel());
      }
      if (end > begin) sections_.push_back({begin, end, number, kind, true});
    }
  }
  require(!placed_.empty(), "FlatParameters: there are no parameters in {} groups", groups.size());
  const Device device = placed_.front().parameter.value.device();
  values_ = Tensor::zeros({end}, DType::f32, device);
  gradients_ = Tensor::zeros({end}, DType::f32, device);
  for (const Placed& p : placed_) {
    const Tensor& value = p.parameter.value;
    const auto is_inside = [&](const Tensor& t) { return t.raw() >= values_.raw() && t.raw() < values_.data<float>() + end; };
    require(!is_inside(value), "FlatParameters: parameter '{}' was given twice; list a shared tensor once", p.parameter.name);
    const Tensor place = values_.slice(p.begin, value.shape());
    place.copy_from(value);
    value.rebind(place);
    value.set_grad(gradients_.slice(p.begin, value.shape()));
    value.set_requires_grad(true);
  }
}

int64_t FlatParameters::count(bool trained_only) const {
  int64_t total = 0;
  for (const Placed& p : placed_) total += !trained_only || sections_[p.section].trains ? p.parameter.value.numel() : 0;
  return total;
}

int64_t FlatParameters::parameter_count() const { return count(false); }
int64_t FlatParameters::trained_count() const { return count(true); }

void FlatParameters::freeze_to(int group, bool norms_too) {
  require(group >= 0 && group <= groups(), "freeze_to: there is no group {} among {}", group, groups());
  for (Section& s : sections_) s.trains = s.group >= group || (s.kind == ParameterKind::norm && !norms_too);
  for (const Placed& p : placed_) p.parameter.value.set_requires_grad(sections_[p.section].trains);
  zero_grad();  // gradients gathered before freezing must not count any more
}

}  // namespace cudenza
