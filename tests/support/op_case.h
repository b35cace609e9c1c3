/// One OpCase says how to call an op; five proofs and a benchmark come of it. The reference is X_reference.cpp, the plain loop,
/// which serves f64 alone and the other types while a ReferenceKernels lives (engine/core/reference_kernels.h).
///   1. gradient:  central differences hold the reference's gradients, in f64           (tests/op_test.cpp)
///   2. precision: the reference in f64 holds the fast CPU path in f32, bf16 and f16    (tests/op_test.cpp)
///   3. kernel:    the reference holds the .cu source run on the host, three orders     (tests/simt/op_simt_test.cpp)
///   4. device:    the reference holds the GPU, where there is one                      (tests/op_test.cpp)
///   5. benchmark: GB/s and GFLOP/s forward and backward at `bench` sizes               (bench/op_bench.cpp)
///   6. fast path: the reference holds the fast CPU path, type by type, at the case's shapes and at `special` ones that reach
///                 all of its branches                                                  (tests/op_test.cpp)
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/core/tensor.h"
#include "tests/support/traffic.h"

namespace cudenza::testing {

/// What an input is filled with (deterministically, by its position in the case).
enum class Fill {
  normal,    ///< N(0, 1)
  positive,  ///< U(0.5, 1.5)
  distinct,  ///< a permutation of well separated values with none near 0: no ties, no kinks within a difference step
  labels,    ///< i64 in [0, classes)
  zeros,
};

struct Input {
  Shape shape;
  Fill fill = Fill::normal;
  bool differentiable = true;  ///< its gradient is checked
  bool accumulator = false;    ///< always accumulator_of(case dtype): gamma, beta, bias, statistics
  DType fixed = DType::f32;    ///< element type of `labels` (i64 whatever this says) and of inputs with is_fixed
  bool is_fixed = false;       ///< keep `fixed` whatever the case's dtype: lambdas, permutations
  int64_t classes = 0;         ///< for labels
};

/// What one call costs, for the benchmark. No traffic: the inputs are read and the outputs written once; backward reads the
/// inputs and the output's gradient, and writes the inputs' gradients.
struct Cost {
  Traffic forward = {}, backward = {};
  double forward_flops = 0, backward_flops = 0;
};

/// One pass over as many elements as the first input has, forward, and one back, which reads nothing but the output's gradient.
Cost one_pass_each_way(const std::vector<Input>& bench, DType);

struct OpCase {
  std::string name;  ///< "max_pool2d/k3_s2_p1": the family, a slash, the variant, in letters, digits and _
  std::vector<Input> inputs;
  /// Calls the op. The first result is differentiated (against fixed random weights); all results are compared.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> run;
  std::vector<Input> bench = {};  ///< the same inputs at a size worth timing; empty: no benchmark
  std::function<Cost(const std::vector<Input>& bench, DType)> cost = {};
  std::vector<DType> dtypes = {DType::f32, DType::bf16, DType::f16};  ///< besides f64
  /// The inputs at other shapes, for proof 6: each with the branch of X_cpu.cpp beside it that it is there for.
  std::vector<std::vector<Input>> special = {};
  bool same_bits = false;  ///< proof 6 allows no difference: there are no sums, or they have one order
  bool has_gradient = true;
  bool has_f64 = true;          ///< false: proofs 1 and 2 are skipped (say where the op is proved instead)
  bool has_kernel = true;       ///< false: nothing of ours to run on a GPU (a library serves it)
  double tolerance_factor = 1;  ///< on tests/support/tolerance.h; more than 1 needs the reason in tolerance_reason
  std::string tolerance_reason = {};
};

/// The case with a special variant for each of the shapes, that of all its inputs.
OpCase with_special(OpCase, const std::vector<Shape>&);

/// Every case of every family: the xxx_cases() functions of tests/ops/*_cases.cpp, gathered by CMake.
const std::vector<OpCase>& all_op_cases();

/// The inputs of a case in one dtype on the CPU: the same numbers every time, rounded to the dtype.
std::vector<Tensor> make_inputs(const std::vector<Input>&, DType);
/// `inputs` in another floating type (only those that follow the case's dtype) or on another device.
std::vector<Tensor> converted(const std::vector<Tensor>& inputs, const std::vector<Input>& specs, DType);
std::vector<Tensor> moved(const std::vector<Tensor>& inputs, Device);

/// `specs` with so many samples in each: those that share the first one's first extent, or hold several rows a sample as a
/// matrix, change theirs.
std::vector<Input> with_batch(std::vector<Input> specs, int64_t batch);
double bytes_of(const std::vector<Tensor>&);  ///< undefined ones have none
/// The gradients of what y was made from, where it may have been made by several ops one after the other.
std::vector<Tensor> walk_back(const Tensor& y, const Tensor& dy);

/// The same elements at addresses that no vector's are a multiple of.
std::vector<Tensor> misaligned(const std::vector<Tensor>& inputs);

/// Results of the op, then the gradients of its differentiable inputs, all detached.
struct Outcome {
  std::vector<Tensor> results, gradients;
};
Outcome run_case(const OpCase&, const std::vector<Tensor>& inputs);
/// The fixed N(0, 1) numbers that run_case() starts the backward pass from.
std::vector<double> output_weights(int64_t count);

/// "max_pool2d_k3_s2_p1": a name in letters, digits and _, as GoogleTest wants it.
std::string in_letters(std::string name);
/// That of a parameter with a name: an OpCase or another.
constexpr auto test_name = [](const auto& info) { return in_letters(info.param.name); };

}  // namespace cudenza::testing
