/// Initial values of parameters, drawn from a Generator on the host: the same on every machine.
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace cudenza::init {

/// Number of inputs (fan_in) or outputs (fan_out) of one unit of a weight: [out,in] for linear, [K,R,S,C] for a convolution.
int64_t fan_in(const Tensor& weight);
int64_t fan_out(const Tensor& weight);

void constant(const Tensor& t, double value);
void uniform(const Tensor& t, double low, double high, Generator& random);
void normal(const Tensor& t, double mean, double standard_deviation, Generator& random);

/// N(0, 2 / fan): keeps the variance of activations (fan_in) or of gradients (fan_out) through ReLUs. (He et al., 2015)
void kaiming_normal(const Tensor& weight, int64_t fan, Generator& random);
/// U(-b, b) with b = 1 / sqrt(fan_in): PyTorch's default for Conv2d and Linear (Kaiming uniform with a = sqrt 5).
void pytorch_default(const Tensor& weight, const Tensor& bias, Generator& random);

}  // namespace cudenza::init
