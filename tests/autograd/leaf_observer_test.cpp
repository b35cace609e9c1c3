/// When a leaf's gradient is known to be final.
#include <gtest/gtest.h>

#include "engine/autograd/backward.h"
#include "engine/autograd/leaf_sums.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"
#include "tests/support/noted.h"

namespace cudenza::testing {
namespace {

using Events = std::vector<std::string>;

Tensor leaf(float value) {
  const Tensor x = Tensor::full({4}, value, DType::f32);
  return x.set_requires_grad(true);
}

/// Notes the leaves by name, with the gradient that each has when it is told of.
class Noting {
 public:
  Noting(Events& events, std::vector<std::pair<std::string, Tensor>> leaves)
      : events_(events), leaves_(std::move(leaves)), observer_([this](const Tensor& grad, LeafSums& waiting) {
          waiting.finish();
          for (const auto& [name, leaf] : leaves_) {
            if (leaf.grad().same_elements(grad)) events_.push_back(fmt::format("{} {}", name, grad.data<float>()[0]));
          }
        }) {}

 private:
  Events& events_;
  std::vector<std::pair<std::string, Tensor>> leaves_;
  LeafObserver observer_;
};

TEST(LeafObserver, TellsOfALeafWhenItsLastUserHasRun) {
  const Tensor first = leaf(1), twice = leaf(2), last = leaf(3);
  Events events;
  const Tensor inner = noted("between", add(scale(first, 5), twice), events);
  const Tensor y = sum(add(add(inner, scale(twice, 10)), last));
  const Noting noting(events, {{"first", first}, {"twice", twice}, {"last", last}});
  y.backward();
  ASSERT_EQ(events.size(), 4);
  EXPECT_EQ((Events{events[0], events[1]}), (Events{"last 1", "between"}));
  std::sort(events.begin() + 2, events.end());
  EXPECT_EQ((Events{events[2], events[3]}), (Events{"first 5", "twice 11"}));
}

TEST(LeafObserver, AnOperandUsedTwiceByOneOpIsToldOfOnce) {
  const Tensor x = leaf(3);
  Events events;
  const Noting noting(events, {{"x", x}});
  sum(mul(x, x)).backward();
  EXPECT_EQ(events, Events{"x 6"});
}

TEST(LeafObserver, SeesWhatEarlierPassesHaveAdded) {
  const Tensor x = leaf(1);
  sum(scale(x, 3)).backward();
  Events events;
  {
    const Noting noting(events, {{"x", x}});
    sum(scale(x, 4)).backward();
  }
  sum(x).backward();  // nobody watches any more
  EXPECT_EQ(events, Events{"x 7"});
}

TEST(LeafObserver, TheLatestOneAloneIsTold) {
  const Tensor x = leaf(1);
  Events outer, inner;
  const Noting noting(outer, {{"x", x}});
  {
    const Noting within(inner, {{"x", x}});
    sum(x).backward();
  }
  sum(x).backward();
  EXPECT_EQ(inner, Events{"x 1"});
  EXPECT_EQ(outer, Events{"x 2"});
}

}  // namespace
}  // namespace cudenza::testing
