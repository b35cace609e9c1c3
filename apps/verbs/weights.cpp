/// cudenza weights: official ImageNet weights, and files of PyTorch's, as our HDF5.
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/cli/option_names.h"
#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/weights_check.h"
#include "apps/study/weights_file.h"
#include "apps/study/weights_store.h"
#include "apps/verbs/verbs.h"
#include "engine/core/print_err.h"
#include "weights/manifest.h"

namespace cudenza {
namespace {
namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

constexpr double kMegabyte = 1e6;
constexpr const char* kKeyHelp =
    "the state dict to take where the file has several: a key (state_dict_ema), or what its names begin with";
constexpr const char* kScaleHelp =
    "what the file was trained with, taken into the first convolution: torch (RGB in 0..1, ImageNet's mean and deviation; the "
    "default), caffe (BGR in 0..255 less a mean: keras.applications' VGG16 and ResNet50), tf (RGB in -1..1)";
constexpr std::string_view kMirrorVariable = "CUDENZA_WEIGHTS_URL";

Json null_if_empty(const std::string& text) { return text.empty() ? Json() : Json(text); }

/// Lines on where weights come from, where it is known.
void print_origin(const std::string& license, const std::string& origin) {
  if (!license.empty()) print_out("  licence: {}\n", license);
  if (!origin.empty()) print_out("  origin: {}\n", origin);
}

// list

Json row_facts(const OfficialWeights& row) {
  return {{"arch", row.arch},
          {"variant", row.variant},
          {"file", row.file()},
          {"url", row.url},
          {"sha256_prefix", row.sha256_prefix},
          {"sha256", row.sha256.empty() ? Json() : Json(row.sha256)},
          {"bytes", row.bytes ? Json(*row.bytes) : Json()},
          {"top1", row.top1 ? Json(*row.top1) : Json()},
          {"input_size", row.input_size},
          {"interpolation", row.interpolation},
          {"mean", row.mean},
          {"std", row.std}};
}

void run_list(const Common& common) {
  if (common.json) {
    Json all = Json::array();
    for (const OfficialWeights& row : official_weights()) all.push_back(row_facts(row));
    return print_json(all);
  }
  print_out("{:<11} {:<7} {:<29} {:>9} {:>6} {:>6}  {}\n", "network", "variant", "file", "size", "top-1", "input", "resized by");
  for (const OfficialWeights& row : official_weights()) {
    const std::string size = row.bytes ? fmt::format("{:.1f} MB", static_cast<double>(*row.bytes) / kMegabyte) : "";
    const std::string top1 = row.top1 ? fmt::format("{:.2f}", *row.top1) : "";
    print_out("{:<11} {:<7} {:<29} {:>9} {:>6} {:>6}  {}\n", row.arch, row.variant, row.file(), size, top1, row.input_size,
              row.interpolation);
  }
}

// convert, fetch

Json report_facts(const fs::path& in, const fs::path& out, const ConvertReport& report) {
  return {{"source", in.string()},
          {"output", out.string()},
          {"arch", report.arch},
          {"variant", report.variant.empty() ? Json() : Json(report.variant)},
          {"classes", report.classes},
          {"container", name_of(report.container)},
          {"tensors", report.tensors},
          {"parameters_and_buffers", report.numbers},
          {"sha256", report.hash.sha256},
          {"sha256_in_name", report.hash.in_name.empty() ? Json() : Json(report.hash.in_name)},
          {"input_scale", name_of(report.input_scale)},
          {"license", null_if_empty(report.license)},
          {"origin", null_if_empty(report.origin)},
          {"remarks", with_option_names(report.remarks)}};
}

void print_converted(const fs::path& in, const fs::path& out, const ConvertReport& report, const Common& common) {
  if (common.json) return print_json(report_facts(in, out, report));
  if (common.quiet) return;
  for (const std::string& remark : with_option_names(report.remarks)) print_err("cudenza: {}: {}\n", in.string(), remark);
  const std::string official = report.variant.empty() ? "" : fmt::format(", the official {}", report.variant);
  print_out("{}: {}{}; {} classes, {} tensors, {} numbers\n", out.string(), report.arch, official, report.classes, report.tensors,
            report.numbers);
  print_out("  from {} ({}), SHA-256 {}…, {}\n", in.string(), name_of(report.container), report.hash.sha256.substr(0, 16),
            text_of(report.hash));
  print_origin(report.license, report.origin);
}

struct FetchOptions {
  std::vector<std::string> archs;
  std::string variant, folder = ".";
  bool keep = false;
};

void run_fetch(const FetchOptions& options, const Common& common) {
  std::vector<const OfficialWeights*> rows;
  for (const std::string& arch : options.archs) rows.push_back(&official_row(arch, options.variant));
  const char* mirror = std::getenv(std::string(kMirrorVariable).c_str());
  Terminal terminal(common.quiet);
  for (const OfficialWeights* row : rows) {
    const auto fetched = fetch_weights(*row,
                                       {.folder = options.folder,
                                        .mirror = mirror ? mirror : "",
                                        .keep = options.keep,
                                        .show_progress = isatty(STDERR_FILENO) != 0 && !common.quiet},
                                       terminal);
    if (fetched) print_converted(fetched->in, fetched->out, fetched->report, common);
  }
}

// inspect

std::string shape_text(const std::vector<int64_t>& sizes) { return fmt::format("[{}]", fmt::join(sizes, ",")); }

struct Listing {
  Json facts;
  Json tensors = Json::array();

  void add(const std::string& name, DType dtype, const std::vector<int64_t>& sizes) {
    tensors.push_back({{"name", name}, {"dtype", name_of(dtype)}, {"shape", sizes}});
  }
};

Json attribute_json(const Hdf5Attribute& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

Listing list_hdf5(const fs::path& path) {
  const Hdf5File file(path);
  Listing listing;
  listing.facts = {{"file", path.string()}, {"container", "HDF5"}};
  for (const std::string& name : file.attribute_names("/")) listing.facts[name] = attribute_json(file.attribute("/", name));
  if (file.has_texts("classes")) listing.facts["classes"] = file.read_texts("classes");
  for (const std::string& name : file.names()) {
    const auto [shape, dtype] = file.extent(name);
    listing.add(name, dtype, {shape.begin(), shape.end()});
  }
  return listing;
}

/// "state_dict" and how many tensors it has, for every state dict in the file.
Json parts_of(const WeightSource& source) {
  Json parts = Json::array();
  for (const StateDict& dict : source.state_dicts()) parts.push_back({{"key", dict.key}, {"tensors", dict.tensors.size()}});
  return parts;
}

Listing list_foreign(const fs::path& path, const std::string& key) {
  const WeightSource source(path);
  const WeightChoice choice = choose_weights(source, "", key);
  Listing listing;
  listing.facts = {{"file", path.string()}, {"container", name_of(source.container())}};
  if (choice.match.fits()) listing.facts.update({{"arch", choice.match.arch}, {"class_count", choice.match.classes}});
  else listing.facts["arch"] = Json();
  for (const auto& [name, text] : {std::pair{"license", source.facts().license}, {"origin", source.facts().origin}}) {
    if (!text.empty()) listing.facts[name] = text;
  }
  listing.facts.update({{"state_dicts", parts_of(source)},
                        {"key", choice.key},
                        {"prefix", choice.prefix},
                        {"wrappers", choice.wrappers},
                        {"remarks", with_option_names(choice.remarks())}});
  for (const TensorRecord& record : choice.tensors) listing.add(record.name, record.dtype, record.shape());
  return listing;
}

std::string fact_text(const Json& value) {
  constexpr size_t kMostItems = 10;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() && value.size() > kMostItems)
    return fmt::format("{} values, from {} to {}", value.size(), fact_text(value.front()), fact_text(value.back()));
  return json_text(value, -1);
}

/// One line, or one for each part of a list of parts or remarks; none where there is nothing to say.
void print_fact(const std::string& name, const Json& value) {
  if (name == "remarks") {
    for (const Json& remark : value) print_out("{:<15} {}\n", "remark", fact_text(remark));
  } else if (name == "state_dicts") {
    for (const Json& part : value) {
      const std::string key = part["key"].get<std::string>();
      if (!key.empty()) print_out("{:<15} '{}', {} tensors\n", "state dict", key, part["tensors"].get<size_t>());
    }
  } else if (const bool is_blank = (value.is_string() && value.get<std::string>().empty()) || (value.is_array() && value.empty());
             !is_blank) {
    print_out("{:<15} {}\n", name, value.is_null() ? "none of ours" : fact_text(value));
  }
}

void run_inspect(const fs::path& path, const std::string& key, const Common& common) {
  Listing listing = is_own_hdf5(path) ? list_hdf5(path) : list_foreign(path, key);
  int64_t numbers = 0;
  for (const Json& tensor : listing.tensors) {
    int64_t count = 1;
    for (const Json& extent : tensor["shape"]) count *= extent.get<int64_t>();
    numbers += count;
  }
  listing.facts["numbers"] = numbers;
  if (common.json) {
    listing.facts["tensors"] = std::move(listing.tensors);
    return print_json(listing.facts);
  }
  for (const auto& [name, value] : listing.facts.items()) print_fact(name, value);
  print_out("{:<15} {}\n", "tensors", listing.tensors.size());
  for (const Json& tensor : listing.tensors)
    print_out("  {:<5} {:<20} {}\n", tensor["dtype"].get<std::string>(), shape_text(tensor["shape"].get<std::vector<int64_t>>()),
              tensor["name"].get<std::string>());
}

// verify

void run_verify(const fs::path& path, const Common& common) {
  const CheckedWeights checked = check_weights(path);
  if (common.json) {
    Json facts{{"file", path.string()},
               {"container", checked.container},
               {"arch", null_if_empty(checked.arch)},
               {"tensors", checked.tensors},
               {"missing", null_if_empty(checked.missing)},
               {"license", null_if_empty(checked.license)},
               {"origin", null_if_empty(checked.origin)},
               {"note", null_if_empty(checked.note)}};
    if (checked.is_hdf5()) facts.update({{"source", checked.source}, {"sha256", checked.sha256}});
    else facts.update({{"sha256", checked.sha256}, {"sha256_in_name", null_if_empty(checked.hash.in_name)}});
    facts["official"] = null_if_empty(checked.official);
    return print_json(facts);
  }
  if (common.quiet) return;
  print_out("{}: sound; {}, {}, {} tensors\n", path.string(), checked.container,
            checked.arch.empty() ? "none of our networks" : checked.arch, checked.tensors);
  if (!checked.missing.empty())
    print_out("  no classifier: {} has {} tensors, and {} are not there\n", checked.arch, checked.wanted, checked.missing);
  const std::string of = checked.is_hdf5() ? fmt::format(" of {}, its source,", checked.source) : "";
  if (!checked.sha256.empty()) print_out("  SHA-256{} {}\n", of, checked.sha256);
  print_out("  {}\n", checked.official.empty() ? "not an official file" : "official: " + checked.official);
  print_origin(checked.license, checked.origin);
  if (!checked.note.empty()) print_out("  note: {}\n", checked.note);
}

}  // namespace

void add_weights(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("weights", "ImageNet weights: official files, and PyTorch's formats as HDF5");
  verb->require_subcommand(1);
  verb->fallthrough();
  verb->add_subcommand("list", "The official files")->callback([&common] { run_list(common); });

  auto fetch = std::make_shared<FetchOptions>();
  CLI::App* fetch_verb = verb->add_subcommand("fetch", "Download official weights, check their SHA-256, convert them to ARCH.h5");
  fetch_verb->add_option("ARCH", fetch->archs, "alexnet vgg16 vgg16_bn resnet34 resnet50 resnetrs50")->required();
  fetch_verb->add_option("--variant", fetch->variant, "V1, V2, …; `weights list` has them");
  fetch_verb->add_option("--dir", fetch->folder, "where to")->capture_default_str();
  fetch_verb->add_flag("--keep", fetch->keep, "keep the downloaded file beside what it was converted to");
  fetch_verb->footer(fmt::format("{} in the environment names a mirror's folder to fetch from.", kMirrorVariable));
  fetch_verb->callback([fetch, &common] { run_fetch(*fetch, common); });

  auto paths = std::make_shared<ConvertChoice>();
  CLI::App* convert_verb = verb->add_subcommand("convert", "A .pth, .safetensors, .onnx or Keras .h5 file to HDF5");
  convert_verb->add_option("IN", paths->in, "PyTorch's zip, tar or stream, safetensors, ONNX, or Keras's HDF5")->required();
  convert_verb->add_option("OUT.h5", paths->out)->required();
  ConvertOptions& options = paths->options;
  convert_verb->add_option("--arch", options.arch, "the network; told by names and shapes if not given");
  convert_verb->add_option("--key", options.key, kKeyHelp);
  const auto take_scale = [paths](const std::string& name) { paths->options.input_scale = input_scale_from_name(name); };
  convert_verb->add_option_function<std::string>("--input-scale", take_scale, kScaleHelp)
      ->check(CLI::IsMember({"torch", "caffe", "tf"}));
  convert_verb->add_option("--license", options.license, "the weights' licence, kept in the file; else what IN says");
  convert_verb->add_option("--origin", options.origin, "where they come from, kept in the file; else what IN says");
  convert_verb->footer(
      "What fits a network by names and shapes is taken, whatever its key and whatever stands before all its names. Of several "
      "the first in the file is taken, averages (ema, swa, teacher) last. ONNX and Keras's files with names of their own are "
      "known by the order and shapes of their layers.");
  convert_verb->callback([paths, &common] { print_converted(paths->in, paths->out, convert_weights_into(*paths), common); });

  CLI::App* inspect_verb = verb->add_subcommand("inspect", "What is in a file of weights");
  inspect_verb->add_option("FILE", paths->in)->required();
  inspect_verb->add_option("--key", paths->options.key, kKeyHelp);
  inspect_verb->callback([paths, &common] { run_inspect(paths->in, paths->options.key, common); });

  CLI::App* verify_verb = verb->add_subcommand("verify", "Whether a file of weights is whole, and what it says it is");
  verify_verb->add_option("FILE", paths->in)->required();
  verify_verb->callback([paths, &common] { run_verify(paths->in, common); });
}

}  // namespace cudenza
