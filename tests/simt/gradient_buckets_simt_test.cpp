/// Buckets that leave inside a captured step, where gradients of leaves wait to be added together.
#include <gtest/gtest.h>

#include "engine/core/gpu.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/parameter_groups.h"
#include "engine/train/gradient_buckets.h"
#include "tests/support/residual_cnn.h"

namespace cudenza::testing {
namespace {

/// Two ranks of the same data, on the device: a sum that is enqueued at once.
class DeviceTwins : public Ranks {
 public:
  int size() const override { return 2; }
  void start_sum(const Tensor& t) override {
    t.copy_from(scale(t, 2));
    ++sums;
  }
  int sums = 0;
};

struct Training {
  Training() : net({.drop = 0, .random = random}) {
    Generator initial(7);
    net.initialize(initial);
    net.to(Device::cuda());
    parameters.emplace(group_by_prefix(net, {{"body", {""}}, {"head", {"fc."}}}));
    std::vector<float> values;
    for (int i = 0; i < 4 * 8 * 8 * 3; ++i) values.push_back(static_cast<float>(i * 37 % 101) / 50 - 1);
    x = Tensor::from(values, {4, 8, 8, 3}).to(Device::cuda());
    labels = Tensor::from(std::vector<int64_t>{3, 1, 4, 1}, {4}).to(Device::cuda());
  }
  void differentiate() { softmax_cross_entropy(net(x), labels).backward(); }
  std::vector<float> gradients() const { return parameters->gradients().to_vector<float>(); }

  std::shared_ptr<Generator> random = std::make_shared<Generator>(7);
  ResidualCnn net;
  std::optional<FlatParameters> parameters;
  Tensor x, labels;
};

TEST(GradientBuckets, LeaveInsideACapture) {
  Training plain;
  plain.differentiate();
  for (const DType wire : {DType::f32, DType::bf16}) {
    std::vector<float> expected = plain.gradients();
    for (float& g : expected) g = 2 * (wire == DType::f32 ? g : static_cast<float>(static_cast<bf16>(g)));
    for (const int64_t bytes : {int64_t{1}, int64_t{20'000}, kBucketBytes}) {
      Training bucketed;
      DeviceTwins twins;
      const auto step = [&] {
        GradientBuckets buckets(*bucketed.parameters, twins, {.wire = wire, .bytes = bytes});
        bucketed.differentiate();
        buckets.finish();
      };
      step();
      EXPECT_EQ(bucketed.gradients(), expected) << name_of(wire) << ", buckets of " << bytes;
      EXPECT_EQ(twins.sums, std::ssize(buckets_of(*bucketed.parameters, bytes)));
      const gpu::CapturedGraph graph(0, [&] {
        bucketed.parameters->zero_grad();
        step();
      });
      for (int replay = 0; replay < 2; ++replay) {
        graph.replay();
        EXPECT_EQ(bucketed.gradients(), expected) << name_of(wire) << ", buckets of " << bytes << ", replay " << replay;
      }
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
