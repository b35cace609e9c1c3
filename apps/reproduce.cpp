/// cudenza reproduce: the study's whole table, and what this engine adds to it, on one data set.
#include <algorithm>
#include <map>

#include "apps/output.h"
#include "apps/train_run.h"
#include "engine/core/print_err.h"
#include "engine/data/dataset.h"
#include "engine/io/atomic_file.h"
#include "engine/train/run_folder.h"
#include "engine/train/run_seal.h"
#include "engine/train/study_report.h"
#include "models/registry.h"
#include "weights/manifest.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string data, weights, out, split_dir;
  int seeds = 1;
  std::vector<std::string> networks;
  TrainOptions shared;  ///< sizes and lengths that a small machine may want to change
};

/// A line of the study's table (METHOD: of 199 clips).
struct StudyLine {
  std::string_view network, arch, recipe, label;
  int64_t right;
};
constexpr StudyLine kLines[] = {{"AlexNet", "alexnet", "study", "fine-tuning", 158},
                                {"VGG16", "vgg16", "study", "fine-tuning", 174},
                                {"ResNet34", "resnet34", "study", "fine-tuning", 171},
                                {"ResNet50", "resnet50", "study", "fine-tuning", 176},
                                {"ResNet-RS50", "resnetrs50", "study-plus", "+ mixup, augmentation, TTA", 182}};
constexpr int64_t kStudyClips = 199;

/// The network's ImageNet weights in the folder, as `weights fetch` or PyTorch's users name them; empty: from scratch.
std::string weights_of(const std::string& folder, std::string_view arch) {
  if (folder.empty()) return {};
  std::vector<std::string> names;
  for (const std::string_view ending : {"h5", "pth", "pt", "safetensors"}) names.push_back(fmt::format("{}.{}", arch, ending));
  for (const OfficialWeights& row : official_weights()) {
    if (row.arch == arch) names.emplace_back(row.file());
  }
  for (const std::string& name : names) {
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return {};
}

std::string quoted(const std::string& text) { return fmt::format("\"{}\"", text); }

/// What config.toml of one of the runs holds: enough to make it alone.
std::string config_of(const Common& common, const TrainOptions& o) {
  std::string text = fmt::format("seed={}\nprecision={}\n[train]\ndata={}\nout={}\nmodel={}\nrecipe={}\nhead={}\nsplit={}\n",
                                 common.seed, quoted(common.precision), quoted(o.data), quoted(o.out), quoted(o.arch),
                                 quoted(o.recipe), quoted(o.head), quoted(o.split));
  if (!o.weights.empty()) text += fmt::format("weights={}\n", quoted(o.weights));
  if (!o.split_dir.empty()) text += fmt::format("split-dir={}\n", quoted(o.split_dir));
  if (o.epochs) text += fmt::format("epochs={}\n", *o.epochs);
  if (o.batch_size) text += fmt::format("batch-size={}\n", *o.batch_size);
  if (o.lr) text += fmt::format("lr={}\n", *o.lr);
  if (o.plan) text += fmt::format("plan={}\n", quoted(*o.plan));
  if (o.sample_rate) text += fmt::format("sample-rate={}\n", *o.sample_rate);
  if (o.clip) text += fmt::format("clip={}\n", *o.clip);
  return text + fmt::format("image-size={}\n", o.image_size);
}

StudyRow::Run run_one(const Common& common, const TrainOptions& options) {
  const fs::path folder = options.out;
  ModelCard card;
  if (is_finished(folder)) {
    check_seal(folder);
    card = read_model_card(folder);
  } else {
    TrainOptions own = options;
    if (fs::exists(folder / "last.h5")) own.resume = own.out;
    card = train_run(common, own, config_of(common, options));
  }
  double seconds = 0;
  for (const EpochRow& row : read_history(folder)) seconds += row.time;
  return {.seed = common.seed, .correct = {card.result.correct, card.result.count}, .seconds = seconds};
}

void run_reproduce(const Options& o, const Common& common) {
  require(!o.out.empty(), "reproduce: where to? Give --out DIR");
  check_run_folder("--out", o.out, o.data);
  std::vector<std::pair<std::string, std::string>> splits{{"random", ""}};
  if (!o.split_dir.empty()) splits.emplace_back("fault-filtered", o.split_dir);
  std::vector<StudyRow> rows;
  for (const StudyLine& line : kLines) {
    if (!o.networks.empty() && std::ranges::find(o.networks, line.arch) == o.networks.end()) continue;
    for (const auto& [split, folder] : splits) {
      TrainOptions options = o.shared;
      options.data = o.data;
      options.arch = line.arch;
      options.recipe = line.recipe;
      options.split = "random:0.2";
      options.split_dir = folder;
      options.weights = weights_of(o.weights, line.arch);
      if (options.weights.empty() && !options.plan) options.plan = "one_cycle";  // there is no head to train first
      StudyRow row{.network = std::string(line.network),
                   .split = split,
                   .recipe = options.weights.empty() && line.recipe == "study" ? "one cycle" : std::string(line.label),
                   .weights = options.weights.empty() ? "" : fs::path(options.weights).filename().string(),
                   .runs = {},
                   .study = {}};
      if (split == "random") row.study = Proportion{line.right, kStudyClips};
      for (int k = 0; k < o.seeds; ++k) {
        Common seeded = common;
        seeded.seed = common.seed + static_cast<uint64_t>(k);
        options.out = (fs::path(o.out) / fmt::format("{}-{}-{}", line.arch, split, seeded.seed)).string();
        if (!common.quiet) print_err("\n{} ({}), {} split, seed {}\n", line.network, line.label, split, seeded.seed);
        row.runs.push_back(run_one(seeded, options));
      }
      rows.push_back(row);
      write_study_report(o.out, rows);  // what is done can be read while the rest is trained
    }
  }
  for (const StudyRow& row : rows) {
    print_out("{:<12} {:<15} {:<28} {:>6.2f} % ({:.1f} to {:.1f}){}\n", row.network, row.split,
              row.weights.empty() ? "from scratch" : "from ImageNet", 100 * row.mean_accuracy(), 100 * row.interval().low,
              100 * row.interval().high, row.study ? fmt::format("   study {:.2f} %", 100 * row.study->value()) : "");
  }
  print_out("report: {}\n", (fs::path(o.out) / "report.html").string());
}

}  // namespace

void add_reproduce(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("reproduce", "The study's table: five networks, random and fault-filtered splits, one report");
  const auto o = std::make_shared<Options>();
  verb->add_option("data", o->data, "a folder with a sub-folder a genre")->required();
  verb->add_option("--weights", o->weights,
                   "a folder with alexnet.h5, vgg16.h5 … (cudenza weights fetch); others start from scratch");
  verb->add_option("--out", o->out, "a directory for the runs and the report; finished runs in it are not made again");
  verb->add_option("--split-dir", o->split_dir, "the fault-filtered lists; without them the random split alone");
  verb->add_option("--seeds", o->seeds, "runs of each line")->check(CLI::Range(1, 100))->capture_default_str();
  verb->add_option("--networks", o->networks, "only these")->check(CLI::IsMember(network_names()))->delimiter(',');
  verb->add_option("--epochs", o->shared.epochs, "instead of the study's 10");
  verb->add_option("--batch-size", o->shared.batch_size);
  verb->add_option("--lr", o->shared.lr);
  verb->add_option("--plan", o->shared.plan);
  verb->add_option("--image-size", o->shared.image_size)->capture_default_str();
  verb->add_option("--sample-rate", o->shared.sample_rate);
  verb->add_option("--clip", o->shared.clip);
  verb->callback([&common, o] { run_reproduce(*o, common); });
}

}  // namespace cudenza
