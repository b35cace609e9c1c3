/// cudenza pretrain: weights to begin with where there are none of ImageNet, from pictures that formulas make.
#include <fmt/ranges.h>

#include "apps/study/pretrain_run.h"
#include "apps/verbs/train.h"
#include "apps/verbs/train_flags.h"
#include "apps/verbs/verbs.h"

namespace cudenza {

void add_pretrain(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand(
      kPretrain, "Trains a network from scratch on fractals and synthetic music, without data, for `train --weights`");
  const auto options = std::make_shared<TrainOptions>();
  add_pretrain_options(verb, *options);
  verb->footer(
      "Pictures are made by formula from --seed, on the fly: no file is read. Fractals are iterated function systems, another "
      "one "
      "in every epoch. Music is rendered once, --per-class songs of each style, of which every epoch shows other parts in other "
      "colours. Then: cudenza train DATA --model A --weights RUN/best.h5 --recipe transfer --out OTHER");
  verb->callback([&program, &common, options] { train_by(kPretrain, common, *options, items_of(program), pretrain_run); });
}

}  // namespace cudenza
