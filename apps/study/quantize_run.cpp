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
  Observer unsaid;  // what these are judged by is another part's
  try {
    items = chosen_parts(choice, dataset, seed, unsaid).front().items;
  } catch (const DataError&) {
    observer.remark(
        fmt::format("{}: holds nothing that the model learnt from; it is calibrated on what it is judged by", o.data.string()));
    choice.part = "all";
    items = chosen_parts(choice, dataset, seed, unsaid).front().items;
  }
  const std::vector<int64_t> all(items.begin(), items.end()), drawn = shuffled(all, seed, 0);
  items.assign(drawn.begin(), drawn.begin() + std::min<std::ptrdiff_t>(std::ssize(drawn), o.clips));
  std::ranges::sort(items);
  return items;
}

/// Gives the model its plans.
void calibrate(Model& model, const QuantizeChoice& o, uint64_t seed, Observer& observer) {
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
  model.int8_facts.layers = layers_in_bytes(model.int8);
  model.int8_facts.clips = std::ssize(data.usable(items));
}

/// Whether it is a file of this verb's, which may be damaged at the place that is its own: a run's other models stay.
bool may_be_replaced(const std::filesystem::path& path, bool is_own_place) try {
  return is_quantized(Hdf5File(path)) && is_hdf5_of(path, "cudenza");
} catch (const DataError&) {
  return is_own_place && !checksum_of(path).empty();
}

/// Progress alone: what else there is to say of the data was said before.
class ProgressOf : public Observer {
 public:
  explicit ProgressOf(Observer& observer) : observer_(observer) {}
  void progress(std::string_view what, int64_t done, int64_t total, const std::string& note) override {
    observer_.progress(what, done, total, note);
  }
  bool interrupted() override { return observer_.interrupted(); }

 private:
  Observer& observer_;
};

Judgement judged(Model& model, const std::filesystem::path& path, const QuantizeChoice& o, Compute compute,
                 const std::string& precision, Observer& observer) {
  compute.precision = precision;
  const EvalChoice choice{.run = path, .data = o.data, .workers = o.workers, .strict = o.strict};
  return evaluate_model(model, choice, compute, observer).judged();
}

/// What the file says of both.
void compare(Model& model, const Judgement& exact, const Judgement& bytes) {
  const auto a = predicted_classes(exact.predictions.scored()), b = predicted_classes(bytes.predictions.scored());
  Int8Facts& facts = model.int8_facts;
  facts.part = exact.split;
  facts.f32 = exact.row("").correct, facts.int8 = bytes.row("").correct;
  facts.changed = std::inner_product(a.begin(), a.end(), b.begin(), int64_t{0}, std::plus<>(), std::not_equal_to<>());
}

}  // namespace

QuantizedRun quantize_run(const QuantizeChoice& o, const Compute& given, Observer& observer) {
  require(given.device == "auto" || given.chosen_device().is_cpu(), "quantize: int8 is a CPU's; leave out `device` {}",
          given.device);
  require(o.clips > 0, "quantize: `clips` is {}, but must be positive", o.clips);
  Compute compute = given;
  compute.device = "cpu";
  const std::filesystem::path from = model_path(o.run);
  QuantizedRun result{.out = o.out.empty() ? quantized_path(from.parent_path()) : o.out};
  require(!is_quantized(Hdf5File(from)), "{}: is quantized already; give the run, or the file that it was made of",
          from.string());
  const auto is_ours = [&](const std::filesystem::path& path) { return may_be_replaced(path, o.out.empty()); };
  check_output_file("`out`", result.out, is_ours, std::vector<std::filesystem::path>{from});
  check_outside("`out`", result.out, o.data);
  const std::string made_of = checksum_of(from);  // before it is read: a training may replace it meanwhile
  Model model = read_model(from, Device::cpu());
  const Judgement exact = judged(model, from, o, compute, "fp32", observer);
  calibrate(model, o, compute.seed, observer);
  ProgressOf again(observer);
  compare(model, exact, judged(model, from, o, compute, "int8", again));
  model.int8_facts.made_of = made_of;
  const std::optional<RunIdentity> identity = read_identity(Hdf5File(from));
  Hdf5File::create(result.out, [&](Hdf5File& file) {
    write_model(file, model);
    if (identity) write_identity(file, *identity);
  });
  result.facts = model.int8_facts;
  return result;
}

}  // namespace cudenza
