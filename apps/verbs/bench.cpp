/// cudenza bench train, cudenza bench infer: what the networks do a second, on made-up pictures.
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/study/network_bench.h"
#include "apps/verbs/bench_goals.h"
#include "apps/verbs/verbs.h"
#include "models/registry.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

struct BenchOptions {
  std::vector<std::string> models;
  int64_t batch_size = 0;
  int image_size = 224;
  double seconds = 3;
  bool folded = true;
};

Json measure(const std::string& what, const std::string& model, const BenchOptions& o, const Common& common) {
  const NetworkBench bench{.arch = model,
                           .training = what == "train",
                           .batch_size = o.batch_size,
                           .image_size = o.image_size,
                           .seconds = o.seconds,
                           .folded = o.folded};
  const BenchResult t = time_network(bench, common.for_inference());
  Json r{{"bench", what},
         {"model", model},
         {"device", t.device.name()},
         {"precision", t.int8 ? "int8" : name_of(t.dtype)},
         {"folded", what == "infer" && o.folded},
         {"batch_size", o.batch_size},
         {"image_size", o.image_size},
         {"images_per_s", static_cast<double>(o.batch_size) / t.seconds_median},
         {"seconds_median", t.seconds_median},
         {"peak_bytes", t.peak_bytes},
         {"reserved_bytes", t.reserved_bytes},
         {"planned_bytes", t.planned_bytes},
         {"process_peak_bytes", t.process_peak_bytes}};
  if (t.first_step_s) r["first_step_s"] = *t.first_step_s;
  if (t.per_step)
    r["per_step"] = {{"replays", t.per_step->replays},
                     {"allocations", t.per_step->allocations},
                     {"synchronisations", t.per_step->synchronisations},
                     {"host_copies", t.per_step->host_copies}};
  return r;
}

void run_bench(const std::string& what, const BenchOptions& given, const Common& common) {
  BenchOptions o = given;
  if (o.models.empty()) o.models.assign(network_names().begin(), network_names().end());
  if (o.batch_size == 0) o.batch_size = common.chosen_device().is_cuda() ? 256 : 8;
  Json results = Json::array();
  if (!common.json) {
    print_out("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10} {:>10} {:>10}\n", "model", "", "device", "precision", "batch", "side",
              "images/s", "ms", "peak MiB");
  }
  for (const std::string& model : o.models) {
    Json r = measure(what, model, o, common);
    if (!results.empty()) r.erase("first_step_s");  // the process was started for the first one
    results.push_back(r);
    if (common.json) continue;
    print_out("{:<12} {:<6} {:<8} {:<9} {:>6} {:>6} {:>10.2f} {:>10.2f} {:>10.1f}\n", model, what, r["device"].get<std::string>(),
              r["precision"].get<std::string>(), o.batch_size, o.image_size, r["images_per_s"].get<double>(),
              1e3 * r["seconds_median"].get<double>(), r["peak_bytes"].get<double>() / (1 << 20));
  }
  if (common.json) print_json(results);
}

void add_network_bench(CLI::App& bench, const Common& common, const std::string& what, const std::string& description) {
  CLI::App* verb = bench.add_subcommand(what, description);
  const auto o = std::make_shared<BenchOptions>();
  verb->add_option("--model", o->models, "networks; all, if none is given")
      ->check(CLI::IsMember(std::vector<std::string>(network_names().begin(), network_names().end())))
      ->delimiter(',');
  verb->add_option("--batch-size", o->batch_size, "pictures a step; 8 on the CPU and 256 on a GPU, if not given")
      ->check(CLI::Range(1, 65536));
  verb->add_option("--image-size", o->image_size, "height and width")->check(CLI::Range(1, 4096))->capture_default_str();
  verb->add_option("--seconds", o->seconds, "for each figure")->check(CLI::NonNegativeNumber)->capture_default_str();
  if (what == "infer") verb->add_flag("--folded,!--unfolded", o->folded, "batch norms folded into the convolutions (as it is)");
  verb->footer("Computes in fp32 unless --precision says otherwise.");
  verb->callback([&common, what, o] { run_bench(what, *o, common); });
}

void add_goals(CLI::App& bench, const Common& common) {
  CLI::App* verb = bench.add_subcommand("goals", "What a folder of measurements says of the goals for a GPU, as a table");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("FOLDER", *folder, "where ./run gpu-check left its measurements")->required()->check(CLI::ExistingDirectory);
  verb->callback([&common, folder] { print_goals(*folder, common.json); });
}

}  // namespace

void add_bench(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("bench", "Speed and memory of the networks in training and in inference");
  verb->require_subcommand(1);
  add_network_bench(*verb, common, "train", "steps of training: forward, loss, backward, SGD");
  add_network_bench(*verb, common, "infer", "forward passes; --batch-size 1 for the latency of one picture");
  add_goals(*verb, common);
}

}  // namespace cudenza
