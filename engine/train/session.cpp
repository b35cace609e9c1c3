#include "engine/train/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

#include "engine/train/train_state.h"

namespace cudenza {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// NaN and infinity are worse than any number.
bool is_better(const EpochRow& a, const EpochRow& b) {
  const auto rank = [](const EpochRow& row) {
    const bool is_finite = std::isfinite(row.accuracy) && std::isfinite(row.valid_loss);
    return is_finite ? std::tuple(1, row.accuracy, -row.valid_loss) : std::tuple(0, 0.0, 0.0);
  };
  return rank(a) > rank(b);
}

bool is_finite(const Tensor& tensor) {
  const auto all_finite = [](const auto& values) {
    return std::ranges::all_of(values, [](auto value) { return std::isfinite(value); });
  };
  if (tensor.dtype() == DType::f32) return all_finite(tensor.to(Device::cpu()).span<float>());
  return all_finite(tensor.to_vector<double>());
}

}  // namespace

std::vector<double> evaluate_files(Module& network, Input& input, const Validation& validation, const EvaluateSpec& spec) {
  const std::vector<double> rows = evaluate(network, input, validation.rows, spec);
  return mean_by_group(rows, validation.file, static_cast<int>(validation.labels.size()));
}

Session::Session(const Parts& parts, const Options& options) : parts_(parts), options_(options) {}

void Session::resume(const Hdf5File& last) {
  read_train_state(last, parts_.trainer, parts_.random);
  const Trainer::Position& at = parts_.trainer.position();
  const int64_t steps_done = at.epoch * parts_.trainer.batches_per_epoch() + at.batch;
  if (holds_history(last)) {
    history_ = saved_history(last);
    steps_ = saved_steps(last);
  } else {  // an older version's CSV files may be ahead of its last.h5: those epochs run again
    history_ = read_history(options_.run);
    std::erase_if(history_, [&](const EpochRow& row) { return row.epoch >= at.epoch; });
    steps_ = read_steps(options_.run);
    std::erase_if(steps_, [&](const StepRow& row) { return row.step >= steps_done; });
  }
  if (std::ssize(history_) != at.epoch)
    throw DataError(fmt::format("{}: {} epochs are trained, but the history knows {} of them; start a new run",
                                last.path().string(), at.epoch, history_.size()));
  if (best_epoch() >= 0) Hdf5File(options_.run / "best.h5");  // fail now, not at the end of training
  is_begun_ = true;
  if (!writes()) return;
  write_csv_files();
  events_ = std::make_unique<EventFile>(options_.run, EventFile::Options{.resumed_at = steps_done - 1});
}

void Session::begin() {
  is_begun_ = true;
  if (writes()) events_ = std::make_unique<EventFile>(options_.run);
  save_last();
  seconds_of_saving_ = 0;  // so that the first epoch is always saved
}

int Session::best_epoch() const {
  int best = -1;
  for (int i = 0; i < static_cast<int>(history_.size()); ++i) {
    if (best < 0 || is_better(history_[i], history_[best])) best = i;
  }
  return best;
}

bool Session::out_of_patience() const {
  if (options_.patience == 0 || history_.empty()) return false;
  const auto best = std::ranges::min_element(history_, {}, &EpochRow::valid_loss);
  return history_.end() - best > options_.patience;
}

void Session::note(const Trainer::Step& step) {
  const int64_t number = step.at.epoch * parts_.trainer.batches_per_epoch() + step.at.batch;
  steps_.push_back({.step = number, .loss = step.loss, .lr = step.lr, .momentum = step.momentum});
  if (events_)
    events_->scalars(number, std::array{Scalar{"loss/train", step.loss}, Scalar{"schedule/lr", step.lr},
                                        Scalar{"schedule/momentum", step.momentum}});
  if (options_.on_step) options_.on_step(step);
}

/// Never writes weights that are NaN or infinite: the existing file stays.
void Session::refuse_not_finite() const {
  for (const NamedTensor& t : parts_.network.state_dict()) {
    if (!is_finite(t.tensor)) throw parts_.trainer.diverged(fmt::format("the weights {} became no numbers", t.name));
  }
  for (const auto& [name, tensor] : parts_.trainer.state()) {
    if (holds_numbers(name) && !is_finite(tensor))
      throw parts_.trainer.diverged(fmt::format("the optimizer's {} became no numbers", name));
  }
}

void Session::write_csv_files() const {
  if (!writes()) return;
  write_history(options_.run, history_);
  write_schedule(options_.run, steps_);
  if (options_.log_steps) write_steps(options_.run, steps_);
}

void Session::rewrite_best() const {
  if (!writes()) return;
  Hdf5File::create(options_.run / "best.h5", [&](Hdf5File& file) {
    parts_.write_model(file);
    save_history(file, std::span(history_).first(static_cast<size_t>(best_epoch() + 1)));
  });
}

void Session::save_last() {
  refuse_not_finite();
  const auto start = Clock::now();
  if (writes())
    Hdf5File::create(options_.run / "last.h5", [&](Hdf5File& file) {
      parts_.write_model(file);
      write_train_state(file, parts_.trainer, parts_.random);
      save_history(file, history_);
      save_steps(file, steps_);
    });
  saved_at_ = Clock::now();
  seconds_of_saving_ = seconds_since(start);
  saved_epochs_ = parts_.trainer.position().epoch;
}

bool Session::saving_is_due() const {
  return parts_.trainer.done() || out_of_patience() ||
         seconds_of_saving_ * (1 - options_.saving) <= seconds_since(saved_at_) * options_.saving;
}

std::vector<double> Session::validation_probabilities() {
  EvaluateSpec spec{.batch_size = options_.batch_size, .ranks = &parts_.trainer.ranks()};
  spec.progress = [&](int64_t done) {
    if (options_.on_validation) options_.on_validation(done);
    return true;  // a trained epoch is always evaluated and saved
  };
  try {
    return evaluate_files(parts_.network, parts_.input, parts_.validation, spec);
  } catch (const NotFiniteError&) {
    throw parts_.trainer.diverged("the validation's probabilities became no numbers");
  }
}

EpochRow Session::validate(double seconds_of_training) {
  const auto start = Clock::now();
  const Trainer::Averaged averaged(parts_.trainer);
  const std::vector<double> probabilities = validation_probabilities();
  const auto& labels = parts_.validation.labels;
  const int64_t classes = static_cast<int64_t>(probabilities.size()) / std::max<int64_t>(1, static_cast<int64_t>(labels.size()));
  const Scored scored{probabilities, labels, classes};
  EpochRow row{.epoch = parts_.trainer.position().epoch - 1,
               .train_loss = parts_.trainer.smooth_loss(),
               .valid_loss = negative_log_likelihood(scored),
               .accuracy = accuracy(scored).value(),
               .lr = parts_.trainer.lr(),
               .time = 0};
  history_.push_back(row);
  if (best_epoch() + 1 == static_cast<int>(history_.size())) {
    refuse_not_finite();
    rewrite_best();
  }
  history_.back().time = parts_.trainer.ranks().of_first(seconds_of_training + seconds_since(start));
  return history_.back();
}

/// best.h5 is already written; last.h5 comes last, because it records the run's progress.
void Session::finish_epoch(const EpochRow& row) {
  write_csv_files();
  if (events_)
    events_->scalars(steps_.empty() ? 0 : steps_.back().step,
                     std::array{Scalar{"loss/smoothed", row.train_loss}, Scalar{"loss/valid", row.valid_loss},
                                Scalar{"accuracy/valid", row.accuracy}, Scalar{"time/epoch", row.time}});
  if (saving_is_due()) save_last();
  if (options_.on_epoch) options_.on_epoch(history_, best_epoch() + 1 == static_cast<int>(history_.size()));
}

void Session::throw_stopped() const {
  throw Stopped(
      fmt::format("stopped in epoch {}; continue with `resume` {}", parts_.trainer.position().epoch + 1, options_.run.string()));
}

void Session::run() {
  if (!is_begun_) begin();
  while (!parts_.trainer.done() && !out_of_patience()) {
    const auto start = Clock::now();
    const bool complete = parts_.trainer.run_epoch([&](const Trainer::Step& step) {
      note(step);
      return !is_interrupted();
    });
    if (!complete) {
      save_last();
      write_csv_files();
      parts_.trainer.ranks().barrier();  // who leaves ends the others: not before all is written
      throw_stopped();
    }
    finish_epoch(validate(seconds_since(start)));
    // Short epochs on a GPU read all losses at the end, so interrupted() was not checked before.
    if (is_interrupted() && !parts_.trainer.done()) {
      if (saved_epochs_ < parts_.trainer.position().epoch) save_last();
      parts_.trainer.ranks().barrier();
      throw_stopped();
    }
  }
  stopped_early_ = !parts_.trainer.done();
}

}  // namespace cudenza
