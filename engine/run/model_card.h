/// model_card.json: what a run's model is, takes as input, was trained on and achieves. Written atomically. Throws DataError
/// naming the file if it cannot be read.
#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/run/run_files.h"

namespace cudenza {

/// Named values of any type, in insertion order.
using Fact = std::variant<bool, int64_t, double, std::string, std::vector<double>>;
using Facts = std::vector<std::pair<std::string, Fact>>;
/// For people: 0.01, yes, 44100.
std::string text_of(const Fact&);

/// model_card.json: what the model is, hears, learned from and achieves.
struct ModelCard {
  std::string name, arch, head;  ///< "resnet50 on genres", "resnet50", "fastai"
  int64_t parameters = 0;
  std::vector<std::string> classes;
  Facts input;              ///< kind, preset, sample_rate, n_fft, hop, bands …, normalize, mean, std, image_size, channels
  std::string weights;      ///< the file that training started from; empty: from scratch
  std::string weights_sha;  ///< SHA-256 of that file
  std::string weights_license, weights_origin;  ///< as that file says; empty: it does not
  struct Training {
    std::string data;                                     ///< the folder or CSV
    std::string split;                                    ///< "random:0.2", "split-dir …"
    int64_t train = 0, valid = 0, test = 0;               ///< clips
    std::vector<int64_t> train_per_class;                 ///< in the order of `classes`
    std::vector<std::pair<std::string, int64_t>> phases;  ///< epochs of each phase, in order: ("head", 1), ("all", 10)
    Facts recipe;                                         ///< name, epochs, freeze_epochs, base_lr, optimizer, mixup …
    uint64_t seed = 0;
  } training;
  struct Result {
    std::string split = "valid";  ///< the clips evaluated: those of predictions.csv
    std::string method;           ///< "one plain pass", "8 augmented passes and a plain one, beta 0.25"
    int64_t correct = 0, count = 0;
    double loss = 0;
    double macro_f1 = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not known, in a card of version 0.1
    Interval macro_f1_interval = {macro_f1, macro_f1};
    std::optional<bool> split_leaks;  ///< whether the clips were drawn at random; nothing: not known
    std::optional<int64_t> epoch;     ///< whose weights were evaluated, as history.csv counts
    Interval interval() const { return wilson_interval(correct, count); }
  } result;
  struct Calibration {
    double temperature = 1;         ///< fitted on the validation clips
    double ece = 0, ece_after = 0;  ///< before and after scaling by that temperature
    double loss_after = 0;
  } calibration;
  Facts environment;    ///< version, commit, compiler, device, precision, threads, libraries, started, seconds, clips_per_s
  std::string command;  ///< command line of the run
};
/// Fills `result`'s counts, loss and macro F1, and `calibration`, from the clips' probabilities.
void judge(ModelCard&, const Predictions&);
/// What the way of splitting says of a figure, as a sentence.
std::string_view leak_sentence(bool split_leaks);
void write_model_card(const std::filesystem::path& run, const ModelCard&);
ModelCard read_model_card(const std::filesystem::path& run);

}  // namespace cudenza
