/// cudenza bench train, cudenza bench infer: what the networks do a second, on made-up pictures.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "apps/network_choice.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/optimizer.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  std::vector<std::string> models;
  int64_t batch_size = 0;
  int image_size = 224;
  double seconds = 3;
  bool folded = true;
};

constexpr int kClasses = 1000;

/// A batch, and a network in one of its two uses.
struct Subject {
  std::unique_ptr<Network> network;
  Tensor x, labels;
  std::shared_ptr<Generator> random;
};

Subject make_subject(const std::string& model, const BenchOptions& o, const Common& common, Device device, DType dtype) {
  Subject s{.network = nullptr, .x = {}, .labels = {}, .random = std::make_shared<Generator>(common.seed)};
  s.network = make_network(model, {.classes = kClasses, .random = s.random});
  s.network->initialize(*s.random);
  s.network->to(device);
  const kernels::RandomStream stream{.seed = common.seed, .op = 0, .step = nullptr};
  const int64_t pixels = int64_t{3} * o.image_size * o.image_size;
  std::vector<float> picture(static_cast<size_t>(pixels));
  for (size_t i = 0; i < picture.size(); ++i)
    picture[i] = 2 * kernels::uniform_of(kernels::random4(stream, i / 4).word[i % 4]) - 1;
  const Tensor x = Tensor::empty({o.batch_size, o.image_size, o.image_size, 3}, DType::f32);
  std::vector<int64_t> labels(static_cast<size_t>(o.batch_size));
  for (int64_t n = 0; n < o.batch_size; ++n) {
    std::ranges::copy(picture, x.data<float>() + n * pixels);
    labels[static_cast<size_t>(n)] = n % kClasses;
  }
  s.x = cast(x, dtype).to(device);
  s.labels = Tensor::from(labels, {o.batch_size}).to(device);
  return s;
}

struct Timing {
  double seconds_median = 0;  ///< of one step
  size_t peak_bytes = 0;      ///< that tensors held
};

/// Median time of one call of `step` within the budget. On a GPU ten calls are timed together, since one wait costs as much as
/// a small step.
Timing timed(Device device, double budget, const std::function<void()>& step) {
  const int calls = device.is_cuda() ? 10 : 1;
  const auto wait = [&] {
    if (device.is_cuda()) gpu::synchronize(device.index());
  };
  const auto now = [] { return std::chrono::steady_clock::now(); };
  step();  // finds the libraries' plans
  wait();
  std::vector<double> seconds;
  const auto start = now();
  const auto since = [&](auto moment) { return std::chrono::duration<double>(now() - moment).count(); };
  while (seconds.size() < 3 || since(start) < budget) {
    const auto before = now();
    for (int i = 0; i < calls; ++i) step();
    wait();
    seconds.push_back(since(before) / calls);
  }
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
  return {seconds[seconds.size() / 2],
          device.is_cuda() ? gpu::memory_use(device.index()).peak_bytes : cpu_memory_use().peak_bytes};
}

/// Forward, loss, backward and SGD; on a GPU recorded once and replayed, as training does.
Timing time_training(const Subject& s, Device device, double budget) {
  FlatParameters parameters(s.network->parameter_groups());
  Optimizer optimizer(parameters, Sgd{.lr = 1e-3, .momentum = 0.9, .weight_decay = 1e-4});
  if (s.x.dtype() == DType::f16) optimizer.use_loss_scale();
  const auto step = [&] {
    const Tensor loss = softmax_cross_entropy(cast((*s.network)(s.x), DType::f32), s.labels);
    optimizer.zero_grad();
    optimizer.backward(loss);
    optimizer.step();
    s.random->advance_step();
  };
  if (device.is_cpu()) return timed(device, budget, step);
  step();
  const gpu::Recording recording(device.index(), step);
  return timed(device, budget, [&] { recording.replay(); });
}

Timing time_inference(const Subject& s, Device device, const BenchOptions& o) {
  s.network->train(false);
  if (o.folded) s.network->fold();
  const NoGrad no_grad;
  if (device.is_cpu()) return timed(device, o.seconds, [&] { (*s.network)(s.x); });
  const Tensor result = (*s.network)(s.x);  // a recording's own tensors are gone when it ends
  const gpu::Recording recording(device.index(), [&] { result.copy_from((*s.network)(s.x)); });
  return timed(device, o.seconds, [&] { recording.replay(); });
}

int64_t process_peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

Json measure(const std::string& what, const std::string& model, const BenchOptions& o, const Common& common) {
  const Device device = common.chosen_device();
  const DType dtype = chosen_type(common, device, DType::f32);
  const Subject subject = make_subject(model, o, common, device, dtype);
  if (device.is_cuda()) gpu::reset_peak(device.index());
  else reset_cpu_peak();
  const Timing t = what == "train" ? time_training(subject, device, o.seconds) : time_inference(subject, device, o);
  return {{"bench", what},
          {"model", model},
          {"device", device.name()},
          {"precision", name_of(dtype)},
          {"folded", what == "infer" && o.folded},
          {"batch_size", o.batch_size},
          {"image_size", o.image_size},
          {"images_per_s", static_cast<double>(o.batch_size) / t.seconds_median},
          {"seconds_median", t.seconds_median},
          {"peak_bytes", t.peak_bytes},
          {"process_peak_bytes", process_peak_bytes()}};
}

void run_bench(const std::string& what, const BenchOptions& given, const Common& common) {
  BenchOptions o = given;
  if (o.models.empty()) o.models.assign(network_names().begin(), network_names().end());
  if (o.batch_size == 0) o.batch_size = common.chosen_device().is_cuda() ? 256 : 8;
  Json results = Json::array();
  if (!common.json) {
    fmt::print("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10} {:>10} {:>10}\n", "model", "", "device", "precision", "batch", "side",
               "images/s", "ms", "peak MiB");
  }
  for (const std::string& model : o.models) {
    const Json r = measure(what, model, o, common);
    results.push_back(r);
    if (common.json) continue;
    fmt::print("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10.2f} {:>10.2f} {:>10.1f}\n", model, what,
               r["device"].get<std::string>(), r["precision"].get<std::string>(), o.batch_size, o.image_size,
               r["images_per_s"].get<double>(), 1e3 * r["seconds_median"].get<double>(),
               r["peak_bytes"].get<double>() / (1 << 20));
    std::fflush(stdout);
  }
  if (common.json) fmt::print("{}\n", results.dump(2));
}

void add_network_bench(CLI::App& bench, const Common& common, const std::string& what, const std::string& description) {
  CLI::App* verb = bench.add_subcommand(what, description);
  const auto o = std::make_shared<BenchOptions>();
  verb->add_option("--model", o->models, "networks; all, if none is given")
      ->check(CLI::IsMember(std::vector<std::string>(network_names().begin(), network_names().end())))
      ->delimiter(',');
  verb->add_option("--batch-size", o->batch_size, "pictures a step; 8 on the CPU and 256 on a GPU, if not given")
      ->check(CLI::Range(1, 65536));
  verb->add_option("--image-size", o->image_size, "height and width")->check(CLI::Range(1, 4096))->capture_default_str();
  verb->add_option("--seconds", o->seconds, "for each figure")->check(CLI::PositiveNumber)->capture_default_str();
  if (what == "infer") verb->add_flag("--folded,!--unfolded", o->folded, "batch norms folded into the convolutions (as it is)");
  verb->footer("Computes in fp32 unless --precision says otherwise.");
  verb->callback([&common, what, o] { run_bench(what, *o, common); });
}

}  // namespace

void add_bench(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("bench", "Speed and memory of the networks in training and in inference");
  verb->require_subcommand(1);
  add_network_bench(*verb, common, "train", "steps of training: forward, loss, backward, SGD");
  add_network_bench(*verb, common, "infer", "forward passes; --batch-size 1 for the latency of one picture");
}

}  // namespace cudenza
