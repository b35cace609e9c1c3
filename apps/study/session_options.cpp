#include "apps/study/session_options.h"

#include "apps/study/time_plan.h"
#include "engine/train/gradient_buckets.h"

namespace cudenza {

Session::Options session_options(const TrainOptions& options, const Recipe& recipe, Trainer& trainer, Observer& observer) {
  Session::Options o{
      .run = options.out, .batch_size = recipe.batch_size, .log_steps = options.log_steps, .patience = recipe.patience};
  o.interrupted = [&observer] { return observer.interrupted(); };
  o.on_step = [&](const Trainer::Step& step) {
    observer.progress("epoch", step.at.batch + 1, trainer.batches_per_epoch(),
                      fmt::format("epoch {}/{}  loss {:.4f}", step.at.epoch + 1, trainer.epochs(), step.loss));
  };
  o.on_epoch = [&trainer, &observer, minutes = options.minutes](std::span<const EpochRow> history, bool is_best) {
    if (minutes) TimePlan(*minutes, trainer).after_epoch(history);
    const EpochRow& row = history.back();
    const auto seconds = static_cast<int>(row.time + 0.5);
    observer.say(fmt::format("{:>5} {:>12.6f} {:>12.6f} {:>10.6f} {:>5}:{:02}{}", row.epoch, row.train_loss, row.valid_loss,
                             row.accuracy, seconds / 60, seconds % 60, is_best ? "  best" : ""));
  };
  return o;
}

void say_ranks(Trainer& trainer, const Recipe& recipe, Observer& observer) {
  if (trainer.ranks().is_alone()) return;
  observer.say(fmt::format("{} processes share each batch; gradients are summed as {} in {} buckets of some {} MiB",
                           trainer.ranks().size(), recipe.gradient_wire, buckets_of(trainer.parameters()).size(),
                           kBucketBytes >> 20));
}

void say_columns(Observer& observer) {
  observer.say(fmt::format("{:>5} {:>12} {:>12} {:>10} {:>8}", "epoch", "train_loss", "valid_loss", "accuracy", "time"));
}

}  // namespace cudenza
