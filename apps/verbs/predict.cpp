/// cudenza predict: what a trained model hears in files of any length, folders of them, or what comes in on stdin.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "apps/cli/progress.h"
#include "apps/cli/stdin_file.h"
#include "apps/study/files_in_folder.h"
#include "apps/study/model_file.h"
#include "apps/verbs/labelled_rows.h"
#include "apps/verbs/network_choice.h"
#include "apps/verbs/prediction.h"
#include "engine/audio/decode.h"
#include "engine/core/print_err.h"
#include "engine/data/csv.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string run;
  std::vector<std::string> inputs;
  int top_k = 5, tta = 0, batch_size = 32;
  double window = 0, hop = 0;
  std::string aggregate = "mean", format = "text";
  bool timeline = false, strict = false;
};

/// What the command line names: files as they are, folders searched for the model's kind of media, "-" for stdin.
std::vector<fs::path> find_files(const std::vector<std::string>& inputs, Media media, bool strict) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    if (input.empty()) throw DataError("an empty name is no file; name files, folders, or - for stdin");
    if (input == "-" || !is_folder(input)) files.emplace_back(input);
    else std::ranges::copy(files_in_folder(input, media, strict), std::back_inserter(files));
  }
  return files;
}

class Predictor {
 public:
  Predictor(const Options& options, const Common& common)
      : o_(options),
        device_(common.chosen_device()),
        dtype_(study_type(common, device_)),
        seed_(common.seed),
        model_(read_model(model_path(options.run), device_)) {
    const InputSpec& input = model_.input;
    const double length = input.crop_seconds > 0 ? input.crop_seconds : input.clip_seconds;
    if (o_.window <= 0) o_.window = length;
    if (o_.hop <= 0) o_.hop = o_.window / 2;
    // A window is one row, heard whole.
    row_input_ = input;
    row_input_.clip_seconds = o_.window;
    row_input_.crop_seconds = 0;
    if (input.media == Media::sound) row_input_.check();
  }

  const Model& model() const { return model_; }

  Prediction predict(const fs::path& path) {
    Prediction p{.file = path.string(), .seconds = 0, .probabilities = {}, .windows = {}, .remarks = {}};
    if (model_.input.media == Media::pictures) judge(load_picture(path), p);
    else hear(path, p);
    p.probabilities = aggregated(p.windows, aggregate_from_name(o_.aggregate));
    return p;
  }

  Prediction predict_stdin() {
    const StdinFile copy;
    try {
      Prediction p = predict(copy.path());
      p.file = "-";
      return p;
    } catch (const DataError& error) {
      const std::string text = error.what(), name = copy.path();
      throw DataError(text.starts_with(name) ? "stdin" + text.substr(name.size()) : text);
    }
  }

 private:
  Tensor load_picture(const fs::path& path) const {
    Dataset one;
    one.items.push_back({fs::absolute(path).string(), 0, ""});
    const int item = 0;
    const Rows rows = load_picture_rows(one, std::span(&item, 1), row_input_);
    if (!rows.bad.empty()) throw DataError(rows.bad.front());
    return rows.data;
  }

  void hear(const fs::path& path, Prediction& p) {
    const int rate = model_.input.mel.sample_rate;
    const auto size = std::llround(o_.window * rate), hop = std::llround(o_.hop * rate);
    WindowStream stream(path, rate, size, hop);
    std::vector<Tensor> rows;
    const auto flush = [&] {
      if (rows.empty()) return;
      const Tensor batch = Tensor::empty({static_cast<int64_t>(rows.size()), size}, DType::i16);
      for (size_t i = 0; i < rows.size(); ++i) batch.slice(static_cast<int64_t>(i) * size, {1, size}).copy_from(rows[i]);
      judge(batch, p);
      rows.clear();
    };
    for (WindowStream::Window window; stream.next(window);) {
      const bool is_first = p.windows.empty() && rows.empty();
      if (!is_first && 2 * window.samples < size) break;  // less than half a window, which the one before has heard mostly
      const double begin = static_cast<double>(window.begin) / rate;
      starts_.push_back({begin, begin + static_cast<double>(window.samples) / rate});
      p.seconds = starts_.back().second;
      const std::vector<int16_t> pcm = to_pcm(window.content.first(static_cast<size_t>(window.samples)));
      rows.push_back(rows_of(pcm, size).slice(0, {1, size}));
      if (static_cast<int>(rows.size()) == o_.batch_size) flush();
    }
    flush();
    p.remarks = stream.stream().remarks();
  }

  /// Adds a window's opinion for each row of the batch.
  void judge(const Tensor& batch, Prediction& p) {
    Rows rows{.data = batch, .item = {}, .bad = {}, .remarks = {}};
    Recipe recipe;
    recipe.noise = recipe.cutout = true;  // of test-time passes
    const auto input = make_input(rows, row_input_, recipe, device_, dtype_, seed_);
    std::vector<int64_t> all(static_cast<size_t>(batch.size(0)));
    std::iota(all.begin(), all.end(), 0);
    const std::vector<double> raw = evaluate(*model_.network, *input, all, {.batch_size = o_.batch_size, .tta = o_.tta});
    const std::vector<int64_t> none(all.size());
    const std::vector<double> calibrated =
        at_temperature({raw, none, static_cast<int64_t>(model_.classes.size())}, model_.temperature);
    const size_t classes = model_.classes.size();
    starts_.resize(std::max(starts_.size(), all.size()));
    for (size_t i = 0; i < all.size(); ++i) {
      const auto first = calibrated.begin() + static_cast<std::ptrdiff_t>(i * classes);
      p.windows.push_back({starts_[i].first, starts_[i].second, {first, first + static_cast<std::ptrdiff_t>(classes)}});
    }
    starts_.clear();
  }

  Options o_;
  Device device_;
  DType dtype_;
  uint64_t seed_;
  Model model_;
  InputSpec row_input_;
  std::vector<std::pair<double, double>> starts_;  // of the windows not judged yet: begin and end in seconds
};

/// Writes what is heard in each file. A bad one is named on stderr and left out.
void predict_files(Predictor& predictor, const std::vector<fs::path>& files, const Options& o, const Common& common,
                   PredictionWriter& writer) {
  Progress progress("listening", static_cast<int64_t>(files.size()), common.quiet);
  int64_t done = 0, bad = 0;
  for (const fs::path& file : files) {
    std::optional<Prediction> p;
    try {
      p = file == "-" ? predictor.predict_stdin() : predictor.predict(file);
    } catch (const DataError& error) {
      if (o.strict || files.size() == 1) throw;
      progress.clear();
      print_err("cudenza: left out: {}\n", error.what());
      ++bad;
    }
    if (p) {
      progress.clear();
      for (const std::string& remark : p->remarks)
        print_err("cudenza: warning: {}: {}\n", file == "-" ? "stdin" : p->file, remark);
      writer.write(*p);
    }
    progress.show(++done);
  }
  if (bad == done) throw DataError(fmt::format("none of {} files can be used", files.size()));
}

void run_predict(const Options& o, const Common& common) {
  Predictor predictor(o, common);
  const std::vector<fs::path> files = find_files(o.inputs, predictor.model().input.media, o.strict);
  PredictionWriter writer(o.format == "text" && common.json ? "json" : o.format, predictor.model().classes, o.top_k, o.timeline);
  try {
    predict_files(predictor, files, o, common, writer);
  } catch (...) {
    writer.finish();  // what is written stays readable
    throw;
  }
  writer.finish();
}

}  // namespace

void add_predict(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("predict", "Tells what a trained model hears in files, folders or stdin");
  const auto o = std::make_shared<Options>();
  verb->add_option("run", o->run, "a run's directory, or a model's file")->required();
  verb->add_option("inputs", o->inputs, "files, folders, or - for stdin")->required();
  verb->add_option("--top-k", o->top_k, "classes to name")->check(CLI::Range(1, 1000))->capture_default_str();
  verb->add_option("--window", o->window, "seconds heard at once; what the model was trained on without")
      ->check(CLI::Range(0.001, 3600.0));
  verb->add_option("--hop", o->hop, "seconds from window to window; half a window without")->check(CLI::Range(0.001, 86400.0));
  verb->add_option("--aggregate", o->aggregate, "of the windows: mean, max or vote")
      ->check(CLI::IsMember({"mean", "max", "vote"}))
      ->capture_default_str();
  verb->add_option("--tta", o->tta, "augmented passes joined with the plain one")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  verb->add_option("--format", o->format, "text, json, jsonl or csv")
      ->check(CLI::IsMember({"text", "json", "jsonl", "csv"}))
      ->capture_default_str();
  verb->add_flag("--timeline", o->timeline, "also what each window says");
  verb->add_option("--batch-size", o->batch_size)->check(CLI::Range(1, 4096))->capture_default_str();
  verb->add_flag("--strict", o->strict, "end at the first bad file instead of leaving it out");
  verb->callback([&common, o] { run_predict(*o, common); });
}

}  // namespace cudenza
