#include "apps/study/quantize_run.h"

#include <algorithm>
#include <numeric>

#include "apps/study/eval_parts.h"
#include "apps/study/stress.h"
#include "engine/io/own_files.h"
#include "engine/run/run_identity.h"
#include "engine/train/batch_order.h"

namespace cudenza {
namespace {

constexpr int64_t kBatch = 8;

/// Items to calibrate on.
std::vector<int> chosen_items(const QuantizeChoice& o, const Dataset& dataset, uint64_t seed, Observer& observer) {
  EvalChoice choice{.run = o.run, .data = o.data, .part = "train", .workers = o.workers};
  std::vector<int> items;
  try {
    items = chosen_parts(choice, dataset, seed, observer).front().items;
  } catch (const DataError&) {
    observer.remark(
        fmt::format("{}: holds nothing that the model learnt from; it is calibrated on what it is judged by", o.data.string()));
    choice.part = "all";
    items = chosen_parts(choice, dataset, seed, observer).front().items;
  }
  const std::vector<int64_t> all(items.begin(), items.end()), drawn = shuffled(all, seed, 0);
  items.assign(drawn.begin(), drawn.begin() + std::min<std::ptrdiff_t>(std::ssize(drawn), o.clips));
  std::ranges::sort(items);
  return items;
}

/// Gives the model its plans; returns the number of clips.
int64_t calibrate(Model& model, const QuantizeChoice& o, uint64_t seed, Observer& observer) {
  LabelledRows data;
  data.dataset = open_dataset(o.data);
  match_classes(data.dataset, model);
  const std::vector<int> items = chosen_items(o, data.dataset, seed, observer);
  load(data, items, model.input, {.workers = o.workers, .strict = o.strict}, observer);
  const auto input = make_judged_input(data.rows, model.input, model.head, Device::cpu(), DType::f32, seed);
  const std::vector<int64_t> rows = data.rows_of(items);
  Calibration calibration(*model.network);
  for (size_t done = 0; done < rows.size(); done += kBatch) {
    calibration.see(input->plain(std::span(rows).subspan(done, std::min<size_t>(kBatch, rows.size() - done))));
    observer.progress("calibrating", static_cast<int64_t>(done), static_cast<int64_t>(rows.size()), "");
    if (observer.interrupted()) throw Stopped("quantize was stopped; nothing is written");
  }
  model.int8 = calibration.plans();
  return static_cast<int64_t>(data.usable(items).size());
}

/// A file of this verb's: a run's own models stay.
bool is_quantized(const std::filesystem::path& path) { return is_hdf5_of(path, "cudenza") && Hdf5File(path).contains("int8"); }

Judgement judged(const std::filesystem::path& model, const QuantizeChoice& o, Compute compute, const std::string& precision,
                 Observer& observer) {
  compute.precision = precision;
  const EvalChoice choice{.run = model, .data = o.data, .workers = o.workers, .strict = o.strict};
  return evaluate_run(choice, compute, observer).judged();
}

}  // namespace

QuantizedRun quantize_run(const QuantizeChoice& o, const Compute& given, Observer& observer) {
  require(given.device == "auto" || given.chosen_device().is_cpu(), "quantize: int8 is a CPU's; leave out `device` {}",
          given.device);
  require(o.clips > 0, "quantize: `clips` is {}, but must be positive", o.clips);
  Compute compute = given;
  compute.device = "cpu";
  const std::filesystem::path from = model_path(o.run);
  QuantizedRun result{.out = o.out.empty() ? from.parent_path() / "int8.h5" : o.out};
  check_output_file("`out`", result.out, is_quantized, std::vector<std::filesystem::path>{from});
  check_outside("`out`", result.out, o.data);
  Model model = read_model(from, Device::cpu());
  const Judgement exact = judged(from, o, compute, "fp32", observer);
  result.clips = calibrate(model, o, compute.seed, observer);
  result.in_bytes = std::ranges::count_if(model.int8, [](const auto& named) { return named.second.x_scale > 0; });
  const std::optional<RunIdentity> identity = read_identity(Hdf5File(from));
  Hdf5File::create(result.out, [&](Hdf5File& file) {
    write_model(file, model);
    if (identity) write_identity(file, *identity);
  });
  const Judgement bytes = judged(result.out, o, compute, "int8", observer);
  result.part = exact.split;
  result.f32 = exact.row("").correct, result.int8 = bytes.row("").correct;
  const auto a = predicted_classes(exact.predictions.scored()), b = predicted_classes(bytes.predictions.scored());
  result.changed = std::inner_product(a.begin(), a.end(), b.begin(), int64_t{0}, std::plus<>(), std::not_equal_to<>());
  return result;
}

}  // namespace cudenza
