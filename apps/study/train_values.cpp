#include "apps/study/train_values.h"

#include "apps/study/run_card.h"

namespace cudenza {
namespace {

std::string exact_text(const Fact& fact) {
  const double* number = std::get_if<double>(&fact);
  return number ? fmt::format("{}", *number) : text_of(fact);
}

}  // namespace

TrainValues values_of(const Compute& compute, const TrainOptions& t, const InputSpec& run) {
  const InputSpec input = t.make_input(run.media);
  TrainValues values{{"model", t.arch},
                     {"weights", t.weights},
                     {"input-scale", t.input_scale.value_or("")},
                     {"head", t.make_recipe().head},
                     {"keep-head", text_of(t.keep_head)},
                     {"split", t.split},
                     {"strict", text_of(t.strict)},
                     {"order", t.order},
                     {"minutes", t.minutes ? fmt::format("{}", *t.minutes) : ""},
                     {"seed", fmt::format("{}", compute.seed)},
                     {"precision", compute.precision},
                     {"preset", input.preset},
                     {"sample-rate", fmt::format("{}", input.mel.sample_rate)},
                     {"clip", fmt::format("{}", t.clip.value_or(run.clip_seconds))},
                     {"normalize", std::string(name_of(input.normalize))},
                     {"image-size", fmt::format("{}", input.picture.height)},
                     {"one-channel", text_of(t.one_channel)}};
  if (const auto& formula = t.formula) {
    values.insert(values.end(), {{"pictures", formula->pictures},
                                 {"classes", fmt::format("{}", formula->classes)},
                                 {"per-class", fmt::format("{}", formula->per_class)}});
  }
  for (const auto& [name, value] : facts_of(t.make_recipe())) values.emplace_back(name, exact_text(value));
  return values;
}

}  // namespace cudenza
