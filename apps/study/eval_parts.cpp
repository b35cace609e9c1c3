#include "apps/study/eval_parts.h"

#include <algorithm>
#include <map>
#include <set>

#include "apps/study/model_file.h"
#include "engine/run/model_card.h"
#include "engine/run/run_identity.h"

namespace cudenza {
namespace {

constexpr const char* kNew = "new";  // the part of a file that the run does not know

/// What each item was for the run: train, valid, test or new. A file is known by what it holds, not by its name: that may stand
/// for another sound in another data set. A copy under another name counts as learnt from if one of its like was.
std::vector<std::string> parts_by_content(const RunIdentity& run, const Dataset& dataset, int threads) {
  std::map<std::string, std::vector<const RunFile*>> files_of;  // by content
  for (const RunFile& file : run.files) {
    if (!file.content.empty()) files_of[file.content].push_back(&file);
  }
  std::vector<std::filesystem::path> paths;
  for (const Item& item : dataset.items) paths.push_back(dataset.path_of(item));
  const std::vector<std::string> contents = contents_of(paths, threads);
  std::vector<std::string> parts;
  for (size_t i = 0; i < contents.size(); ++i) {
    const std::vector<const RunFile*>& same = files_of[contents[i]];
    auto found = std::ranges::find(same, dataset.items[i].path, &RunFile::path);
    if (found == same.end()) found = std::ranges::find(same, "train", &RunFile::part);
    if (found == same.end()) found = same.begin();
    parts.push_back(found == same.end() ? kNew : (*found)->part);
  }
  return parts;
}

/// The same for a model by an older version, which kept names alone.
std::vector<std::string> parts_by_name(const std::filesystem::path& run, const Dataset& dataset) {
  std::map<std::string, std::string> part_of;
  for (const SplitRow& row : read_splits(run)) part_of[row.file] = row.split;
  std::vector<std::string> parts;
  for (const Item& item : dataset.items) {
    const auto known = part_of.find(item.path);
    parts.push_back(known == part_of.end() ? kNew : known->second);
  }
  return parts;
}

/// A data set as the run knows it, or as lists divide it.
class Parts {
 public:
  Parts(const EvalChoice& choice, const Dataset& dataset, uint64_t seed, Observer& observer)
      : choice_(choice), dataset_(dataset) {
    const std::filesystem::path model = model_path(choice.run);
    const std::optional<RunIdentity> run = read_identity(Hdf5File(model));
    // splits.csv lies beside a run's last.h5 too
    own_ = run ? parts_by_content(*run, dataset, choice.workers) : parts_by_name(model.parent_path(), dataset);
    if (run) valid_is_drawn_ = run->valid_is_drawn;
    has_lists_ = !choice.split.empty() || !choice.split_dir.empty();
    if (has_lists_) divide_by_lists(seed, observer);
    else divide_as_the_run_did();
  }

  std::vector<EvalPart> chosen() {
    std::vector<EvalPart> parts;
    for (const std::string& name : names()) {
      if (!items_[name].empty()) parts.push_back(part(name));
    }
    std::erase_if(parts, [](const EvalPart& one) { return one.items.empty(); });
    if (parts.empty()) fail();
    return parts;
  }

  size_t known(std::string_view part) const { return static_cast<size_t>(std::ranges::count(own_, part)); }

 private:
  void divide_as_the_run_did() {
    for (int i = 0; i < static_cast<int>(dataset_.items.size()); ++i) {
      items_["all"].push_back(i);
      items_[own_[static_cast<size_t>(i)]].push_back(i);
    }
  }

  void divide_by_lists(uint64_t seed, Observer& observer) {
    const Split split = choice_.split_dir.empty() ? make_split(dataset_, parse_split(choice_.split), seed)
                                                  : list_split(dataset_, choice_.split_dir);
    for (const std::string& remark : split.remarks) observer.remark(remark);
    items_ = {{"train", split.train}, {"valid", split.valid}, {"test", split.test}};
    std::set<int> all;
    for (const auto& [name, items] : items_) all.insert(items.begin(), items.end());
    items_["all"].assign(all.begin(), all.end());
    valid_is_drawn_ = split.valid_is_drawn;
  }

  /// The model must not be praised for clips that it learnt from: of its own data set those kept for testing, or else for
  /// validation; of another all, or all but those.
  std::vector<std::string> names() {
    if (choice_.part == "each" || (choice_.part == "auto" && has_lists_)) return {"valid", "test"};
    if (choice_.part != "auto") return {choice_.part};
    if (items_["train"].empty()) return {"all"};
    return {!items_["test"].empty() ? "test" : !items_["valid"].empty() ? "valid" : kNew};
  }

  bool is_learnt(int item) const { return own_[static_cast<size_t>(item)] == "train"; }

  EvalPart part(const std::string& name) const {
    EvalPart part{.name = name, .items = items_.at(name), .split_leaks = {}, .leak = {}};
    const auto count = part.items.size();
    const auto learnt = static_cast<size_t>(std::ranges::count_if(part.items, [&](int item) { return is_learnt(item); }));
    if (learnt > 0 && (name == "train" || name == "all")) {
      part.split_leaks = true;
      part.leak = fmt::format("This figure leaks: the model learnt from {} of these {} files.", learnt, count);
    } else if (learnt > 0) {  // lists that are not the run's
      std::erase_if(part.items, [&](int item) { return is_learnt(item); });
      part.split_leaks = true;
      part.leak = fmt::format(
          "This figure leaks: the model learnt from {} of the {} files of this part; they are left out, but the others stand as "
          "close to what it learnt from as they do to these.",
          learnt, count);
    } else if (known("train") > 0 && (name == "test" || name == "valid")) {
      if (name == "valid" || !has_lists_) part.split_leaks = valid_is_drawn_;
      if (name == "test") part.split_leaks = has_lists_ || valid_is_drawn_ ? std::optional(false) : std::nullopt;
      if (part.split_leaks) part.leak = leak_sentence(*part.split_leaks);
    } else {
      part.leak =
          "The model learnt from none of these files; whether they share artists, albums or copies with those that it "
          "learnt from is not known.";
    }
    return part;
  }

  [[noreturn]] void fail() {
    const std::string data = choice_.data.string();
    const std::vector<std::string> wanted = names();
    if (wanted[0] == kNew || std::ranges::any_of(wanted, [&](const std::string& name) { return !items_[name].empty(); }))
      throw DataError(fmt::format(
          "{}: the model has learnt from every file of it that could be judged; judge others, or say `part` all", data));
    throw DataError(fmt::format("{}: none of its files is in {} '{}'", data, has_lists_ ? "the given split's" : "the run's part",
                                fmt::join(wanted, "' or '")));
  }

  const EvalChoice& choice_;
  const Dataset& dataset_;
  std::vector<std::string> own_;  // per item: what it was for the run
  std::map<std::string, std::vector<int>> items_;
  std::optional<bool> valid_is_drawn_;
  bool has_lists_ = false;
};

}  // namespace

std::vector<EvalPart> chosen_parts(const EvalChoice& choice, const Dataset& dataset, uint64_t seed, Observer& observer) {
  Parts parts(choice, dataset, seed, observer);
  std::vector<EvalPart> chosen = parts.chosen();
  for (const EvalPart& part : chosen)
    observer.remark(fmt::format(
        "judged: {} of {} files ({}); of all the model learnt from {}, validated on {}, kept {} for a test", part.items.size(),
        dataset.items.size(), part.name, parts.known("train"), parts.known("valid"), parts.known("test")));
  return chosen;
}

}  // namespace cudenza
