/// cudenza bench train, cudenza bench infer: what the networks do a second, on made-up pictures.
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "apps/cli/output.h"
#include "apps/verbs/bench_goals.h"
#include "apps/verbs/network_choice.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"
#include "engine/train/train_step.h"

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

/// The same batch, whatever is asked for.
class MadeUpInput : public Input {
 public:
  explicit MadeUpInput(const Tensor& x) : x_(x) {}
  int64_t rows() const override { return x_.size(0); }
  Device device() const override { return x_.device(); }
  Tensor training(const Batch&) override { return x_; }
  Tensor plain(std::span<const int64_t> rows) override { return first(static_cast<int64_t>(rows.size())); }
  Tensor variants(std::span<const int64_t> rows, int n) override { return first(n * static_cast<int64_t>(rows.size())); }

 private:
  Tensor first(int64_t count) const { return x_.slice(0, {count, x_.size(1), x_.size(2), x_.size(3)}); }
  Tensor x_;
};

/// A batch, and a network in one of its two uses.
struct Subject {
  std::unique_ptr<Network> network;
  Tensor x;
  std::shared_ptr<Generator> random;
};

Subject make_subject(const std::string& model, const BenchOptions& o, const Common& common, Device device, DType dtype) {
  Subject s{.network = nullptr, .x = {}, .random = std::make_shared<Generator>(common.seed)};
  s.network = make_network(model, {.classes = kClasses, .random = s.random});
  s.network->initialize(*s.random);
  s.network->to(device);
  const kernels::RandomStream stream{.seed = common.seed, .op = 0, .step = nullptr};
  const int64_t pixels = int64_t{3} * o.image_size * o.image_size;
  std::vector<float> picture(static_cast<size_t>(pixels));
  for (size_t i = 0; i < picture.size(); ++i)
    picture[i] = 2 * kernels::uniform_of(kernels::random4(stream, i / 4).word[i % 4]) - 1;
  const Tensor one = cast(Tensor::from(picture, {pixels}), dtype).to(device);
  s.x = Tensor::empty({o.batch_size, o.image_size, o.image_size, 3}, dtype, device);
  for (int64_t n = 0; n < o.batch_size; ++n) s.x.slice(n * pixels, {pixels}).copy_from(one);
  return s;
}

void wait_for(Device device) {
  if (device.is_cuda()) gpu::synchronize(device.index());
}

/// Since this process was started, its loading included; the kernel counts in hundredths.
double seconds_of_process() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::istringstream fields(text.substr(text.rfind(')') + 1));  // the name before it may hold anything
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;  // field 22 of proc(5): starttime
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec) -
         std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Timing {
  double seconds_median = 0;              ///< of one step
  size_t peak_bytes = 0;                  ///< that tensors held
  size_t reserved_bytes = 0;              ///< that the driver held for them; 0 on the CPU
  std::optional<double> first_step_s;     ///< from the start of the process to the end of the first step
  std::optional<gpu::Activity> activity;  ///< of kCountedSteps steps in the steady state
};

constexpr int kCountedSteps = 32;

/// Median time of one call of `step` within the budget. On a GPU ten calls are timed together, since one wait costs as much as
/// a small step.
Timing timed(Device device, double budget, const std::function<void()>& step) {
  const int calls = device.is_cuda() ? 10 : 1;
  const auto now = [] { return std::chrono::steady_clock::now(); };
  std::vector<double> seconds;
  const auto start = now();
  const auto since = [&](auto moment) { return std::chrono::duration<double>(now() - moment).count(); };
  while (seconds.size() < 3 || since(start) < budget) {
    const auto before = now();
    for (int i = 0; i < calls; ++i) step();
    wait_for(device);
    seconds.push_back(since(before) / calls);
  }
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
  Timing t{.seconds_median = seconds[seconds.size() / 2], .first_step_s = {}, .activity = {}};
  if (device.is_cpu()) {
    t.peak_bytes = cpu_memory_use().peak_bytes;
    return t;
  }
  const gpu::MemoryUse use = gpu::memory_use(device.index());
  t.peak_bytes = use.peak_bytes, t.reserved_bytes = use.reserved_bytes;
  const gpu::Activity before = gpu::activity(device.index());
  for (int i = 0; i < kCountedSteps; ++i) step();
  t.activity = gpu::activity(device.index()) - before;
  wait_for(device);
  return t;
}

/// Training's own step on the same batch again and again: forward, loss, backward and SGD; on a GPU captured once and replayed.
Timing time_training(const Subject& s, Device device, double budget) {
  const Recipe recipe{.plan = Plan::constant, .optimizer = OptimizerKind::sgd};
  FlatParameters parameters(s.network->parameter_groups());
  Optimizer optimizer(parameters, Sgd{.lr = 1e-3, .momentum = 0.9, .weight_decay = 1e-4});
  if (s.x.dtype() == DType::f16) optimizer.use_loss_scale();
  MadeUpInput input(s.x);
  TrainStep step(*s.network, input, optimizer, *s.random, recipe, nullptr);
  std::vector<int64_t> rows, labels;
  for (int64_t n = 0; n < s.x.size(0); ++n) rows.push_back(n), labels.push_back(n % kClasses);
  const auto run = [&] { step.run({.rows = rows, .labels = labels, .epoch = 0}); };
  run();
  wait_for(device);
  const double first = seconds_of_process();
  constexpr int kUntilCaptured = 3;
  for (int i = 0; device.is_cuda() && i < kUntilCaptured; ++i) run();
  wait_for(device);
  Timing t = timed(device, budget, run);
  t.first_step_s = first;
  return t;
}

Timing time_inference(const Subject& s, Device device, const BenchOptions& o) {
  s.network->train(false);
  if (o.folded) s.network->fold();
  const NoGrad no_grad;
  const Tensor result = (*s.network)(s.x);  // finds the libraries' plans; a capture keeps its own tensors to itself
  if (device.is_cpu()) return timed(device, o.seconds, [&] { (*s.network)(s.x); });
  const gpu::CapturedGraph graph(device.index(), [&] { result.copy_from((*s.network)(s.x)); });
  graph.replay();
  wait_for(device);
  return timed(device, o.seconds, [&] { graph.replay(); });
}

int64_t process_peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

Json per_step(const gpu::Activity& a) {
  const auto each = [](int64_t count) { return static_cast<double>(count) / kCountedSteps; };
  return {{"replays", each(a.replays)},
          {"allocations", each(a.allocations)},
          {"synchronisations", each(a.synchronisations)},
          {"host_copies", each(a.host_copies)}};
}

Json measure(const std::string& what, const std::string& model, const BenchOptions& o, const Common& common) {
  const Device device = common.chosen_device();
  const DType dtype = chosen_type(common, device, DType::f32);
  const Subject subject = make_subject(model, o, common, device, dtype);
  if (device.is_cuda()) gpu::reset_peak(device.index());
  else reset_cpu_peak();
  const Timing t = what == "train" ? time_training(subject, device, o.seconds) : time_inference(subject, device, o);
  Json r{{"bench", what},
         {"model", model},
         {"device", device.name()},
         {"precision", name_of(dtype)},
         {"folded", what == "infer" && o.folded},
         {"batch_size", o.batch_size},
         {"image_size", o.image_size},
         {"images_per_s", static_cast<double>(o.batch_size) / t.seconds_median},
         {"seconds_median", t.seconds_median},
         {"peak_bytes", t.peak_bytes},
         {"reserved_bytes", t.reserved_bytes},
         {"process_peak_bytes", process_peak_bytes()}};
  if (t.first_step_s) r["first_step_s"] = *t.first_step_s;
  if (t.activity) r["per_step"] = per_step(*t.activity);
  return r;
}

void run_bench(const std::string& what, const BenchOptions& given, const Common& common) {
  BenchOptions o = given;
  if (o.models.empty()) o.models.assign(network_names().begin(), network_names().end());
  if (o.batch_size == 0) o.batch_size = common.chosen_device().is_cuda() ? 256 : 8;
  Json results = Json::array();
  if (!common.json) {
    print_out("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10} {:>10} {:>10}\n", "model", "", "device", "precision", "batch", "side",
              "images/s", "ms", "peak MiB");
  }
  for (const std::string& model : o.models) {
    Json r = measure(what, model, o, common);
    if (!results.empty()) r.erase("first_step_s");  // the process was started for the first one
    results.push_back(r);
    if (common.json) continue;
    print_out("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10.2f} {:>10.2f} {:>10.1f}\n", model, what, r["device"].get<std::string>(),
              r["precision"].get<std::string>(), o.batch_size, o.image_size, r["images_per_s"].get<double>(),
              1e3 * r["seconds_median"].get<double>(), r["peak_bytes"].get<double>() / (1 << 20));
  }
  if (common.json) print_json(results);
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
  verb->add_option("--seconds", o->seconds, "for each figure")->check(CLI::NonNegativeNumber)->capture_default_str();
  if (what == "infer") verb->add_flag("--folded,!--unfolded", o->folded, "batch norms folded into the convolutions (as it is)");
  verb->footer("Computes in fp32 unless --precision says otherwise.");
  verb->callback([&common, what, o] { run_bench(what, *o, common); });
}

void add_goals(CLI::App& bench, const Common& common) {
  CLI::App* verb = bench.add_subcommand("goals", "What a folder of measurements says of the goals for a GPU, as a table");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("FOLDER", *folder, "where ./run gpu-check left its measurements")->required()->check(CLI::ExistingDirectory);
  verb->callback([&common, folder] { print_goals(*folder, common.json); });
}

}  // namespace

void add_bench(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("bench", "Speed and memory of the networks in training and in inference");
  verb->require_subcommand(1);
  add_network_bench(*verb, common, "train", "steps of training: forward, loss, backward, SGD");
  add_network_bench(*verb, common, "infer", "forward passes; --batch-size 1 for the latency of one picture");
  add_goals(*verb, common);
}

}  // namespace cudenza
