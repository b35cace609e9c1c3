#include "apps/study/labelled_rows.h"

#include <algorithm>

#include "apps/study/files_in_folder.h"
#include "engine/train/clip_input.h"
#include "engine/train/picture_input.h"
#include "engine/train/shared_rows.h"

namespace cudenza {
std::vector<int64_t> LabelledRows::labels() const {
  std::vector<int64_t> all;
  for (const int item : rows.item) all.push_back(dataset.items[static_cast<size_t>(item)].label);
  return all;
}

std::vector<int64_t> LabelledRows::rows_of(std::span<const int> items) const {
  std::vector<int64_t> found;
  for (const int item : items) {
    const auto [first, last] = std::ranges::equal_range(rows.item, item);
    for (auto row = first; row != last; ++row) found.push_back(row - rows.item.begin());
  }
  return found;
}

std::vector<int> LabelledRows::usable(std::span<const int> items) const {
  std::vector<int> found;
  for (const int item : items) {
    if (std::ranges::binary_search(rows.item, item)) found.push_back(item);
  }
  return found;
}

Validation LabelledRows::validation(std::span<const int> items) const {
  Validation validation;
  for (const int item : usable(items)) {
    const std::vector<int64_t> of_item = rows_of(std::span(&item, 1));
    validation.rows.insert(validation.rows.end(), of_item.begin(), of_item.end());
    validation.file.insert(validation.file.end(), of_item.size(), static_cast<int>(validation.labels.size()));
    validation.labels.push_back(dataset.items[static_cast<size_t>(item)].label);
  }
  return validation;
}

void open_and_split(LabelledRows& data, const DataChoice& choice, uint64_t seed, Observer& observer) {
  data.dataset = open_dataset(choice.data);
  const SplitSpec spec = resolved(parse_split(choice.split), data.dataset);
  if (!choice.split_dir.empty()) data.split = list_split(data.dataset, choice.split_dir);
  else if (choice.drawn && spec.kind != SplitKind::column) data.split = choice.drawn(data.dataset);
  else data.split = make_split(data.dataset, spec, seed);
  for (const auto* remarks : {&data.dataset.remarks, &data.split.remarks}) {
    for (const std::string& remark : *remarks) observer.remark(remark);
  }
}

namespace {

/// A sound of hours among clips of seconds gives more rows than all of them: what is learnt, and how long it takes, is its own.
void warn_of_dominant(const LabelledRows& data, const InputSpec& input, Observer& observer) {
  const std::vector<int>& item = data.rows.item;
  const int middle = item[item.size() / 2];  // who has more than half of an ascending list stands in its middle
  const auto count = static_cast<size_t>(std::ranges::count(item, middle));
  if (count == item.size() || 2 * count <= item.size()) return;
  observer.warn(fmt::format("{}: gives {} of {} clips of {:g} s, more than all other files; cut it, or take it out",
                            data.dataset.items[static_cast<size_t>(middle)].path, count, item.size(), input.clip_seconds));
}

/// One sound that 16 bits do not hold makes all clips floats.
void tell_of_room(const LabelledRows& data, Observer& observer) {
  const Rows& rows = data.rows;
  const auto count = std::ssize(rows.item);
  if (rows.in_16_bits == 0 || rows.in_16_bits == count) return;
  const double wasted = static_cast<double>(rows.in_16_bits * rows.data.size(1)) * sizeof(int16_t);
  observer.remark(
      fmt::format("{}: {} of {} clips are 16-bit, the others need 32-bit floats; all are kept as such: {:.0f} MiB more",
                  data.dataset.root.string(), rows.in_16_bits, count, wasted / (1024 * 1024)));
}

}  // namespace

void load(LabelledRows& data, std::span<const int> items, const InputSpec& input, const LoadChoice& choice, Observer& observer) {
  tell_unread(data.dataset.root, data.dataset.unread_folders, choice.strict, observer);
  const bool is_sound = data.dataset.media == Media::sound;
  const auto show = [&](size_t done, size_t total) {
    observer.progress(is_sound ? "decoding" : "reading pictures", static_cast<int64_t>(done), static_cast<int64_t>(total), "");
  };
  const auto own = choice.ranks ? choice.ranks->share(std::ssize(items)).of(items) : items;
  if (is_sound) {
    PcmCache cache;
    data.rows = load_sound_rows(data.dataset, own, input, {.threads = choice.workers, .cache = &cache}, show);
  } else {
    data.rows = load_picture_rows(data.dataset, own, input, choice.workers, show);
  }
  if (choice.ranks) data.rows = shared_rows(std::move(data.rows), *choice.ranks);
  for (const std::string& bad : data.rows.bad) {
    if (choice.strict) throw DataError(bad);
    observer.left_out(bad);
  }
  for (const std::string& remark : data.rows.remarks) observer.warn(remark);
  if (data.rows.item.empty())
    throw DataError(fmt::format("{}: none of {} files can be used", data.dataset.root.string(), items.size()));
  warn_of_dominant(data, input, observer);
  tell_of_room(data, observer);
}

void warn_of_classes(const LabelledRows& data, Observer& observer) {
  constexpr size_t kMostNamed = 8;
  const std::vector<std::string>& classes = data.dataset.classes;
  if (classes.size() == 1)
    observer.warn(fmt::format(
        "{}: '{}' is the only class, so nothing can be told from anything and every figure is empty; give a folder with one "
        "sub-folder a class",
        data.dataset.root.string(), classes[0]));
  std::vector<bool> is_learnt(classes.size());
  for (const int item : data.usable(data.split.train)) is_learnt[static_cast<size_t>(data.dataset.items[item].label)] = true;
  std::vector<std::string> without;
  for (size_t c = 0; c < classes.size(); ++c) {
    if (!is_learnt[c]) without.push_back(fmt::format("'{}'", classes[c]));
  }
  if (without.empty()) return;
  const size_t more = without.size() - std::min(without.size(), kMostNamed);
  without.resize(without.size() - more);
  observer.warn(fmt::format("{}: no clip to learn {}{} from; give it more clips, or choose another split",
                            data.dataset.root.string(), fmt::join(without, ", "),
                            more > 0 ? fmt::format(" and {} more classes", more) : ""));
}

std::unique_ptr<Input> make_input(const Rows& rows, const InputSpec& spec, const Recipe& recipe, Device device, DType dtype,
                                  uint64_t seed) {
  const Tensor resident = rows.data.to(device);
  if (spec.media == Media::sound) {
    return std::make_unique<ClipInput>(resident, spec, clip_chances(recipe, spec), dtype, seed);
  }
  return std::make_unique<PictureInput>(resident, spec.picture.width, spec.normalize, pixel_chances(recipe, spec.picture), dtype,
                                        seed);
}

std::unique_ptr<Input> make_judged_input(const Rows& rows, const InputSpec& spec, HeadKind head, Device device, DType dtype,
                                         uint64_t seed) {
  Recipe recipe;
  if (head == HeadKind::pyramid) recipe.shift = 0.25;
  else recipe.noise = recipe.cutout = true;
  return make_input(rows, spec, recipe, device, dtype, seed);
}

}  // namespace cudenza
