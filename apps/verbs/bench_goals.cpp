#include "apps/verbs/bench_goals.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/cli/output.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Number = std::optional<double>;

Json parsed(const std::string& text, const fs::path& path) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: is no JSON ({}); measure that part again", path.string(), error.what()));
  }
}

/// What gpu-check has measured so far.
class Measurements {
 public:
  explicit Measurements(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::ranges::sort(files);
    for (const fs::path& file : files) take(file, file.filename().string());
  }

  std::vector<Json> kernels;    ///< Google Benchmark's runs
  std::vector<Json> ours;       ///< of `cudenza bench`
  std::vector<Json> beside;     ///< of bench/networks.py: ours and PyTorch's in turns
  std::vector<Json> torch_ops;  ///< of bench/torch_bench.py
  Json cold, warm;              ///< of `cudenza bench train`, each in a process of its own
  std::string card;

 private:
  void take(const fs::path& path, const std::string& name) {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto is = [&](std::string_view begin, std::string_view end) { return name.starts_with(begin) && name.ends_with(end); };
    if (name == "card") card = text.substr(0, text.find('\n'));
    else if (is("bench-", ".json")) append(kernels, parsed(text, path).at("benchmarks"));
    else if (is("ours-", ".json")) append(ours, parsed(text, path));
    else if (name == "torch.json") append(torch_ops, parsed(text, path).at("benchmarks"));
    else if (name == "start-cold.json") cold = parsed(text, path).at(0);
    else if (name == "start-warm.json") warm = parsed(text, path).at(0);
    else if (name == "networks.jsonl") take_lines(text, path);
  }
  static void append(std::vector<Json>& to, const Json& array) { to.insert(to.end(), array.begin(), array.end()); }
  void take_lines(const std::string& text, const fs::path& path) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) beside.push_back(parsed(line, path));
  }
};

struct Goal {
  std::string number, measure, goal, measured;
  std::optional<bool> met;  ///< none: not measured, or not to be judged on this card
};

std::string in_words(const Number& value, std::string_view format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "not measured";
}

Goal at_least(std::string number, std::string measure, const Number& value, double goal, std::string_view format) {
  return {std::move(number), std::move(measure), fmt::format(fmt::runtime(format), goal), in_words(value, format),
          value ? std::optional(*value >= goal) : std::nullopt};
}
Goal at_most(std::string number, std::string measure, const Number& value, double goal, std::string_view format) {
  return {std::move(number), std::move(measure), "≤ " + fmt::format(fmt::runtime(format), goal), in_words(value, format),
          value ? std::optional(*value <= goal) : std::nullopt};
}

bool is_half(const Json& run) { return run.at("precision") != "fp32" && run.at("precision") != "f32"; }

/// Our fastest 16-bit run beside PyTorch's fastest of these variants. None where one is missing.
struct Pair {
  Json ours, torch;
  double speed() const { return ours.at("images_per_s").get<double>() / torch.at("images_per_s").get<double>(); }
  double memory() const { return ours.at("peak_bytes").get<double>() / torch.at("peak_bytes").get<double>(); }
};

std::optional<Pair> pair_of(const Measurements& m, const std::string& bench, const std::string& model, int batch,
                            const std::vector<std::string>& variants) {
  std::optional<Pair> best;
  const auto is_faster = [](const Json& a, const Json& b) { return a.at("images_per_s") > b.at("images_per_s"); };
  for (const Json& line : m.beside) {
    const bool fits = line.at("bench") == bench && line.at("model") == model && line.at("batch_size") == batch && is_half(line);
    if (!fits || std::ranges::find(variants, line.at("variant").get<std::string>()) == variants.end()) continue;
    if (!best) best = Pair{line.at("ours"), line.at("torch")};
    if (is_faster(line.at("ours"), best->ours)) best->ours = line.at("ours");
    if (is_faster(line.at("torch"), best->torch)) best->torch = line.at("torch");
  }
  return best;
}

Number speed(const std::optional<Pair>& pair) { return pair ? Number(pair->speed()) : std::nullopt; }
Number memory(const std::optional<Pair>& pair) { return pair ? Number(pair->memory()) : std::nullopt; }

const std::vector<std::string> kEager = {"eager"}, kBest = {"compile", "max-autotune", "graphs"};

/// The most of a field over our own 16-bit runs, alone or beside PyTorch.
Number most_of(const Measurements& m, const std::string& bench, const std::string& model, int batch, const std::string& field) {
  Number most;
  const auto take = [&](const Json& run) {
    const bool fits = run.at("bench") == bench && run.at("model") == model && run.at("batch_size") == batch && is_half(run);
    if (fits && (!most || run.at(field).get<double>() > *most)) most = run.at(field).get<double>();
  };
  for (const Json& run : m.ours) take(run);
  for (const Json& line : m.beside) take(line.at("ours"));
  return most;
}

/// A field of the kernel benchmark whose name begins so.
Number kernel(const std::vector<Json>& runs, const std::string& name, const std::string& field) {
  for (const Json& run : runs) {
    if (run.at("name").get<std::string>().starts_with(name) && run.contains(field)) return run.at(field).get<double>();
  }
  return std::nullopt;
}

void add_training(const Measurements& m, std::vector<Goal>& goals) {
  const auto eager = pair_of(m, "train", "resnet50", 256, kEager), best = pair_of(m, "train", "resnet50", 256, kBest);
  goals.push_back(at_least("1", "ResNet50 training, batch 256, beside eager", speed(eager), 1.6, "{:.2f}x"));
  goals.push_back(
      at_least("2", "ResNet50 training, batch 256, beside the best of compile and graphs", speed(best), 1.3, "{:.2f}x"));
  Goal on_h200 = at_least("3", "ResNet50 training on an H200", most_of(m, "train", "resnet50", 256, "images_per_s"), 8500,
                          "{:.0f} images/s");
  if (m.card.find("H200") == std::string::npos) {
    if (on_h200.met) on_h200.measured += " on another card";
    on_h200.met.reset();
  }
  goals.push_back(on_h200);
  const std::tuple<const char*, int, double> others[] = {
      {"resnet34", 256, 1.4}, {"resnetrs50", 256, 1.6}, {"vgg16", 256, 1.2}, {"alexnet", 128, 1.5}};
  for (const auto& [model, batch, goal] : others) {
    goals.push_back(at_least("4", fmt::format("{} training, batch {}, beside eager", model, batch),
                             speed(pair_of(m, "train", model, batch, kEager)), goal, "{:.2f}x"));
  }
  goals.push_back(at_most("7", "peak memory of ResNet50 training, beside eager", memory(eager), 0.75, "{:.2f}x"));
  goals.push_back(
      at_most("7", "peak memory of ResNet50 training, beside the best of compile and graphs", memory(best), 0.9, "{:.2f}x"));
}

void add_inference(const Measurements& m, std::vector<Goal>& goals) {
  goals.push_back(at_least("5", "ResNet50 inference, batch 256, beside eager",
                           speed(pair_of(m, "infer", "resnet50", 256, kEager)), 1.9, "{:.2f}x"));
  goals.push_back(at_least("5", "ResNet50 inference, batch 256, beside the best of compile and graphs",
                           speed(pair_of(m, "infer", "resnet50", 256, kBest)), 1.2, "{:.2f}x"));
  const Number per_second = most_of(m, "infer", "resnet50", 1, "images_per_s");
  goals.push_back(
      at_most("6", "ResNet50 latency of one picture", per_second ? Number(1e3 / *per_second) : std::nullopt, 0.25, "{:.3f} ms"));
}

void add_sound(const Measurements& m, std::vector<Goal>& goals) {
  const Number ours = kernel(m.kernels, "mel/seed/f32/gpu:1", "clips_per_s"),
               torch = kernel(m.torch_ops, "mel/seed/f32/gpu:1", "items_per_s");
  goals.push_back(at_least("8", "log-mel pictures from PCM, 30 s each",
                           kernel(m.kernels, "mel/whole_way/i16/bf16/gpu:1", "clips_per_s"), 80000, "{:.0f} clips/s"));
  goals.push_back(
      at_least("8", "log-mel beside torchaudio on the GPU", ours && torch ? Number(*ours / *torch) : std::nullopt, 4, "{:.2f}x"));
  for (const auto& [what, name] : {std::pair{"mixup, batch 256, f32", "mixup/pictures_256/forward/cuda:0/f32"},
                                   {"mixup, batch 256, bf16", "mixup/pictures_256/forward/cuda:0/bf16"},
                                   {"eight TTA variants, with noise and cut-out", "tta/variants_8_study/forward/cuda:0/i16"}}) {
    const Number share = kernel(m.kernels, name, "share_of_copy");
    goals.push_back(at_least("9", what, share ? Number(100 * *share) : std::nullopt, 90, "{:.0f} % of copy"));
  }
}

void add_steadiness(const Measurements& m, std::vector<Goal>& goals) {
  const auto first = [](const Json& run) { return run.is_null() ? std::nullopt : Number(run.at("first_step_s").get<double>()); };
  goals.push_back(at_most("10", "start of the process to the first trained step, cold", first(m.cold), 1.5, "{:.2f} s"));
  goals.push_back(
      at_most("10", "start of the process to the first trained step, with the plan cache", first(m.warm), 0.5, "{:.2f} s"));
  Goal steady{"11", "a step in the steady state: graph launches, allocations, waits", "1, 0, 0", "not measured", {}};
  for (const Json& run : m.ours) {
    if (run.at("bench") != "train" || !run.contains("per_step")) continue;
    const Json& each = run.at("per_step");
    const bool holds = each.at("replays") == 1 && each.at("allocations") == 0 && each.at("synchronisations") == 0;
    if (steady.met && !*steady.met) continue;  // the worst network is shown
    steady.met = holds;
    steady.measured = fmt::format("{}, {}, {} ({})", each.at("replays").get<double>(), each.at("allocations").get<double>(),
                                  each.at("synchronisations").get<double>(), run.at("model").get<std::string>());
  }
  goals.push_back(steady);
}

/// Every kernel that memory limits: those whose arithmetic is not counted.
void add_kernels(const Measurements& m, std::vector<Goal>& goals) {
  constexpr double kGoal = 0.85;
  int all = 0;
  std::vector<std::pair<double, std::string>> below;
  for (const Json& run : m.kernels) {
    const std::string name = run.at("name");
    if (!run.contains("share_of_copy") || run.contains("gflop_per_s") || name.find("cuda") == std::string::npos) continue;
    ++all;
    const double share = run.at("share_of_copy");
    if (share < kGoal) below.emplace_back(share, name.substr(0, name.find("/manual_time")));
  }
  std::ranges::sort(below);
  Goal goal{"12", "every memory-bound kernel", "85 % of copy", "not measured", {}};
  if (all > 0) {
    goal.met = below.empty();
    goal.measured = fmt::format("{} of {} reach it", all - static_cast<int>(below.size()), all);
    constexpr size_t kNamed = 5;
    for (size_t i = 0; i < std::min(kNamed, below.size()); ++i)
      goal.measured += fmt::format("{} {} {:.0f} %", i == 0 ? "; lowest:" : ",", below[i].second, 100 * below[i].first);
  }
  goals.push_back(goal);
}

std::string verdict(const Goal& goal) { return goal.met ? (*goal.met ? "met" : "missed") : "-"; }

}  // namespace

void print_goals(const fs::path& folder, bool as_json) {
  const Measurements m(folder);
  std::vector<Goal> goals;
  add_training(m, goals);
  add_inference(m, goals);
  add_sound(m, goals);
  add_steadiness(m, goals);
  add_kernels(m, goals);
  std::ranges::stable_sort(goals, {}, [](const Goal& goal) { return std::stoi(goal.number); });
  Json all = Json::array();
  if (!as_json) print_out("| # | measure | goal | measured | |\n| --- | --- | --- | --- | --- |\n");
  for (const Goal& g : goals) {
    if (!as_json) print_out("| {} | {} | {} | {} | {} |\n", g.number, g.measure, g.goal, g.measured, verdict(g));
    all.push_back({{"goal", g.number},
                   {"measure", g.measure},
                   {"wanted", g.goal},
                   {"measured", g.measured},
                   {"met", g.met ? Json(*g.met) : Json()}});
  }
  if (as_json) print_json(all, 1);
}

}  // namespace cudenza
