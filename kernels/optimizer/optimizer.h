/// Training steps over flat buffers: all parameters are one f32 array, all gradients another, and each launch serves them all.
///
/// The buffers are split into segments, each with its own hyperparameters; what lies outside every segment (frozen
/// parameters, padding) is left alone. One step, on one stream, without the host looking in:
///
///   set_hypers            when the schedule moves: new values travel as the kernel's parameters, so nothing is waited for
///   gradient_statistics   optional: squares and non-finite values of the gradient, a partial sum a block
///   begin_step            step count, loss scale, clipping factor and the segments' coefficients, all on the device
///   update                p and its state, by SgdUpdate or AdamUpdate (optimizer_math.h)
///
/// Everything that changes from step to step is read from device memory, so all but set_hypers can be one captured graph.
#pragma once
#include <cstdint>
#include <span>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// Elements [begin, end) of the flat buffers, served by hyperparameters number `hyper`.
struct Segment {
  int64_t begin, end;
  int hyper;
};

/// What a user sets for a segment. In f64, because 1 - beta2 and 1 - beta2^t cancel.
struct Hyper {
  double lr = 0, momentum = 0, weight_decay = 0;  ///< momentum is Adam's beta1
  double beta2 = 0, eps = 0;                      ///< Adam's
};

/// What moves on with every step, in device memory.
struct StepState {
  float loss_scale = 1;       ///< what the loss was multiplied by before the backward pass
  float good_steps = 0;       ///< since the loss scale last changed
  float step = 0;             ///< updates done so far: Adam's t. Exact up to 2^24
  float apply = 1;            ///< 0: this step's gradient overflowed, update() does nothing
  float gradient_factor = 1;  ///< what gradients are multiplied by: clipping factor / loss_scale
  float gradient_norm = 0;    ///< L2, before clipping and without the loss scale; 0 where it was not measured
  float skipped_steps = 0;    ///< updates left out because of overflow
  float unused = 0;
};

/// How begin_step decides.
struct StepRule {
  double max_norm = 0;           ///< gradients are scaled down to this L2 norm; 0: never
  bool skip_non_finite = false;  ///< leave out the update if a gradient is infinite or NaN
  bool dynamic_scale = false;    ///< … and adapt the loss scale (implies skip_non_finite)
  double growth = 2, backoff = 0.5;
  int growth_interval = 2000;  ///< good steps until the scale grows
};

/// One block's share of gradient_statistics().
struct GradientPart {
  float squares;        ///< sum of g^2
  uint32_t non_finite;  ///< 1 if any g is infinite or NaN
};
/// How many of them gradient_statistics() writes.
int64_t gradient_parts(std::span<const Segment>);

/// table[i] = values[i]. On a GPU the values travel as a kernel's parameters: the caller's memory is free on return.
void set_hypers(Reference, Hyper* table, std::span<const Hyper> values);
void set_hypers(Cpu, Hyper* table, std::span<const Hyper> values);
void set_hypers(Gpu, Hyper* table, std::span<const Hyper> values);

/// Measures g [flat] inside the segments. parts has gradient_parts(segments) entries.
void gradient_statistics(Reference, const float* g, std::span<const Segment>, GradientPart* parts);
void gradient_statistics(Cpu, const float* g, std::span<const Segment>, GradientPart* parts);
void gradient_statistics(Gpu, const float* g, std::span<const Segment>, GradientPart* parts);

/// What begin_step() reads.
struct StepInputs {
  StepRule rule;
  const GradientPart* parts = nullptr;  ///< null and 0: the gradient was not measured
  int64_t part_count = 0;
  const Hyper* table = nullptr;
  int hypers = 0;
};
/// Advances *state by the rule and makes coefficients[i] from table[i]. Update is SgdUpdate or AdamUpdate.
template <class Update>
void begin_step(Reference, Update, const StepInputs&, StepState* state, typename Update::Coefficients* coefficients);
template <class Update>
void begin_step(Cpu, Update, const StepInputs&, StepState* state, typename Update::Coefficients* coefficients);
template <class Update>
void begin_step(Gpu, Update, const StepInputs&, StepState* state, typename Update::Coefficients* coefficients);

/// The flat buffers of an update. SGD has no second moment: null.
struct FlatBuffers {
  float* p;
  const float* g;
  float* first;   ///< SGD's momentum buffer; Adam's m
  float* second;  ///< Adam's v
};

/// One optimizer step of every element in the segments, unless *state says not to.
template <class Update>
void update(Reference, Update, FlatBuffers, std::span<const Segment>, const typename Update::Coefficients*, const StepState*);
template <class Update>
void update(Cpu, Update, FlatBuffers, std::span<const Segment>, const typename Update::Coefficients*, const StepState*);
template <class Update>
void update(Gpu, Update, FlatBuffers, std::span<const Segment>, const typename Update::Coefficients*, const StepState*);

/// average[i] <- average[i] + s (p[i] - average[i]), s = (1 - decay) / (1 - decay^t): after t calls the weighted mean of the t
/// values of p, those of k calls ago weighing decay^k. What average held before the first call does not count. *updates, in
/// memory of the device, is t, this call included.
void average_weights(Reference, float* average, const float* p, int64_t count, double decay, const uint32_t* updates);
void average_weights(Cpu, float* average, const float* p, int64_t count, double decay, const uint32_t* updates);
void average_weights(Gpu, float* average, const float* p, int64_t count, double decay, const uint32_t* updates);

}  // namespace cudenza::kernels
