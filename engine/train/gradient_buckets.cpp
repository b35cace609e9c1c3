#include "engine/train/gradient_buckets.h"

#include <algorithm>

#include "engine/autograd/leaf_sums.h"
#include "engine/core/cast.h"

namespace cudenza {
namespace {

/// Adds the parameters between two places of the buffer, the last one first, to buckets of their own.
void cut(const FlatParameters& parameters, int64_t begin, int64_t end, int64_t elements, std::vector<GradientBucket>& buckets) {
  bool is_open = false;
  for (auto slice = parameters.slices().rbegin(); slice != parameters.slices().rend(); ++slice) {
    if (slice->begin < begin || slice->begin >= end) continue;
    if (!is_open) buckets.push_back({end, end, 0});
    GradientBucket& bucket = buckets.back();
    bucket.begin = end = slice->begin;
    ++bucket.parameters;
    is_open = bucket.end - bucket.begin < elements;
  }
}

}  // namespace

std::vector<GradientBucket> buckets_of(const FlatParameters& parameters, int64_t bytes) {
  const int64_t elements = bytes / static_cast<int64_t>(sizeof(float));
  std::vector<GradientBucket> buckets;
  for (int group = parameters.groups() - 1; group >= 0; --group) {
    int64_t others_begin = 0, others_end = 0;  // norms and biases are neighbours
    for (const FlatParameters::Section& section : parameters.sections()) {
      if (section.group != group || !section.trains) continue;
      if (section.kind == ParameterKind::weight) {
        cut(parameters, section.begin, section.end, elements, buckets);
      } else {
        if (others_begin == others_end) others_begin = section.begin;
        others_end = section.end;
      }
    }
    cut(parameters, others_begin, others_end, elements, buckets);
  }
  return buckets;
}

GradientBuckets::GradientBuckets(const FlatParameters& parameters, Ranks& ranks, const Spec& spec)
    : parameters_(parameters),
      ranks_(ranks),
      wire_(spec.wire),
      buckets_(buckets_of(parameters, spec.bytes)),
      observer_([this](const Tensor& grad, LeafSums& waiting) { count(grad, waiting); }) {}

/// This gradient is ready. Sends what can leave now.
void GradientBuckets::count(const Tensor& grad, LeafSums& waiting) {
  const auto* const first = parameters_.gradients().data<float>();
  const auto* const place = static_cast<const float*>(grad.raw());
  const auto own =
      std::ranges::find_if(buckets_, [&](const GradientBucket& b) { return place >= first + b.begin && place < first + b.end; });
  if (own == buckets_.end()) return;
  --own->parameters;
  if (next_ == buckets_.size() || buckets_[next_].parameters > 0) return;
  waiting.finish();
  while (next_ < buckets_.size() && buckets_[next_].parameters == 0) send(buckets_[next_++]);
}

void GradientBuckets::send(const GradientBucket& bucket) {
  const Tensor gradients = parameters_.gradients().slice(bucket.begin, {bucket.end - bucket.begin});
  if (wire_ == DType::f32) return ranks_.start_sum(gradients);
  rounded_.push_back({gradients, gradients.to(wire_)});
  ranks_.start_sum(rounded_.back().sent);
}

void GradientBuckets::finish() {
  while (next_ < buckets_.size()) send(buckets_[next_++]);  // parameters that the loss did not depend on
  ranks_.finish_sums();
  for (const Rounded& one : rounded_) cast_by_kernel(one.sent, one.gradients);
  rounded_.clear();
}

}  // namespace cudenza
