/// The first version of each kernel (bench/naive/) at the sizes of the op cases beside it: no floors are held to it.
#include "bench/naive/naive.h"
#include "engine/core/tensor.h"
#include "tests/profile/workloads.h"

namespace cudenza::testing {
namespace {

const Device kDevice = Device::cuda();

/// Work on an x of ones and a y of these shapes, each of which must pass once.
Workload naive(const std::string& name, const Shape& x_shape, const Shape& y_shape,
               const std::function<void(const float* x, float* y)>& work) {
  return {"naive/" + name + "/forward/f32", [=] {
            const Tensor x = Tensor::full(x_shape, 1, DType::f32, kDevice), y = Tensor::empty(y_shape, DType::f32, kDevice);
            const Traffic needed{.read = static_cast<double>(x.bytes()), .written = static_cast<double>(y.bytes())};
            return Prepared{needed, [=] { work(x.data<float>(), y.data<float>()); }};
          }};
}

}  // namespace

void add_naive_workloads(std::vector<Workload>& all) {
  const kernels::Gpu gpu;
  const Shape maps{1, 56, 56, 64};
  all.push_back(naive("relu", maps, maps, [=](const float* x, float* y) { naive::relu(gpu, x, y, maps.numel()); }));
  all.push_back(naive("sum_rows", maps, {64}, [=](const float* x, float* y) { naive::sum_rows(gpu, x, y, maps.rows(), 64); }));
  all.push_back(naive("statistics", maps, {2, 64},
                      [=](const float* x, float* y) { naive::statistics(gpu, x, y, y + 64, maps.rows(), 64); }));
  all.push_back(
      naive("transpose", {1, 64, 56, 56}, maps, [=](const float* x, float* y) { naive::transpose(gpu, x, y, 1, 64, 56 * 56); }));
  all.push_back(naive("softmax_xent", {64, 1000}, {64}, [=](const float* x, float* y) {
    const Tensor labels = Tensor::zeros({64}, DType::i64, kDevice);
    naive::softmax_xent(gpu, x, labels.data<int64_t>(), y, 64, 1000);
  }));
  all.push_back(
      naive("max_pool", {1, 112, 112, 64}, maps, [=](const float* x, float* y) { naive::max_pool(gpu, x, y, 1, 112, 112, 64); }));
}

}  // namespace cudenza::testing
