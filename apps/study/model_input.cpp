#include "apps/study/model_input.h"

#include <numeric>

#include "apps/study/labelled_rows.h"
#include "apps/study/model_file.h"
#include "engine/io/own_files.h"

namespace cudenza {
namespace {

constexpr std::string_view kFormat = "cudenza model input";

/// The files of `data` as rows of the input that the model was trained on.
LabelledRows read_rows(const ModelInputChoice& choice, const InputSpec& input, Observer& observer) {
  LabelledRows rows{.dataset = open_dataset(choice.data), .split = {}, .rows = {}};
  if (rows.dataset.media != input.media) {
    const auto name = [](Media media) { return media == Media::sound ? "sounds" : "pictures"; };
    throw DataError(fmt::format("{}: holds {}, but {} was trained on {}", choice.data.string(), name(rows.dataset.media),
                                choice.model.string(), name(input.media)));
  }
  std::vector<int> items(rows.dataset.items.size());
  std::iota(items.begin(), items.end(), 0);
  load(rows, items, input, {.workers = choice.workers, .strict = choice.strict}, observer);
  return rows;
}

}  // namespace

ModelInputFacts write_model_input(const ModelInputChoice& choice, const Compute& compute, Observer& observer) {
  const Device device = compute.chosen_device();
  const std::filesystem::path path = model_path(choice.model);
  const auto is_ours = [](const std::filesystem::path& out) { return is_hdf5_of(out, kFormat); };
  check_output_file("`out`", choice.out, is_ours, std::vector<std::filesystem::path>{path, choice.data});
  const InputSpec spec = read_input_spec(Hdf5File(path));
  const LabelledRows data = read_rows(choice, spec, observer);
  const auto input = make_input(data.rows, spec, Recipe{}, device, DType::f32, compute.seed);
  size_t files = 0;
  Hdf5File::create(choice.out, [&](Hdf5File& file) {
    for (size_t i = 0; i < data.dataset.items.size(); ++i) {
      const int item = static_cast<int>(i);
      const std::vector<int64_t> rows = data.rows_of(std::span(&item, 1));
      if (rows.empty()) continue;  // a bad file, already named
      const Item& one = data.dataset.items[i];
      file.write(one.path + "/image", input->plain(rows));
      file.set_attribute(one.path, "label", data.dataset.class_of(one));
      ++files;
    }
    file.set_attribute("/", "format", std::string(kFormat));
    file.set_attribute("/", "format_version", int64_t{2});
    file.set_attribute("/", "model", path.string());
  });
  return {.files = files, .picture = spec.picture};
}

}  // namespace cudenza
