#include "engine/autograd/leaf_sums.h"

#include <algorithm>
#include <set>

#include "engine/core/dispatch.h"
#include "kernels/accumulate/accumulate.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

/// For sum and term of one dtype.
void add_now(const Tensor& sum, const Tensor& term) {
  dispatch_kernel("backward", sum.device(), sum.dtype(), [&]<class T>(auto where) {
    kernels::map2(where, kernels::Plus{}, sum.data<T>(), term.data<T>(), sum.data<T>(), sum.numel());
  });
}

}  // namespace

void LeafSums::add(const Tensor& sum, const Tensor& term) {
  if (sum.dtype() != accumulator_of(term.dtype())) return add_now(sum, term);
  // One launch may not add to a sum twice.
  if (std::ranges::any_of(waiting_, [&](const Waiting& w) { return w.sum.same_elements(sum); })) finish();
  waiting_.push_back({sum, term});
  bytes_ += term.bytes();
  if (sum.device().is_cpu() || waiting_.size() == kMost || bytes_ > kMostBytes) finish();
}

void LeafSums::finish() {
  std::set<DType> types;
  for (const Waiting& w : waiting_) types.insert(w.term.dtype());
  for (const DType type : types) add_all(type);
  waiting_.clear();
  bytes_ = 0;
}

/// Adds the waiting terms of this dtype.
void LeafSums::add_all(DType type) const {
  dispatch_kernel("backward", waiting_.front().term.device(), type, [&]<class T>(auto where) {
    std::vector<kernels::Addition<T>> additions;
    for (const Waiting& w : waiting_) {
      if (w.term.dtype() == type) additions.push_back({w.sum.data<acc_t<T>>(), w.term.data<T>(), w.term.numel()});
    }
    kernels::accumulate<T>(where, additions);
  });
}

}  // namespace cudenza
