#include "apps/verbs/resume.h"

#include <algorithm>
#include <array>

#include "apps/study/train_values.h"
#include "apps/verbs/train_flags.h"
#include "engine/core/regular_file.h"
#include "engine/train/input_spec.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// They change how fast a run goes, how long, or how it is shown.
constexpr std::array<std::string_view, 11> kMayChange = {
    "epochs", "patience", "device", "threads", "workers", "deterministic", "autotune", "no-trials", "log-steps", "quiet", "json"};
/// They say where something lies. What lies there is compared.
constexpr std::array<std::string_view, 5> kPlaces = {"data", "split-dir", "out", "resume", "config"};
/// They belong to a command, not to its run.
constexpr std::array<std::string_view, 3> kOfTheCommand = {"quiet", "json", "resume"};

template <size_t N> bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool is_same_option(const CLI::ConfigItem& a, const CLI::ConfigItem& b) { return a.name == b.name && a.parents == b.parents; }

/// The run's items, with those among `given` that `wanted` names in the place of its own.
template <class Wanted> ConfigItems overlaid(ConfigItems items, std::span<const CLI::ConfigItem> given, Wanted wanted) {
  for (const CLI::ConfigItem& one : given) {
    if (!wanted(one.name)) continue;
    std::erase_if(items, [&](const CLI::ConfigItem& other) { return is_same_option(one, other); });
    items.push_back(one);
  }
  return items;
}

struct AllOptions {
  Common common;
  TrainOptions train;
};

AllOptions options_of(const std::string& verb, std::span<const CLI::ConfigItem> items, const std::string& name) {
  AllOptions options;
  CLI::App program("", "cudenza");
  add_common_options(program, options.common);
  CLI::App* const sub = program.add_subcommand(verb);
  if (verb == kPretrain) add_pretrain_options(sub, options.train);
  else add_train_options(sub, options.train, true);
  apply_config(program, items, name);
  return options;
}

TrainValues values_of_run(const std::string& verb, const fs::path& run, const ConfigItems& own, const InputSpec& input) {
  try {
    const auto [common, train] = options_of(verb, own, run.string());
    return values_of(common, train, input);
  } catch (const UsageError& error) {  // nobody has typed it
    throw DataError(fmt::format("{}: its options are damaged: {}", run.string(), error.what()));
  }
}

/// Refuses the run of another verb.
void check_verb(const std::string& verb, const fs::path& run, const ConfigItems& own) {
  for (const CLI::ConfigItem& one : own) {
    require(one.parents.empty() || one.parents[0] == verb, "{} is a run of {}: go on with cudenza {} --resume {}", run.string(),
            one.parents[0], one.parents[0], run.string());
  }
}

/// Refuses what is given beside --resume and would make another run of it.
void check_given(const std::string& verb, const fs::path& run, const ConfigItems& own, std::span<const CLI::ConfigItem> given,
                 const InputSpec& input) {
  const auto any = [](std::string_view) { return true; };
  const TrainValues values = values_of_run(verb, run, own, input);
  const auto [common, train] = options_of(verb, overlaid(own, given, any), "--resume");
  const TrainValues asked = values_of(common, train, input);
  for (const CLI::ConfigItem& one : given) {
    if (is_among(kMayChange, one.name) || is_among(kPlaces, one.name)) continue;
    const auto is_it = [&](const auto& value) { return value.first == one.name; };
    const auto was = std::ranges::find_if(values, is_it), now = std::ranges::find_if(asked, is_it);
    require(was != values.end(), "--{} cannot be given beside --resume", one.name);
    require(was->second == now->second, "--{} is {} in the run {}, not {}: leave it out, or start a new run with another --out",
            one.name, was->second.empty() ? "not given" : was->second, run.string(), now->second);
  }
}

/// The options as they hold from now on.
void settle(const std::string& verb, Resumption& resumption, const fs::path& run, const Common& shown, ConfigItems own,
            std::span<const CLI::ConfigItem> given) {
  const auto taken = [](std::string_view name) {
    return (is_among(kMayChange, name) && !is_among(kOfTheCommand, name)) || name == "data" || name == "split-dir";
  };
  std::erase_if(own, [](const CLI::ConfigItem& item) { return is_among(kOfTheCommand, item.name); });
  resumption.items = overlaid(std::move(own), given, taken);
  AllOptions options = options_of(verb, resumption.items, run.string());
  resumption.common = options.common;
  resumption.common.quiet = shown.quiet;
  resumption.common.json = shown.json;
  resumption.options = std::move(options.train);
  const std::string& out = resumption.options.out;
  for (const CLI::ConfigItem& one : given) {
    if (one.name != "out") continue;
    std::error_code error;
    require(fs::equivalent(one.inputs.at(0), run, error), "--out is {}, but --resume is {}: a run goes on in its own directory",
            one.inputs.at(0), run.string());
  }
  resumption.options.resume = resumption.options.out = run.string();
  // A run is moved with its directory: config.toml names the place where it is now.
  std::error_code error;
  if (out.empty() || !fs::equivalent(out, run, error)) {
    CLI::ConfigItem place;
    place.parents = {verb}, place.name = "out", place.inputs = {run.string()};
    resumption.items = overlaid(std::move(resumption.items), std::span(&place, 1), [](std::string_view) { return true; });
  }
}

ConfigItems config_of(const fs::path& run) {
  const fs::path path = run / "config.toml";
  std::error_code error;
  if (!fs::is_regular_file(path, error))
    throw DataError(
        fmt::format("{}: there is neither last.h5 nor config.toml: this is not the directory of a run", run.string()));
  return parse_config(read_text(path), path.string());
}

}  // namespace

Resumption resume_of(const std::string& verb, const fs::path& run, const Common& shown, std::span<const CLI::ConfigItem> given) {
  const Hdf5File last(run / "last.h5");
  Resumption resumption;
  resumption.identity = read_identity(last);
  ConfigItems own =
      resumption.identity ? parse_config(resumption.identity->options, last.path().string() + ", its options") : config_of(run);
  check_verb(verb, run, own);
  check_given(verb, run, own, given, read_input_spec(last));
  resumption.epochs = options_of(verb, own, run.string()).train.make_recipe().epochs;
  settle(verb, resumption, run, shown, std::move(own), given);
  std::error_code error;
  std::string& data = resumption.options.data;
  if (resumption.identity && !fs::exists(data, error)) data = resumption.identity->data;  // the run was begun in another folder
  return resumption;
}

Resumption beginning_of(const std::string& verb, const fs::path& run, const Common& shown,
                        std::span<const CLI::ConfigItem> given) {
  Resumption resumption;
  ConfigItems own = config_of(run);
  for (const char* name : {"best.h5", "history.csv"}) {
    if (fs::exists(run / name))
      throw DataError(
          fmt::format("{}: there is {}, but no last.h5 to go on from: put it back, or start a new run with another --out",
                      run.string(), name));
  }
  check_verb(verb, run, own);
  check_given(verb, run, own, given, {});
  settle(verb, resumption, run, shown, std::move(own), given);
  return resumption;
}

}  // namespace cudenza
