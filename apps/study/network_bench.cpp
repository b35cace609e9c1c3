#include "apps/study/network_bench.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/nn/int8.h"
#include "engine/nn/prepared.h"
#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"
#include "engine/train/made_up_input.h"
#include "engine/train/train_step.h"
#include "models/registry.h"

namespace cudenza {
namespace {

constexpr int kClasses = 1000;

/// A batch, and a network in one of its two uses.
struct Subject {
  std::unique_ptr<Network> network;
  Tensor x;
  std::shared_ptr<Generator> random;
};

Subject make_subject(const NetworkBench& o, uint64_t seed, Device device, DType dtype) {
  Subject s{.network = nullptr, .x = {}, .random = std::make_shared<Generator>(seed)};
  s.network = make_network(o.arch, {.classes = kClasses, .random = s.random});
  s.network->initialize(*s.random);
  s.network->to(device);
  const kernels::RandomStream stream{.seed = seed, .op = 0, .step = nullptr};
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

constexpr int kCountedSteps = 32;

BenchResult::PerStep per_step(const gpu::Activity& all) {
  const auto each = [](int64_t count) { return static_cast<double>(count) / kCountedSteps; };
  return {.replays = each(all.replays),
          .allocations = each(all.allocations),
          .synchronisations = each(all.synchronisations),
          .host_copies = each(all.host_copies)};
}

/// Median time of one call of `step` within the budget. On a GPU ten calls are timed together, since one wait costs as much as
/// a small step.
BenchResult timed(Device device, double budget, const std::function<void()>& step) {
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
  BenchResult t{.device = device, .seconds_median = seconds[seconds.size() / 2]};
  if (device.is_cpu()) {
    t.peak_bytes = cpu_memory_use().peak_bytes;
    return t;
  }
  const gpu::MemoryUse use = gpu::memory_use(device.index());
  t.peak_bytes = use.peak_bytes, t.reserved_bytes = use.reserved_bytes;
  const gpu::Activity before = gpu::activity(device.index());
  for (int i = 0; i < kCountedSteps; ++i) step();
  t.per_step = per_step(gpu::activity(device.index()) - before);
  wait_for(device);
  return t;
}

/// Training's own step on the same batch again and again: forward, loss, backward and SGD; on a GPU captured once and replayed.
BenchResult time_training(const Subject& s, Device device, double budget) {
  const Recipe recipe{.plan = Plan::constant, .optimizer = OptimizerKind::sgd};
  FlatParameters parameters(s.network->parameter_groups());
  Optimizer optimizer(parameters, Sgd{.lr = 1e-3, .momentum = 0.9, .weight_decay = 1e-4});
  if (s.x.dtype() == DType::f16) optimizer.use_loss_scale();
  MadeUpInput input(s.x);
  Ranks alone;
  TrainStep step(*s.network, input, optimizer, *s.random, recipe, nullptr, alone);
  std::vector<int64_t> rows, labels;
  for (int64_t n = 0; n < s.x.size(0); ++n) rows.push_back(n), labels.push_back(n % kClasses);
  const auto run = [&] { step.run({.rows = rows, .labels = labels, .epoch = 0}); };
  run();
  wait_for(device);
  const double first = seconds_of_process();
  constexpr int kUntilCaptured = 3;
  for (int i = 0; device.is_cuda() && i < kUntilCaptured; ++i) run();
  wait_for(device);
  BenchResult t = timed(device, budget, run);
  t.first_step_s = first;
  return t;
}

/// Of a network that is prepared, or of the modules as they are.
BenchResult time_inference(const Subject& s, Device device, const NetworkBench& o) {
  s.network->train(false);
  const NoGrad no_grad;
  if (o.folded && device.is_cpu()) {
    Prepared prepared(*s.network, Weights::dropped);
    constexpr int kUntilPrepared = 3;
    for (int i = 0; i < kUntilPrepared; ++i) prepared(s.x);
    BenchResult t = timed(device, o.seconds, [&] { prepared(s.x); });
    t.planned_bytes = prepared.planned_bytes();
    return t;
  }
  if (o.folded) s.network->fold();
  const Tensor result = (*s.network)(s.x);  // finds the libraries' plans; a capture keeps its own tensors to itself
  if (device.is_cpu()) return timed(device, o.seconds, [&] { (*s.network)(s.x); });
  const gpu::CapturedGraph graph(device.index(), [&] { result.copy_from((*s.network)(s.x)); });
  graph.replay();
  wait_for(device);
  return timed(device, o.seconds, [&] { graph.replay(); });
}

/// From here on a process's peak counts anew; where the system refuses, it keeps what came before.
void reset_process_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

/// Leaves what a process has that read a quantized file: calibration's own memory is none of inference's.
void calibrate(const Subject& s) {
  s.network->train(false);
  const Tensor one = s.x.slice(0, {1, s.x.size(1), s.x.size(2), s.x.size(3)}).to(DType::f32);
  Int8Plans plans;
  {
    Calibration calibration(*s.network);
    calibration.see(one);
    plans = calibration.plans();
  }
  set_int8(*s.network, plans);
  drop_replaced_weights(*s.network);
  trim_cpu_pool();
  reset_process_peak();
}

int64_t process_peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

}  // namespace

BenchResult time_network(const NetworkBench& bench, const Compute& compute) {
  const Device device = compute.chosen_device();
  const bool int8 = compute.precision == "int8" && !bench.training;
  require(!int8 || bench.folded, "bench infer: int8 is for folded networks; leave out --unfolded");
  const DType dtype = int8 ? type_beside_int8(compute, device) : chosen_type(compute, device, DType::f32);
  const Subject subject = make_subject(bench, compute.seed, device, dtype);
  if (int8) calibrate(subject);
  if (device.is_cuda()) gpu::reset_peak(device.index());
  else reset_cpu_peak();
  BenchResult result = bench.training ? time_training(subject, device, bench.seconds) : time_inference(subject, device, bench);
  result.dtype = dtype, result.int8 = int8;
  result.process_peak_bytes = process_peak_bytes();
  return result;
}

}  // namespace cudenza
