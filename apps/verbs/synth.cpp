/// cudenza synth: a data set to try everything on, made of nothing but a seed.
#include "engine/data/synth/synth.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/progress.h"
#include "apps/verbs/verbs.h"
#include "engine/core/print_err.h"
#include "engine/data/synth/folder.h"

namespace cudenza {
namespace {

struct Options {
  std::string out;
  int clips = 100;
  double seconds = 30;
};

void run_synth(const Options& options, const Common& common) {
  const auto start = std::chrono::steady_clock::now();
  const int64_t genres = static_cast<int64_t>(synth_genres().size()), total = genres * options.clips;
  Progress progress("clips", total, common.quiet);
  write_synth_folder(options.out, {.clips = options.clips, .seconds = options.seconds, .seed = common.seed},
                     [&](int64_t done, int64_t) { progress.show(done); });
  progress.clear();
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (common.json) {
    const nlohmann::ordered_json made = {{"folder", options.out},
                                         {"clips", total},
                                         {"clips_per_genre", options.clips},
                                         {"genres", synth_genres()},
                                         {"seconds_per_clip", options.seconds},
                                         {"sample_rate", kSynthRate},
                                         {"seed", common.seed}};
    print_json(made);
  } else if (!common.quiet) {
    print_err("{} clips of {:g} s ({} genres x {}) in {}, made in {:.1f} s: {:.0f} times as fast as they play\n", total,
              options.seconds, genres, options.clips, options.out, took, static_cast<double>(total) * options.seconds / took);
  }
}

}  // namespace

void add_synth(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("synth", "Makes a synthetic data set of ten genres, told apart by rhythm, timbre and harmony");
  auto options = std::make_shared<Options>();
  verb->add_option("OUT", options->out, "folder to make: OUT/<genre>/<genre>.00000.wav …, 22050 Hz mono 16 bit")->required();
  verb->add_option("--clips", options->clips, "clips of each genre (ten times as many in all)")->capture_default_str();
  verb->add_option("--seconds", options->seconds, "length of each clip")->capture_default_str();
  verb->footer("A clip depends on --seed, its genre and its number alone: the same seed gives the same files.");
  verb->callback([options, &common] { run_synth(*options, common); });
}

}  // namespace cudenza
