#include "engine/ops/softmax_xent.h"

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "kernels/softmax_xent/softmax_xent.h"
#include "kernels/softmax_xent/softmax_xent_math.h"

namespace cudenza {
namespace {

/// The targets of a batch, in whichever form they came; what is not used is undefined.
struct Targets {
  Tensor labels, partner, lambda, soft;
  double smoothing = 0;

  /// Calls f with the kernels' form of them, for accumulators of type A.
  template <class A, class F> void visit(F&& f) const {
    if (soft.defined()) return f(kernels::SoftTargets<A>{soft.data<A>(), smoothing});
    f(kernels::LabelTargets<A>{.labels = labels.data<int64_t>(),
                               .partner = partner.defined() ? partner.data<int64_t>() : nullptr,
                               .lambda = lambda.defined() ? lambda.data<A>() : nullptr,
                               .smoothing = smoothing,
                               .known = labels.numel()});
  }
};

struct Losses {
  Tensor mean, row_loss, row_shift;
};

Losses losses_of(const Tensor& logits, const Targets& targets) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  const DType accumulator = accumulator_of(logits.dtype());
  const Losses losses{Tensor::empty({}, accumulator, logits.device()), Tensor::empty({rows}, accumulator, logits.device()),
                      Tensor::empty({rows}, accumulator, logits.device())};
  dispatch_kernel("softmax_cross_entropy", logits.device(), logits.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    const kernels::RowResults<A> row{losses.row_loss.data<A>(), losses.row_shift.data<A>()};
    targets.visit<A>(
        [&](auto t) { kernels::softmax_xent_forward(where, logits.data<T>(), t, row, losses.mean.data<A>(), rows, classes); });
  });
  return losses;
}

Tensor gradient_of(const Tensor& logits, const Targets& targets, const Tensor& row_shift, const Tensor& dloss) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  const Tensor dx = Tensor::empty(logits.shape(), logits.dtype(), logits.device());
  dispatch_kernel("softmax_cross_entropy", logits.device(), logits.dtype(), [&]<class T>(auto where) {
    using A = acc_t<T>;
    targets.visit<A>([&](auto t) {
      const A *shift = row_shift.data<A>(), *dmean = dloss.data<A>();
      kernels::softmax_xent_backward(where, logits.data<T>(), t, shift, dmean, dx.data<T>(), rows, classes);
    });
  });
  return dx;
}

Tensor mean_loss(const Tensor& logits, Targets targets) {
  const Losses losses = losses_of(logits, targets);
  auto backward = [logits = logits.detach(), targets = std::move(targets), row_shift = losses.row_shift](const Tensor& dloss) {
    return std::vector{gradient_of(logits, targets, row_shift, dloss)};
  };
  return record("softmax_cross_entropy", losses.mean, {logits}, std::move(backward));
}

void check_logits(std::string_view op, const Tensor& logits, const CrossEntropySpec& spec) {
  require(is_floating(logits.dtype()) && logits.shape().rank() == 2 && logits.numel() > 0 && logits.size(1) < (int64_t{1} << 31),
          "{}: logits must be floating, [N,classes] and not empty, but are {} {}", op, logits.dtype(), logits.shape());
  require(spec.label_smoothing >= 0 && spec.label_smoothing <= 1, "{}: label_smoothing is {}, but must lie in [0, 1]", op,
          spec.label_smoothing);
}

void check_beside(std::string_view op, std::string_view what, const Tensor& t, const Shape& shape, DType dtype,
                  const Tensor& logits) {
  const auto given = t.defined() ? fmt::format("got {} {}", t.dtype(), t.shape()) : "got none";
  const bool fits = t.defined() && t.shape() == shape && t.dtype() == dtype;
  require(fits, "{}: {} must be {} {} beside logits {} {}, but {}", op, what, dtype, shape, logits.dtype(), logits.shape(),
          given);
  require(t.device() == logits.device(), "{}: {} on {} cannot meet logits on {}; move one with .to()", op, what, t.device(),
          logits.device());
  require(!t.tracks_grad(), "{}: no gradient flows into {}; pass it with .detach()", op, what);
}

/// On the CPU: every value in [0, limit). A GPU is not asked: reading back would stall it.
void check_range(std::string_view op, std::string_view what, const Tensor& t, int64_t limit, std::string_view limit_is) {
  if (t.device().is_cuda()) return;
  const auto values = t.span<int64_t>();
  for (size_t n = 0; n < values.size(); ++n) {
    const bool inside = values[n] >= 0 && values[n] < limit;
    require(inside, "{}: {} {} of row {} is outside [0, {}), the number of {}", op, what, values[n], n, limit, limit_is);
  }
}

Targets checked_labels(std::string_view op, const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec) {
  check_logits(op, logits, spec);
  check_beside(op, "labels", labels, {logits.size(0)}, DType::i64, logits);
  check_range(op, "label", labels, logits.size(1), "classes");
  return {.labels = labels, .partner = {}, .lambda = {}, .soft = {}, .smoothing = spec.label_smoothing};
}

template <class Form> Tensor normalised(std::string_view name, Form form, const Tensor& x) {
  require(x.shape().rank() > 0, "{}: x is a scalar, but needs an axis of classes", name);
  const int64_t rows = x.shape().rows(), classes = x.shape().channels();
  const Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  dispatch_kernel(name, x.device(), x.dtype(),
                  [&]<class T>(auto where) { kernels::softmax_forward(where, form, x.data<T>(), y.data<T>(), rows, classes); });
  return record(name, y, {x}, [=, y = y.detach()](const Tensor& dy) {
    const Tensor dx = Tensor::empty(y.shape(), y.dtype(), y.device());
    dispatch_kernel(name, y.device(), y.dtype(), [&]<class T>(auto where) {
      kernels::softmax_backward(where, form, y.data<T>(), dy.data<T>(), dx.data<T>(), rows, classes);
    });
    return std::vector{dx};
  });
}

}  // namespace

Tensor softmax(const Tensor& x) { return normalised("softmax", kernels::Softmax{}, x); }

Tensor log_softmax(const Tensor& x) { return normalised("log_softmax", kernels::LogSoftmax{}, x); }

Tensor softmax_cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec) {
  return mean_loss(logits, checked_labels("softmax_cross_entropy", logits, labels, spec));
}

Tensor softmax_cross_entropy(const Tensor& logits, const MixedLabels& mixed, const CrossEntropySpec& spec) {
  constexpr std::string_view op = "softmax_cross_entropy";
  check_logits(op, logits, spec);
  const Shape rows{logits.size(0)};
  const bool has_more = mixed.labels.defined() && mixed.labels.shape().rank() == 1 && mixed.labels.numel() > rows[0];
  Targets targets = checked_labels(op, logits, has_more ? mixed.labels.slice(0, rows) : mixed.labels, spec);
  targets.labels = mixed.labels;
  check_beside(op, "partner", mixed.partner, rows, DType::i64, logits);
  check_beside(op, "lambda", mixed.lambda, rows, accumulator_of(logits.dtype()), logits);
  check_range(op, "label", mixed.labels, logits.size(1), "classes");
  check_range(op, "partner", mixed.partner, mixed.labels.numel(), "labels");
  targets.partner = mixed.partner;
  targets.lambda = mixed.lambda;
  return mean_loss(logits, std::move(targets));
}

Tensor soft_cross_entropy(const Tensor& logits, const Tensor& soft, const CrossEntropySpec& spec) {
  check_logits("soft_cross_entropy", logits, spec);
  check_beside("soft_cross_entropy", "targets", soft, logits.shape(), accumulator_of(logits.dtype()), logits);
  return mean_loss(logits, {.labels = {}, .partner = {}, .lambda = {}, .soft = soft.detach(), .smoothing = spec.label_smoothing});
}

Tensor cross_entropy_per_row(const Tensor& logits, const Tensor& labels, const CrossEntropySpec& spec) {
  return losses_of(logits, checked_labels("cross_entropy_per_row", logits, labels, spec)).row_loss;
}

}  // namespace cudenza
