/// The engine in one file: a small residual network learns to tell ten made-up kinds of music apart by pictures of them.
///
///   build/bin/cudenza_quickstart [auto|cpu|cuda]
///
/// Read it top down: data, network, training loop, evaluation.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "engine/autograd/node.h"
#include "engine/core/print_err.h"
#include "engine/nn/layers.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/optimizer.h"
#include "engine/optim/parameter_groups.h"

using namespace cudenza;

namespace {

constexpr int kSide = 32, kClasses = 10, kTrain = 2048, kValid = 512, kBatch = 64, kEpochs = 12;

/// Pictures [N,32,32,1] and labels [N].
struct Batch {
  Tensor x, labels;
};

/// Like spectrograms: time runs right, pitch up. A class is a beat (columns) under a chord (rows); where both begin, how loud
/// they are and the noise around them differ from clip to clip.
Batch make_clips(int first, int count, Device device) {
  const kernels::RandomStream stream{.seed = 7, .op = 0, .step = nullptr};
  std::vector<float> x(static_cast<size_t>(count) * kSide * kSide);
  std::vector<int64_t> labels(static_cast<size_t>(count));
  for (int n = 0; n < count; ++n) {
    const auto clip = static_cast<uint64_t>(first + n) << 32;
    const auto [a, b, c, d] = kernels::random4(stream, clip).word;
    const int label = static_cast<int>(a % kClasses), beat = 4 + label % 5, chord = label < 5 ? 5 : 7;
    const int start = static_cast<int>(b % 16), root = static_cast<int>(c % 16);
    const float loudness = 0.5f + kernels::uniform_of(d);
    labels[n] = label;
    for (int i = 0; i < kSide * kSide; ++i) {
      const bool on_beat = (i % kSide + start) % beat == 0, in_chord = (i / kSide + root) % chord == 0;
      const float noise = 2 * (kernels::uniform_of(kernels::random4(stream, clip + 1 + i / 4).word[i % 4]) - 0.5f);
      x[static_cast<size_t>(n) * kSide * kSide + i] = loudness * static_cast<float>(on_beat + in_chord) + noise;
    }
  }
  return {Tensor::from(x, {count, kSide, kSide, 1}).to(device), Tensor::from(labels, {count}).to(device)};
}

/// Batch number k of a set, as windows on its elements.
Batch part(const Batch& all, int k) {
  constexpr int64_t kPixels = int64_t{kSide} * kSide;
  return {all.x.slice(k * kBatch * kPixels, {kBatch, kSide, kSide, 1}), all.labels.slice(k * kBatch, {kBatch})};
}

class Net : public Module {
 public:
  explicit Net(const std::shared_ptr<Generator>& random)
      : conv1(child<Conv2d>("conv1", {.in = 1, .out = 16, .kernel = 3, .pad = 1, .bias = false})),
        bn1(child<BatchNorm2d>("bn1", {.channels = 16})),
        conv2(child<Conv2d>("conv2", {.in = 16, .out = 32, .kernel = 3, .stride = 2, .pad = 1, .bias = false})),
        bn2(child<BatchNorm2d>("bn2", {.channels = 32})),
        conv3(child<Conv2d>("conv3", {.in = 32, .out = 32, .kernel = 3, .pad = 1, .bias = false})),
        bn3(child<BatchNorm2d>("bn3", {.channels = 32})),
        drop(child<Dropout>("drop", {.p = 0.2, .random = random})),
        fc(child<Linear>("fc", {.in = 64, .out = kClasses})) {}

  Tensor forward(const Tensor& x) override {
    Tensor y = conv_bn_relu(conv2, bn2, conv_bn_relu(conv1, bn1, x));
    y = conv_bn_relu(conv3, bn3, y, /*residual=*/y);
    const Tensor bands = avg_pool2d(y, {.kernel = 8});  // 2 x 2 x 32: a coarse picture of where the energy is
    return fc(drop(reshape(adaptive_avg_pool2d(bands, 2, 1), {x.size(0), 64})));
  }

  Conv2d& conv1;
  BatchNorm2d& bn1;
  Conv2d& conv2;
  BatchNorm2d& bn2;
  Conv2d& conv3;
  BatchNorm2d& bn3;
  Dropout& drop;
  Linear& fc;
};

double accuracy(Net& net, const Batch& all, int clips) {
  NoGrad no_grad;
  net.train(false);
  int right = 0;
  for (int k = 0; k < clips / kBatch; ++k) {
    const Batch batch = part(all, k);
    const auto predicted = argmax(net(batch.x)).to_vector<int64_t>(), labels = batch.labels.to_vector<int64_t>();
    for (size_t n = 0; n < labels.size(); ++n) right += predicted[n] == labels[n];
  }
  net.train(true);
  return static_cast<double>(right) / clips;
}

void show_progress(int epoch, int done, int all) {
  if (!isatty(STDERR_FILENO)) return;
  print_err("\repoch {} [{:<32}]", epoch + 1, std::string(static_cast<size_t>(32 * done / all), '='));
  if (done == all) print_err("\r{:48}\r", "");
}

void run(Device device) {
  fmt::print("{} clips to learn from, {} to be judged by, ten kinds, on {}\n\n", kTrain, kValid, device);
  const Batch train = make_clips(0, kTrain, device), valid = make_clips(kTrain, kValid, device);
  const auto random = std::make_shared<Generator>(42);
  Net net(random);
  net.initialize(*random);
  net.to(device);

  FlatParameters parameters({parameter_group("net", net)});
  Optimizer optimizer(parameters, Adam{});

  constexpr int kSteps = kTrain / kBatch;
  fmt::print("{:>5} {:>10} {:>10} {:>9} {:>12}\n", "epoch", "train_loss", "accuracy", "time", "clips/s");
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    double loss_sum = 0;
    for (int k = 0; k < kSteps; ++k) {
      optimizer.set_rates(std::vector{4e-3}, one_cycle(static_cast<double>(epoch * kSteps + k) / (kEpochs * kSteps)));
      const Batch batch = part(train, k);
      const Tensor loss = softmax_cross_entropy(net(batch.x), batch.labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      random->advance_step();
      loss_sum += loss.item();
      show_progress(epoch, k + 1, kSteps);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{:>5} {:>10.4f} {:>9.1f}% {:>8.2f}s {:>12.0f}\n", epoch + 1, loss_sum / kSteps,
               100 * accuracy(net, valid, kValid), seconds, kTrain / seconds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(Device::from_name(argc > 1 ? argv[1] : "auto"));
    return 0;
  } catch (const DeviceError& error) {
    print_err("cudenza_quickstart: {}\n", error.what());
    return 4;
  } catch (const std::exception& error) {
    print_err("cudenza_quickstart: {}\n", error.what());
    return 2;
  }
}
