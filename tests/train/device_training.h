/// A whole training on a device, as `cudenza train` does one: sound resident there, augmentation, spectrograms, a small network,
/// captured steps, validation. For the host that stands for a GPU (tests/simt) and for a GPU (device_training_test.cpp).
#pragma once
#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/gpu.h"
#include "engine/libraries/math_mode.h"
#include "engine/nn/checkpoint.h"
#include "engine/optim/parameter_groups.h"
#include "engine/train/clip_input.h"
#include "engine/train/evaluate.h"
#include "engine/train/lr_finder.h"
#include "engine/train/picture_input.h"
#include "engine/train/session.h"
#include "tests/support/residual_cnn.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {

constexpr int64_t kClips = 16, kClipSamples = 2000;
constexpr int kKinds = 4;

/// Everything at once: two phases, augmentation of every kind, mixup, an average of the weights.
inline Recipe everything() {
  return {.plan = Plan::fine_tune,
          .epochs = 2,
          .freeze_epochs = 1,
          .lr = 0.01,
          .batch_size = 4,
          .mixup = 0.4,
          .label_smoothing = 0.1,
          .ema = 0.8,
          .noise = true,
          .cutout = true,
          .specaugment = true,
          .gain = 6,
          .shift = 0.5};
}

/// Tones whose pitch is their kind, with overtones that differ from clip to clip.
inline Tensor made_up_clips() {
  std::vector<int16_t> pcm;
  for (int64_t row = 0; row < kClips; ++row) {
    const double pitch = 0.1 * std::pow(1.7, row % kKinds), overtone = 0.2 + 0.03 * static_cast<double>(row);
    for (int64_t i = 0; i < kClipSamples; ++i) {
      const double t = static_cast<double>(i);
      pcm.push_back(static_cast<int16_t>(6000 * (std::sin(pitch * t) + overtone * std::sin(2.9 * pitch * t + row))));
    }
  }
  return Tensor::from(pcm, {kClips, kClipSamples});
}

inline InputSpec small_input(const Tensor& pcm) {
  InputSpec spec{.mel = {.sample_rate = 8000, .n_fft = 256, .hop = 128, .n_mels = 16},
                 .picture = {.height = 8, .width = 8},
                 .clip_seconds = static_cast<double>(kClipSamples) / 8000};
  std::vector<int64_t> rows(kClips);
  for (int64_t row = 0; row < kClips; ++row) rows[static_cast<size_t>(row)] = row;
  spec.statistics = measure(pcm, spec.mel, rows);
  return spec;
}

/// Network, input and trainer on one device.
class DeviceTraining {
 public:
  DeviceTraining(Device device, const Recipe& recipe, DType dtype = DType::f32, std::shared_ptr<Ranks> all = {})
      : DeviceTraining(device, recipe, dtype, made_up_clips(), all ? std::move(all) : std::make_shared<Ranks>()) {}

  std::vector<double> train() {
    std::vector<double> losses;
    while (!trainer.done()) {
      trainer.run_epoch([&](const Trainer::Step& step) {
        losses.push_back(step.loss);
        return true;
      });
    }
    return losses;
  }
  /// Probabilities of all clips, joined from the plain pass and two augmented ones.
  std::vector<double> judge() {
    const Trainer::Averaged averaged(trainer);
    return evaluate(net, input, rows, {.batch_size = 8, .tta = 2, .ranks = ranks.get()});
  }
  Trainer::Parts parts() {
    return {.network = net,
            .groups = group_by_prefix(net, {{"body", {""}}, {"head", {"fc."}}}),
            .input = input,
            .labels = labels,
            .rows = rows,
            .random = random,
            .on_phase = {},
            .ranks = ranks};
  }
  Validation validation() const {
    Validation v{.rows = {rows.begin(), rows.begin() + 6}, .file = {0, 1, 2, 3, 4, 5}, .labels = {}};
    for (const int64_t row : v.rows) v.labels.push_back(labels[static_cast<size_t>(row)]);
    return v;
  }

  std::shared_ptr<Ranks> ranks;
  std::shared_ptr<Generator> random = std::make_shared<Generator>(11);
  std::vector<int64_t> rows, labels;
  ResidualCnn net;
  ClipInput input;
  Trainer trainer;

 private:
  DeviceTraining(Device device, const Recipe& recipe, DType dtype, const Tensor& pcm, std::shared_ptr<Ranks> all)
      : DeviceTraining(device, recipe, dtype, pcm, std::move(all), small_input(pcm)) {}
  DeviceTraining(Device device, const Recipe& recipe, DType dtype, const Tensor& pcm, std::shared_ptr<Ranks> all,
                 const InputSpec& spec)
      : ranks(std::move(all)),
        net({.drop = 0.25, .random = random}),
        input(pcm.to(device), spec, clip_chances(recipe, spec), dtype, 11),
        trainer((prepare(device), parts()), recipe) {}
  void prepare(Device device) {
    for (int64_t row = 0; row < kClips; ++row) rows.push_back(row), labels.push_back(row % kKinds);
    Generator initial(11);
    net.initialize(initial);
    net.to(device);
  }
};

inline void expect_near(const std::vector<double>& got, const std::vector<double>& expected, double relative) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], relative * (1e-3 + std::abs(expected[i]))) << i;
}

/// Losses and probabilities are the CPU's, through both phases: what a capture must not keep (rates, epoch, batch, random
/// numbers) moves on.
inline void check_training(Device device, const Recipe& recipe, double relative) {
  DeviceTraining on_cpu(Device::cpu(), recipe), on_device(device, recipe);
  const std::vector<double> expected = on_cpu.train();
  expect_near(on_device.train(), expected, relative);
  expect_near(on_device.judge(), on_cpu.judge(), relative);
  expect_near({on_device.trainer.smooth_loss()}, {on_cpu.trainer.smooth_loss()}, relative);
}

/// f16 from a loss scale so high that the first steps overflow, and that grows again later: as on the CPU.
inline void check_loss_scale(Device device, double relative) {
  const Recipe recipe{.plan = Plan::one_cycle, .epochs = 4, .lr = 0.01, .batch_size = 4, .max_norm = 1};
  const LossScale scale{.initial = 1 << 22, .growth_interval = 5};
  DeviceTraining on_cpu(Device::cpu(), recipe, DType::f16), on_device(device, recipe, DType::f16);
  on_cpu.trainer.optimizer().use_loss_scale(scale);
  on_device.trainer.optimizer().use_loss_scale(scale);
  const std::vector<double> expected = on_cpu.train();
  expect_near(on_device.train(), expected, relative);
  const Optimizer::Report a = on_device.trainer.optimizer().report(), b = on_cpu.trainer.optimizer().report();
  EXPECT_EQ(a.loss_scale, b.loss_scale);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.skipped_steps, b.skipped_steps);
  EXPECT_GT(a.skipped_steps, 0);
  EXPECT_GT(a.steps, 5);
}

/// After the first steps of a phase each step is one replay: nothing is allocated, and the host waits for nothing but the losses
/// it reads at the end of the epoch.
inline void check_steady_state(Device device) {
  const Recipe recipe{.plan = Plan::constant, .epochs = 3, .lr = 0.01, .batch_size = 4, .mixup = 0.4, .ema = 0.8, .noise = true};
  DeviceTraining on_device(device, recipe);
  const auto epoch = [&] { on_device.trainer.run_epoch([](const Trainer::Step&) { return true; }); };
  epoch();
  const gpu::Activity before = gpu::activity(device.index());
  epoch();
  const gpu::Activity done = gpu::activity(device.index()) - before;
  EXPECT_EQ(done.replays, 4);
  EXPECT_EQ(done.allocations, 0);
  EXPECT_EQ(done.synchronisations, 1);
  EXPECT_EQ(done.host_copies, 4 * 3 + 1);  // rows, epoch and labels of each step; the losses of all
}

/// Trains in `run`; stops after so many steps if told to, and goes on from what is there.
inline std::vector<EpochRow> run_session(Device device, const std::filesystem::path& run, int stop_after, bool resumes) {
  DeviceTraining t(device, everything());
  if (resumes) read_state(Hdf5File(run / "last.h5"), t.net);
  int steps = 0;
  Session::Options options{.run = run, .batch_size = 4, .log_steps = true};
  options.on_step = [&](const Trainer::Step&) { ++steps; };
  options.interrupted = [&] { return stop_after > 0 && steps >= stop_after; };
  Session session({t.trainer, t.net, t.input, *t.random, t.validation(), [&](Hdf5File& file) { write_state(file, t.net); }},
                  options);
  if (resumes) session.resume(Hdf5File(run / "last.h5"));
  if (stop_after > 0) EXPECT_THROW(session.run(), Stopped);
  else session.run();
  return session.history();
}

/// A run stopped in its middle goes on to the same bits.
inline void check_resume(Device device) {
  const ExactMath exact;
  const ScratchFolder whole, parted;
  const std::vector<EpochRow> expected = run_session(device, whole.path(), 0, false);
  run_session(device, parted.path(), 6, false);
  const std::vector<EpochRow> got = run_session(device, parted.path(), 0, true);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].train_loss, expected[i].train_loss);
    EXPECT_EQ(got[i].valid_loss, expected[i].valid_loss);
    EXPECT_EQ(got[i].accuracy, expected[i].accuracy);
  }
  const auto steps = read_steps(parted.path()), all = read_steps(whole.path());
  ASSERT_EQ(steps.size(), all.size());
  for (size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i].loss, all[i].loss) << "step " << i;
}

/// The curve of losses over rising rates is the CPU's.
inline void check_lr_finder(Device device, double relative) {
  const auto curve_on = [](Device where) {
    DeviceTraining t(where, everything());
    const LrCurve curve = find_learning_rate(t.parts(), everything(), {.first = 1e-4, .last = 0.1, .steps = 8});
    std::vector<double> losses;
    for (const LrCurve::Point& point : curve.points) losses.push_back(point.loss);
    return losses;
  };
  expect_near(curve_on(device), curve_on(Device::cpu()), relative);
}

/// Pictures as bytes, trained on and judged by.
inline void check_pictures(Device device, double relative) {
  const Recipe recipe{.plan = Plan::one_cycle, .epochs = 2, .lr = 0.01, .batch_size = 4, .cutout = true, .shift = 0.5};
  const auto outcome_on = [&](Device where) {
    std::vector<uint8_t> bytes;
    std::vector<int64_t> rows, labels;
    for (int i = 0; i < 12 * 8 * 8 * 3; ++i) bytes.push_back(static_cast<uint8_t>(i * i % 251 * (1 + i / 192 % kKinds) / 4));
    for (int64_t row = 0; row < 12; ++row) rows.push_back(row), labels.push_back(row % kKinds);
    const auto random = std::make_shared<Generator>(3);
    ResidualCnn net({.drop = 0.25, .random = random});
    Generator initial(3);
    net.initialize(initial);
    net.to(where);
    PictureInput input(Tensor::from(bytes, {12, 8, 8, 3}).to(where), 8, Normalize::imagenet,
                       pixel_chances(recipe, {.height = 8, .width = 8}), DType::f32, 3);
    Trainer trainer({net, {parameter_group("all", net)}, input, labels, rows, random}, recipe);
    std::vector<double> all;
    while (!trainer.done()) {
      trainer.run_epoch([&](const Trainer::Step& step) {
        all.push_back(step.loss);
        return true;
      });
    }
    const auto probabilities = evaluate(net, input, rows, {.batch_size = 8, .tta = 2});
    all.insert(all.end(), probabilities.begin(), probabilities.end());
    return all;
  };
  expect_near(outcome_on(device), outcome_on(Device::cpu()), relative);
}

}  // namespace cudenza::testing
