#include "apps/study/forward.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "apps/study/weights_file.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/io/own_files.h"
#include "engine/libraries/math_mode.h"
#include "engine/nn/checkpoint.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "engine/ops/pointwise.h"
#include "weights/arch_match.h"

namespace cudenza {
namespace {

constexpr std::string_view kFormat = "cudenza logits";

/// The pictures of an input file: data set x, f32 [N,C,H,W]; and, where gradients are wanted, those of the logits: dy.
class Pictures {
 public:
  explicit Pictures(const std::filesystem::path& input) : file_(input) {
    const std::string path = input.string();
    if (!file_.contains("x"))
      throw DataError(fmt::format("{}: has no data set /x; it must hold pictures there, f32 [N,C,H,W]", path));
    const auto [shape, dtype] = file_.extent("x");
    if (shape.rank() != 4 || dtype != DType::f32 || shape.numel() == 0)
      throw DataError(fmt::format("{}: /x is {} {}, but must be pictures, f32 [N,C,H,W]", path, dtype, shape));
    if (shape[1] != 1 && shape[1] != 3)
      throw DataError(
          fmt::format("{}: /x is {}, pictures of {} channels; the networks take [N,3,H,W] or [N,1,H,W]", path, shape, shape[1]));
    shape_ = shape;
  }
  int64_t count() const { return shape_[0]; }
  int channels() const { return static_cast<int>(shape_[1]); }
  /// `count` pictures from number `first` on, [count,H,W,C].
  Tensor batch(int64_t first, int64_t count, Device device, DType dtype) {
    const Tensor x = file_.read_rows("x", first, count);
    all_finite_ = all_finite_ && std::ranges::all_of(x.span<float>(), [](float v) { return std::isfinite(v); });
    return cast(nchw_to_nhwc(x.to(device)), dtype);
  }
  /// Whether all numbers that batch() gave so far are finite.
  bool all_finite() const { return all_finite_; }
  /// The gradients of logits of this shape.
  Tensor dy(const Shape& logits) const {
    const std::string path = file_.path().string();
    if (!file_.contains("dy"))
      throw DataError(
          fmt::format("{}: has no data set /dy; `gradients` needs the logits' gradients there, f32 {}", path, logits));
    const auto [shape, dtype] = file_.extent("dy");
    if (shape != logits || dtype != DType::f32)
      throw DataError(fmt::format("{}: /dy is {} {}, but the logits are f32 {}", path, dtype, shape, logits));
    return file_.read("dy");
  }

 private:
  Hdf5File file_;
  Shape shape_;
  bool all_finite_ = true;
};

/// As many classes as the file's last layer has, so that they need not be said. Throws DataError if it lacks the classifier.
int classes_in(const WeightsFile& weights, NetworkChoice choice) {
  choice.classes = 1;
  const UnsetWeights unset;
  const auto network = choice.make();
  const std::string classifier = network->head_prefix().substr(0, network->head_prefix().find('.') + 1);
  NameList missing;
  std::string last;
  for (const NamedTensor& p : network->named_parameters()) {
    if (!p.name.starts_with(classifier)) continue;
    if (!weights.file.contains(p.name)) missing.add(p.name);
    if (p.tensor.shape().rank() == 2) last = p.name;
  }
  const std::string path = weights.path.string();
  if (!missing.empty())
    throw DataError(fmt::format(
        "{}: lacks the {} head of {} ({}), and without it there are no logits: train one, `cudenza train DATA --model {} "
        "--weights {}`, or take weights with a classifier",
        path, choice.head, choice.arch, missing.text(), choice.arch, path));
  return static_cast<int>(weights.file.extent(last).shape[0]);
}

std::unique_ptr<Network> load(const ForwardChoice& o, int channels, Observer& observer) {
  const WeightsFile opened = open_weights(o.weights);
  for (const std::string& remark : opened.remarks) observer.remark(fmt::format("{}: {}", o.weights.string(), remark));
  NetworkChoice choice = o.network;
  const int classes = classes_in(opened, choice);
  if (!o.classes_given) choice.classes = classes;
  if (o.gradients) choice.dropout = 0;  // nothing random, so that another framework can compute the same
  const UnsetWeights unset;
  auto network = choice.make(channels);
  read_state(opened.file, *network);
  return network;
}

template <class Write> void create_output(const ForwardChoice& o, DType dtype, Write&& write) {
  Hdf5File::create(o.output, [&](Hdf5File& file) {
    write(file);
    file.set_attribute("/", "format", std::string(kFormat));
    file.set_attribute("/", "arch", o.network.arch);
    file.set_attribute("/", "precision", std::string(name_of(dtype)));
  });
}

/// Writes the logits of all pictures; returns the seconds that the network took.
double run_all(Network& network, Pictures& pictures, const ForwardChoice& o, Device device, DType dtype) {
  const NoGrad no_grad;
  double seconds = 0;
  const int64_t at_once = math_mode().deterministic ? 1 : o.batch_size;  // how libraries round depends on the batch's shape
  create_output(o, dtype, [&](Hdf5File& file) {
    for (int64_t first = 0; first < pictures.count(); first += at_once) {
      const int64_t count = std::min(at_once, pictures.count() - first);
      const Tensor x = pictures.batch(first, count, device, dtype);
      const auto start = std::chrono::steady_clock::now();
      const Tensor logits = network(x).to(Device::cpu()).to(DType::f32);
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (first == 0) file.reserve("logits", {pictures.count(), logits.size(1)}, DType::f32);
      file.write_rows("logits", first, logits);
    }
  });
  return seconds;
}

/// Writes the logits of all pictures as one batch in training mode, and every parameter's gradient of sum(logits · dy) as
/// files hold the parameter; returns the seconds that the passes took.
double run_step(Network& network, Pictures& pictures, const ForwardChoice& o, Device device, DType dtype) {
  const Tensor x = pictures.batch(0, pictures.count(), device, dtype);
  const auto start = std::chrono::steady_clock::now();
  const Tensor y = network(x), logits = y.to(Device::cpu()).to(DType::f32);
  y.backward(cast(pictures.dy(logits.shape()).to(device), y.dtype()));
  if (device.is_cuda()) gpu::synchronize(device.index());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  create_output(o, dtype, [&](Hdf5File& file) {
    file.write("logits", logits);
    for (StateEntry& e : file_state(network)) {
      if (!e.tensor.grad().defined()) continue;  // running statistics have none
      e.tensor = e.tensor.grad();
      file.write("gradients/" + e.name, as_in_file(e));
    }
  });
  return seconds;
}

}  // namespace

ForwardReport write_logits(const ForwardChoice& o, const Compute& compute, Observer& observer) {
  const Device device = compute.chosen_device();
  const DType dtype = chosen_type(compute, device, DType::f32);
  const auto is_ours = [](const std::filesystem::path& path) { return is_hdf5_of(path, kFormat); };
  check_output_file("`output`", o.output, is_ours, std::vector<std::filesystem::path>{o.weights, o.input});
  Pictures pictures(o.input);
  const auto network = load(o, pictures.channels(), observer);
  network->to(device);
  network->train(o.gradients);
  if (o.folded) network->fold();
  const double seconds = (o.gradients ? run_step : run_all)(*network, pictures, o, device, dtype);
  if (!pictures.all_finite())
    observer.warn(
        fmt::format("{}: /x holds numbers that are not finite, and neither are the logits of such pictures", o.input.string()));
  return {.device = device, .dtype = dtype, .pictures = pictures.count(), .seconds = seconds};
}

}  // namespace cudenza
