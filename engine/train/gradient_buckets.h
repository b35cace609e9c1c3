/// The gradients of several ranks, summed in buckets that leave while the backward pass goes on.
///
///   buckets   neighbours in the flat buffer, from the head down to the input: the order in which gradients are ready. A group's
///             weights go first, then its norms and biases, which lie behind them and are ready with its first layer alone
///   order     a bucket leaves when it and all before it are ready. So all ranks send the same buckets in the same order,
///             whatever their rows are
///   16 bits   bf16 has the range of f32, where f16 would overflow: an infinity or NaN arrives as one, and means what it meant. A
///             gradient is rounded twice, as it leaves and as the sum comes back: by at most 2^-7 of the sum of the ranks'
///             magnitudes on a CPU, whose sums are in f32
#pragma once
#include <vector>

#include "engine/autograd/backward.h"
#include "engine/core/ranks.h"
#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// Elements [begin, end) of the flat buffer, the gradients of so many parameters.
struct GradientBucket {
  int64_t begin, end;
  int parameters;
  bool operator==(const GradientBucket&) const = default;
};

/// A bucket's bytes in f32, but where a parameter is larger or what is left of a group smaller. What is left to wait for when the
/// backward pass ends is the last bucket, which should be short; of many short ones each has its delay (some 20 us between GPUs
/// of a machine, where 8 MiB take 40 us besides). bench/scaling.py predicts that 4 to 8 MiB leave least, and 16 up to a
/// hundredth of a step more.
constexpr int64_t kBucketBytes = int64_t{8} << 20;

/// What trains now, in the order of sending. A bucket is closed once it has `bytes`.
std::vector<GradientBucket> buckets_of(const FlatParameters&, int64_t bytes = kBucketBytes);

/// One backward pass whose gradients are summed: made before it and finished after it, in the same thread.
class GradientBuckets {
 public:
  struct Spec {
    DType wire = DType::f32;  ///< or bf16: of what is sent
    int64_t bytes = kBucketBytes;
  };
  /// All must outlive it.
  GradientBuckets(const FlatParameters&, Ranks&, const Spec&);
  /// The gradients of what trains become their sums over the ranks.
  void finish();

 private:
  void count(const Tensor& grad, LeafSums&);
  void send(const GradientBucket&);

  const FlatParameters& parameters_;
  Ranks& ranks_;
  DType wire_;
  std::vector<GradientBucket> buckets_;  ///< `parameters`: whose gradients are not ready yet
  size_t next_ = 0;                      ///< to leave
  struct Rounded {
    Tensor gradients, sent;
  };
  std::vector<Rounded> rounded_;
  LeafObserver observer_;
};

}  // namespace cudenza
