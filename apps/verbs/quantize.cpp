/// cudenza quantize: a trained model to one that computes in int8 on a CPU, and its accuracy beside f32's.
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/quantize_run.h"
#include "apps/verbs/verbs.h"
#include "engine/libraries/int8_conv.h"

namespace cudenza {
namespace {

void run_quantize(const QuantizeChoice& o, const Common& common) {
  Terminal terminal(common.quiet);
  const QuantizedRun q = quantize_run(o, common.for_inference(), terminal);
  terminal.clear();
  if (common.json) {
    return print_json(nlohmann::ordered_json{{"out", q.out.string()},
                                             {"calibration_clips", q.facts.clips},
                                             {"int8_layers", q.facts.layers},
                                             {"instructions", Int8Conv::instructions()},
                                             {"part", q.facts.part},
                                             {"count", q.facts.f32.count},
                                             {"f32", {{"correct", q.facts.f32.successes}, {"accuracy", q.facts.f32.value()}}},
                                             {"int8", {{"correct", q.facts.int8.successes}, {"accuracy", q.facts.int8.value()}}},
                                             {"answers_changed", q.facts.changed}});
  }
  print_out("{}: {} layers in int8 ({}), calibrated on {} clips\n", q.out.string(), q.facts.layers, Int8Conv::instructions(),
            q.facts.clips);
  print_out("{}\n", comparison_of(q.facts));
}

}  // namespace

void add_quantize(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("quantize", "A trained model to one that computes in int8 on a CPU");
  const auto o = std::make_shared<QuantizeChoice>();
  verb->add_option("run", o->run, "a run's directory, or a model's file")->required();
  verb->add_option("data", o->data, "a data set with the model's classes: to calibrate on and to judge by")->required();
  verb->add_option("--out", o->out, "the file to write; int8.h5 beside the model, if not given");
  verb->add_option("--clips", o->clips, "that activations are calibrated on")->check(CLI::Range(1, 65536))->capture_default_str();
  verb->add_option("--workers", o->workers, "threads that decode; 0 is one a core")->capture_default_str();
  verb->add_flag("--strict", o->strict, "end at the first bad file instead of leaving it out");
  verb->footer(
      "`predict RUN … --precision int8` and eval take int8.h5 of a run; named itself, such a file is judged in int8 anyway.");
  verb->callback([&common, o] { run_quantize(*o, common); });
}

}  // namespace cudenza
