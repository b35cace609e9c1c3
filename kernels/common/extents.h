/// Small integer helpers that the loops, the kernels and their launchers share.
#pragma once
#include <cstdint>

#include "kernels/common/host_device.h"

namespace cudenza::kernels {

template <class Integer> HOST_DEVICE constexpr Integer ceil_div(Integer a, Integer b) { return (a + b - 1) / b; }

template <class Number> HOST_DEVICE constexpr Number smaller(Number a, Number b) { return b < a ? b : a; }

template <class Number> HOST_DEVICE constexpr Number larger(Number a, Number b) { return a < b ? b : a; }

}  // namespace cudenza::kernels
