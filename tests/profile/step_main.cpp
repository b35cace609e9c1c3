/// What one step of a network asks of a GPU: every launch of the engine's own code at its real size, its bytes counted from a few
/// blocks of each, and what cuDNN and cuBLAS are asked. No number is computed. bench/predict.py makes times of it.
///
///   cudenza_step --model resnet50 --batch-size 256 --precision fp16 [--infer] [--journey]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/autograd/node.h"
#include "engine/train/made_up_input.h"
#include "engine/train/train_step.h"
#include "models/registry.h"
#include "tests/profile/measured.h"
#include "tests/support/dry_device.h"

namespace cudenza::testing {
namespace {

constexpr int kClasses = 1000;
constexpr uint64_t kBlocks = 4;  // of a launch

/// Of all calls with one text.
class Libraries : public simt::Tracer {
 public:
  void library(const simt::LibraryCall& call) override {
    auto& [calls, one] = calls_[call.what];
    ++calls;
    one = call;
  }
  nlohmann::json json() const {
    nlohmann::json all = nlohmann::json::array();
    for (const auto& [what, counted] : calls_) {
      const auto& [calls, one] = counted;
      all.push_back({{"what", what},
                     {"calls", calls},
                     {"flops", one.flops},
                     {"bytes_read", one.bytes_read},
                     {"bytes_written", one.bytes_written}});
    }
    return all;
  }

 private:
  std::map<std::string, std::pair<int, simt::LibraryCall>> calls_;
};

/// Every launch and library call in its order, as rows of a Markdown table.
class Journey : public simt::Tracer {
 public:
  /// `profiler` began before: it has counted a launch when this hears of its end.
  explicit Journey(const simt::Profiler& profiler) : profiler_(profiler) {}

  void end_launch(const simt::Launch& launch) override {
    const simt::KernelProfile& all = profiler_.kernels().at(launch.kernel);
    auto& [read, written] = before_[launch.kernel];
    add(short_name(launch.kernel), static_cast<double>(all.bytes_read - read), static_cast<double>(all.bytes_written - written));
    read = all.bytes_read, written = all.bytes_written;
  }
  void library(const simt::LibraryCall& call) override { add(call.what, call.bytes_read, call.bytes_written); }

  std::string text() const { return "| | station | MB read | MB written |\n|---|---|---|---|\n" + rows_; }

 private:
  void add(const std::string& station, double read, double written) {
    rows_ += fmt::format("| {} | {} | {:.2f} | {:.2f} |\n", ++stations_, station, read / 1e6, written / 1e6);
  }

  const simt::Profiler& profiler_;
  std::string rows_;
  std::map<std::string, std::pair<uint64_t, uint64_t>> before_;
  int stations_ = 0;
};

struct Options {
  std::string model = "resnet50", precision = "fp16";
  int64_t batch = 256, image = 224;
  bool infer = false, journey = false;
};

DType dtype_of(const Options& o) {
  if (o.precision == "fp32") return DType::f32;
  return o.precision == "bf16" ? DType::bf16 : DType::f16;
}

void train(Network& network, const Tensor& x, Generator& random, const std::function<void()>& before_the_counted) {
  const Recipe recipe{.plan = Plan::constant, .optimizer = OptimizerKind::sgd};
  FlatParameters parameters(network.parameter_groups());
  Optimizer optimizer(parameters, Sgd{.lr = 1e-3, .momentum = 0.9, .weight_decay = 1e-4});
  if (x.dtype() == DType::f16) optimizer.use_loss_scale();
  MadeUpInput input(x);
  Ranks alone;
  TrainStep step(network, input, optimizer, random, recipe, nullptr, alone);
  std::vector<int64_t> rows, labels;
  for (int64_t n = 0; n < x.size(0); ++n) rows.push_back(n), labels.push_back(n % kClasses);
  before_the_counted();
  step.run({.rows = rows, .labels = labels, .epoch = 0});
}

std::string measured_step(const Options& o) {
  make_device_dry();
  simt::run_at_most(kBlocks);
  const Device device = Device::cuda();
  const auto random = std::make_shared<Generator>(1);
  const auto network = make_network(o.model, {.classes = kClasses, .random = random});
  network->to(device);
  const Tensor x = Tensor::empty({o.batch, o.image, o.image, 3}, dtype_of(o), device);
  std::unique_ptr<simt::Profiler> profiler;
  std::unique_ptr<Journey> journey;
  std::unique_ptr<Libraries> libraries;
  const auto begin = [&] {
    profiler = std::make_unique<simt::Profiler>();
    journey = std::make_unique<Journey>(*profiler);
    libraries = std::make_unique<Libraries>();
  };
  if (o.infer) {
    const NoGrad no_grad;
    network->train(false);
    network->fold();
    (*network)(x);  // makes the weights that are kept
    begin();
    (*network)(x);
  } else {
    train(*network, x, *random, begin);
  }
  if (o.journey) return journey->text();
  nlohmann::json kernels = nlohmann::json::array();
  for (const auto& [name, kernel] : profiler->kernels())
    kernels.push_back({{"kernel", short_name(name)},
                       {"launches", kernel.launches},
                       {"threads", kernel.threads},
                       {"bytes_read", kernel.bytes_read},
                       {"bytes_written", kernel.bytes_written}});
  const nlohmann::json all{{"model", o.model},         {"batch", o.batch},
                           {"precision", o.precision}, {"use", o.infer ? "infer" : "train"},
                           {"kernels", kernels},       {"libraries", libraries->json()}};
  return all.dump(1) + "\n";
}

}  // namespace
}  // namespace cudenza::testing

int main(int argc, char** argv) {
  cudenza::testing::Options o;
  CLI::App app("What one step of a network asks of a GPU, as JSON.");
  app.add_option("--model", o.model, "alexnet vgg16 vgg16_bn resnet34 resnet50 resnetrs50")->capture_default_str();
  app.add_option("--batch-size", o.batch)->capture_default_str();
  app.add_option("--image-size", o.image)->capture_default_str();
  app.add_option("--precision", o.precision)->check(CLI::IsMember({"fp32", "bf16", "fp16"}))->capture_default_str();
  app.add_flag("--infer", o.infer, "one forward pass, batch norms folded, instead of a step of training");
  app.add_flag("--journey", o.journey, "every launch in its order, as a table, instead");
  CLI11_PARSE(app, argc, argv);
  std::cout << cudenza::testing::measured_step(o);
}
