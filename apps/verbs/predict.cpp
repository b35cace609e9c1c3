/// cudenza predict: what a trained model hears in files of any length, folders of them, or what comes in on stdin.
#include <algorithm>

#include "apps/cli/stdin_file.h"
#include "apps/cli/terminal.h"
#include "apps/study/classifier.h"
#include "apps/study/files_in_folder.h"
#include "apps/verbs/prediction_writer.h"
#include "apps/verbs/shared_prediction.h"
#include "apps/verbs/verbs.h"

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
std::vector<fs::path> find_files(const std::vector<std::string>& inputs, Media media, bool strict, Observer& observer) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    if (input.empty()) throw DataError("an empty name is no file; name files, folders, or - for stdin");
    if (input == "-" || !is_folder(input)) files.emplace_back(input);
    else std::ranges::copy(files_in_folder(input, media, strict, observer), std::back_inserter(files));
  }
  return files;
}

Prediction hear_stdin(const Classifier& classifier) {
  const StdinFile copy;
  try {
    return classifier(copy.path());
  } catch (const DataError& error) {
    const std::string text = error.what(), name = copy.path();
    throw DataError(text.starts_with(name) ? "stdin" + text.substr(name.size()) : text);
  }
}

Heard hear(const Classifier& classifier, const fs::path& file) {
  try {
    return {.prediction = file == "-" ? hear_stdin(classifier) : classifier(file)};
  } catch (const DataError& error) {
    return {.error = error.what()};
  }
}

/// Writes what is heard in the files, one after the other. A bad one is named on stderr and left out.
class Results {
 public:
  Results(int64_t total, bool strict, Terminal& terminal, PredictionWriter& writer)
      : total_(total), strict_(strict), terminal_(terminal), writer_(writer) {}

  void take(const fs::path& file, const Heard& heard) {
    if (heard.prediction) {
      for (const std::string& remark : heard.prediction->remarks)
        terminal_.warn(fmt::format("{}: {}", file == "-" ? "stdin" : file.string(), remark));
      terminal_.clear();
      writer_.write(file.string(), *heard.prediction);
    } else {
      if (strict_ || total_ == 1) throw DataError(heard.error);
      terminal_.left_out(heard.error);
      ++bad_;
    }
    terminal_.progress("listening", ++done_, total_, "");
  }
  void check_any() const {
    if (bad_ == done_) throw DataError(fmt::format("none of {} files can be used", total_));
  }

 private:
  int64_t total_, done_ = 0, bad_ = 0;
  bool strict_;
  Terminal& terminal_;
  PredictionWriter& writer_;
};

/// Several ranks take a file each, in rounds, after which the first has them all. It alone has a stdin: where that is to be
/// heard, it hears everything.
void predict_files(const Classifier& classifier, const std::vector<fs::path>& files, Ranks& ranks, Results& results) {
  const bool alone = ranks.is_alone() || std::ranges::count(files, fs::path("-")) > 0;
  if (alone && !ranks.is_first()) return;
  const auto at_once = static_cast<size_t>(alone ? 1 : ranks.size());
  for (size_t first = 0; first < files.size(); first += at_once) {
    if (alone) {
      results.take(files[first], hear(classifier, files[first]));
      continue;
    }
    const size_t own = first + static_cast<size_t>(ranks.rank());
    const std::vector<std::string> all = ranks.collect(packed(own < files.size() ? hear(classifier, files[own]) : Heard{}));
    for (size_t r = 0; r < all.size() && first + r < files.size(); ++r)
      results.take(files[first + r], unpacked(all[r], classifier.classes()));
  }
  if (ranks.is_first()) results.check_any();
}

void run_predict(const Options& o, const Common& common) {
  Terminal terminal(common.quiet, common.ranks->is_first());
  const Classifier classifier(o.run, {.compute = common.for_inference(),
                                      .window = o.window,
                                      .hop = o.hop,
                                      .aggregate = aggregate_from_name(o.aggregate),
                                      .tta = o.tta,
                                      .batch_size = o.batch_size});
  const std::vector<fs::path> files = find_files(o.inputs, classifier.media(), o.strict, terminal);
  PredictionWriter writer(o.format == "text" && common.json ? "json" : o.format, classifier.classes(), o.top_k, o.timeline);
  Results results(std::ssize(files), o.strict, terminal, writer);
  try {
    predict_files(classifier, files, *common.ranks, results);
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
