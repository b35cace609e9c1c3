/// A run directory such as training leaves it, made up by formula: 199 clips of ten genres, eleven epochs, plausible mistakes.
#pragma once
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"
#include "engine/optim/schedule.h"
#include "engine/run/model_card.h"
#include "engine/run/run_files.h"
#include "kernels/common/philox.h"

namespace cudenza::testing {

inline const std::vector<std::string> kGenres = {"blues", "classical", "country", "disco",  "hiphop",
                                                 "jazz",  "metal",     "pop",     "reggae", "rock"};
constexpr int kSyntheticClips = 199, kSyntheticEpochs = 11, kSyntheticSteps = 12;

/// Number i of a stream, uniform in [0, 1).
inline double uniform(uint32_t stream, uint64_t i) {
  return kernels::uniform_of(kernels::random4({.seed = 54, .op = stream, .step = nullptr}, i).word[0]);
}

/// Rock is taken for country, metal and disco, as everybody's is; some clips are merely hard. Overconfident, too.
inline Predictions synthetic_predictions() {
  Predictions all{.classes = kGenres, .files = {}, .labels = {}, .probabilities = {}};
  std::vector<double> logits;
  for (int n = 0; n < kSyntheticClips; ++n) {
    const int label = n % 10;
    all.labels.push_back(label);
    all.files.push_back(fmt::format("{}/{}.{:05}.wav", kGenres[label], kGenres[label], 7 * n % 100));
    const bool is_hard = uniform(1, n) < (label == 9 ? 0.7 : label == 1 ? 0.05 : 0.3);
    const int near = label == 9 ? std::array{2, 6, 3}[n / 10 % 3] : (label * 3 + 5) % 10;
    for (int c = 0; c < 10; ++c) {
      const double lift = c == label ? 4.5 - 2.2 * is_hard : c == near ? 0.8 + 1.6 * is_hard : 0;
      logits.push_back(2.4 * (lift + 1.6 * (uniform(2, n * 10 + c) + uniform(3, n * 10 + c) - 1)));
    }
  }
  all.probabilities = softmax({logits, all.labels, 10});
  return all;
}

inline std::vector<EpochRow> synthetic_history(double last_accuracy) {
  std::vector<EpochRow> rows;
  for (int e = 0; e < kSyntheticEpochs; ++e) {
    const double t = e / 10.0, ease = 1 - std::exp(-3.2 * t);
    const double wiggle = 0.06 * (uniform(4, e) - 0.5) * (e < 10);
    rows.push_back({.epoch = e,
                    .train_loss = 2.2 - 1.95 * ease / (1 - std::exp(-3.2)) + wiggle,
                    .valid_loss = 1.35 - 0.93 * ease / (1 - std::exp(-3.2)) - wiggle,
                    .accuracy = std::round(kSyntheticClips * (last_accuracy - 0.31 * (1 - ease - std::exp(-3.2)) - wiggle)) /
                                kSyntheticClips,
                    .lr = 0.005 * (e == 0 ? 2 : (1 + std::cos(M_PI * t)) / 2),
                    .time = (e == 0 ? 5.2 : 8.7) + uniform(5, e)});
  }
  return rows;
}

inline std::vector<StepRow> synthetic_steps() {
  std::vector<StepRow> rows;
  for (int i = 0; i < kSyntheticEpochs * kSyntheticSteps; ++i) {
    const bool is_frozen = i < kSyntheticSteps;
    const double progress = is_frozen ? i / 12.0 : (i - 12) / 120.0;
    const ScheduleValue value =
        is_frozen ? one_cycle(progress, {.pct_start = 0.99, .div = 25}) : one_cycle(progress, {.pct_start = 0.3, .div = 5});
    rows.push_back({.step = i,
                    .loss = 0.25 + 2.2 * std::exp(-i / 38.0) + 0.5 * (uniform(6, i) - 0.5) * std::exp(-i / 90.0),
                    .lr = (is_frozen ? 0.01 : 0.005) * value.lr_factor,
                    .momentum = value.momentum.value_or(0)});
  }
  return rows;
}

inline LrCurve synthetic_lr_curve() {
  LrCurve curve;
  for (int i = 0; i < 90; ++i) {
    const double lr = 1e-7 * std::pow(1e8, i / 100.0);
    curve.points.push_back({lr, 2.4 - 1.3 / (1 + std::exp(-2 * (std::log10(lr) + 3))) + std::exp(8 * (std::log10(lr) + 0.15))});
  }
  curve.suggested = 52;
  return curve;
}

/// A grey PNG without compression: zlib's "stored" blocks, one a row.
inline std::string grey_png(int width, int height, const std::function<int(int x, int y)>& grey) {
  const auto big = [](uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                       static_cast<char>(value)};
  };
  const auto chunk = [&](const std::string& name, const std::string& content) {
    uint32_t crc = ~0u;
    for (const char c : name + content) {
      crc ^= static_cast<uint8_t>(c);
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return big(static_cast<uint32_t>(content.size())) + name + content + big(~crc);
  };
  std::string data = "\x78\x01";
  uint32_t a = 1, b = 0;  // Adler-32
  for (int y = 0; y < height; ++y) {
    std::string row(1, '\0');
    for (int x = 0; x < width; ++x) row += static_cast<char>(std::clamp(grey(x, y), 0, 255));
    for (const char c : row) a = (a + static_cast<uint8_t>(c)) % 65521, b = (b + a) % 65521;
    const auto size = static_cast<uint16_t>(row.size());
    data += std::string{static_cast<char>(y + 1 == height), static_cast<char>(size), static_cast<char>(size >> 8),
                        static_cast<char>(~size), static_cast<char>(~size >> 8)} +
            row;
  }
  const std::string header = big(width) + big(height) + std::string("\x08\x00\x00\x00\x00", 5);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", data + big(b << 16 | a)) + chunk("IEND", "");
}

inline void write_synthetic_mistakes(const std::filesystem::path& run, const Predictions& all) {
  std::vector<Mistake> mistakes;
  for (const ClipLoss& clip : top_losses(all.scored(), 9)) {
    const auto picture = fmt::format("{}.png", mistakes.size() + 1);
    mistakes.push_back({.file = all.files[clip.clip],
                        .actual = kGenres[clip.label],
                        .predicted = kGenres[clip.predicted],
                        .probability = clip.probability,
                        .loss = clip.loss,
                        .picture = picture});
    write_atomically(run / "mistakes" / picture, grey_png(224, 224, [&](int x, int y) {
                       const double beat = (x + 3 * clip.clip) % (12 + 2 * clip.label) < 2 ? 70 : 0;
                       const double note = (y + 5 * clip.label) % 17 < 3 ? 60 : 0;
                       return static_cast<int>(0.7 * y + beat + note + 40 * uniform(7, clip.clip * 50176 + y * 224 + x));
                     }));
  }
  write_mistakes(run, mistakes);
}

inline std::vector<SplitRow> synthetic_splits(const Predictions& all) {
  std::vector<SplitRow> splits;
  for (const std::string& genre : kGenres) {
    for (int i = 0; i < 80; ++i) splits.push_back({fmt::format("{}/{}.{:05}.wav", genre, genre, 100 + i), genre, "train"});
  }
  for (size_t n = 0; n < all.files.size(); ++n) splits.push_back({all.files[n], kGenres[all.labels[n]], "valid"});
  return splits;
}

inline ModelCard synthetic_card(const Predictions& all) {
  ModelCard card;
  card.name = "resnet50 on genres";
  card.arch = "resnet50";
  card.head = "fastai";
  card.parameters = 25'616'000;
  card.classes = kGenres;
  card.input = {{"kind", "sound"},        {"preset", "seed"},           {"sample_rate", int64_t{44100}},
                {"n_fft", int64_t{2048}}, {"hop", int64_t{512}},        {"bands", int64_t{128}},
                {"top_db", 80.0},         {"normalize", "global"},      {"mean", -38.21},
                {"std", 17.96},           {"image_size", int64_t{224}}, {"channels", int64_t{3}}};
  card.weights = "resnet50-0676ba61.pth";
  card.weights_sha = "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a";
  card.training = {.data = "genres",
                   .split = "random:0.2",
                   .train = 800,
                   .valid = kSyntheticClips,
                   .test = 0,
                   .train_per_class = std::vector<int64_t>(10, 80),
                   .phases = {{"head", 1}, {"all", 10}},
                   .recipe = {{"name", "study"},
                              {"plan", "fine_tune"},
                              {"epochs", int64_t{10}},
                              {"freeze_epochs", int64_t{1}},
                              {"base_lr", 0.01},
                              {"batch_size", int64_t{64}},
                              {"optimizer", "adam"},
                              {"weight_decay", 0.01},
                              {"mixup", 0.4},
                              {"noise", true},
                              {"cutout", true}},
                   .seed = 42};
  card.result.method = "8 augmented passes and a plain one, beta 0.25";
  card.result.epoch = 10;
  card.result.split_leaks = true;
  judge(card, all);
  card.environment = {{"version", "0.1.0"},
                      {"commit", "0123456789ab"},
                      {"device", "NVIDIA H200, 139.8 GiB"},
                      {"precision", "bf16"},
                      {"libraries", "CUDA 13.0, cuDNN 9.13, oneDNN 2.6.3"},
                      {"started", "2026-03-01 12:34:56"},
                      {"clips_per_s", 96.4},
                      {"peak_bytes", int64_t{4'812'963'840}}};
  card.command = "cudenza train genres --model resnet50 --weights resnet50.h5 --recipe study --mixup 0.4 --tta 8 --out run";
  return card;
}

inline void write_synthetic_run(const std::filesystem::path& run) {
  const Predictions all = synthetic_predictions();
  const ModelCard card = synthetic_card(all);
  write_predictions(run, all);
  write_model_card(run, card);
  write_confusion(run, kGenres, confusion_matrix(all.labels, predicted_classes(all.scored()), 10));
  write_history(run, synthetic_history(accuracy(all.scored()).value()));
  write_steps(run, synthetic_steps());
  write_lr_curve(run, synthetic_lr_curve());
  write_splits(run, synthetic_splits(all));
  write_synthetic_mistakes(run, all);
  write_atomically(
      run / "config.toml",
      "model=\"resnet50\"\nweights=\"resnet50.h5\"\nrecipe=\"study\"\nepochs=10\nlr=0.01\nmixup=0.4\ntta=8\nseed=42\n");
}

}  // namespace cudenza::testing
