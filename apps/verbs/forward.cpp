/// cudenza forward: pictures in an HDF5 file to logits in another, for holding a network against another framework's.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/study/weights_file.h"
#include "apps/verbs/network_choice.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/print_err.h"
#include "engine/nn/checkpoint.h"
#include "engine/io/own_files.h"
#include "engine/libraries/math_mode.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

constexpr std::string_view kFormat = "cudenza logits";

struct ForwardOptions {
  NetworkChoice network;
  std::string weights, input, output;
  bool classes_given = false, folded = false, gradients = false;
  int64_t batch_size = 32;
};

/// The pictures of an input file: data set x, f32 [N,C,H,W]; and, where gradients are wanted, those of the logits: dy.
class Pictures {
 public:
  explicit Pictures(const std::string& path) : file_(path) {
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
          fmt::format("{}: has no data set /dy; --gradients needs the logits' gradients there, f32 {}", path, logits));
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

/// As many classes as the file's last layer has, so that they need not be said.
int classes_in(const Hdf5File& weights, NetworkChoice choice) {
  choice.classes = 1;
  const UnsetWeights unset;
  const auto network = choice.make();
  std::string last;
  for (const NamedTensor& p : network->named_parameters()) {
    if (p.name.starts_with(network->head_prefix()) && p.tensor.shape().rank() == 2) last = p.name;
  }
  if (!weights.contains(last))
    throw DataError(
        fmt::format("{}: lacks {}, so it is not {} with a {} head", weights.path().string(), last, choice.arch, choice.head));
  return static_cast<int>(weights.extent(last).shape[0]);
}

std::unique_ptr<Network> load(const ForwardOptions& o, int channels, const Common& common) {
  const WeightsFile opened = open_weights(o.weights);
  for (const std::string& remark : opened.remarks) {
    if (!common.quiet) print_err("cudenza: {}: {}\n", o.weights, remark);
  }
  const Hdf5File& weights = opened.file;
  NetworkChoice choice = o.network;
  if (!o.classes_given) choice.classes = classes_in(weights, choice);
  if (o.gradients) choice.dropout = 0;  // nothing random, so that another framework can compute the same
  const UnsetWeights unset;
  auto network = choice.make(channels);
  read_state(weights, *network);
  return network;
}

template <class Write> void create_output(const ForwardOptions& o, DType dtype, Write&& write) {
  Hdf5File::create(o.output, [&](Hdf5File& file) {
    write(file);
    file.set_attribute("/", "format", std::string(kFormat));
    file.set_attribute("/", "arch", o.network.arch);
    file.set_attribute("/", "precision", std::string(name_of(dtype)));
  });
}

/// Writes the logits of all pictures; returns the seconds that the network took.
double run_all(Network& network, Pictures& pictures, const ForwardOptions& o, Device device, DType dtype) {
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
double run_step(Network& network, Pictures& pictures, const ForwardOptions& o, Device device, DType dtype) {
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

void run_forward(const ForwardOptions& o, const Common& common) {
  const Device device = common.chosen_device();
  const DType dtype = chosen_type(common, device, DType::f32);
  const auto is_ours = [](const std::filesystem::path& path) { return is_hdf5_of(path, kFormat); };
  check_output_file("--output", o.output, is_ours, std::vector<std::filesystem::path>{o.weights, o.input});
  Pictures pictures(o.input);
  const auto network = load(o, pictures.channels(), common);
  network->to(device);
  network->train(o.gradients);
  if (o.folded) network->fold();
  const double seconds = (o.gradients ? run_step : run_all)(*network, pictures, o, device, dtype);
  if (!pictures.all_finite())
    print_err("cudenza: warning: {}: /x holds numbers that are not finite, and neither are the logits of such pictures\n",
              o.input);
  const double images_per_s = static_cast<double>(pictures.count()) / seconds;
  if (common.json) {
    const nlohmann::ordered_json result{
        {"arch", o.network.arch},       {"device", device.name()}, {"precision", name_of(dtype)}, {"folded", o.folded},
        {"pictures", pictures.count()}, {"seconds", seconds},      {"images_per_s", images_per_s}};
    print_json(result);
  } else if (!common.quiet) {
    print_err("{}{} on {} in {}: {} pictures in {:.2f} s, {:.1f} a second\n", o.network.arch, o.folded ? ", folded," : "", device,
              dtype, pictures.count(), seconds, images_per_s);
  }
}

}  // namespace

void add_forward(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("forward", "Pictures in an HDF5 file to a network's logits in another");
  const auto o = std::make_shared<ForwardOptions>();
  add_network_options(*verb, o->network, "--arch")->required();
  verb->get_option("--classes")->description("number of classes; as many as the weights have, if not given")->default_str("");
  verb->add_option("--weights", o->weights, "the network's weights: an HDF5 file, .pth or .safetensors")->required();
  verb->add_option("--input", o->input, "HDF5 file with pictures: /x, f32 [N,3,H,W] or [N,1,H,W]")->required();
  verb->add_option("--output", o->output, "HDF5 file to write: /logits, f32 [N,classes]")->required();
  CLI::Option* folded = verb->add_flag("--folded", o->folded, "fold batch norms into the convolutions before them");
  CLI::Option* batch_size = verb->add_option("--batch-size", o->batch_size, "pictures at a time");
  batch_size->check(CLI::Range(1, 65536))->capture_default_str();
  verb->add_flag("--gradients", o->gradients,
                 "a training step's passes, without dropout: all pictures as one batch, and the gradients of sum(logits * dy) "
                 "by every parameter to /gradients/NAME; the input file holds /dy, f32 [N,classes]")
      ->excludes(folded)
      ->excludes(batch_size);
  verb->footer("Computes in fp32 unless --precision says otherwise.");
  verb->callback([&common, verb, o] {
    o->classes_given = verb->count("--classes") > 0;
    run_forward(*o, common);
  });
}

}  // namespace cudenza
