#include "engine/data/dataset_parts.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// The label in lower case, without blanks at its ends and with single blanks between words.
std::string plain_label(std::string label) {
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";  // copied from web pages and spreadsheets
  for (size_t at = label.find(kNoBreakSpace); at != label.npos; at = label.find(kNoBreakSpace, at)) label.replace(at, 2, " ");
  std::string plain;
  for (const char c : in_lower_case(std::move(label))) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!is_blank) plain += c;
    else if (!plain.empty() && plain.back() != ' ') plain += ' ';
  }
  if (plain.ends_with(' ')) plain.pop_back();
  return plain;
}

/// Two similar names are often one class misspelt: this adds a remark, but does not merge them.
void remark_on_like_labels(Dataset& data) {
  std::map<std::string, std::vector<std::string>> alike;
  for (const std::string& label : data.classes) alike[plain_label(label)].push_back(fmt::format("'{}'", label));
  for (const auto& [plain, labels] : alike) {
    if (labels.size() > 1)
      data.remarks.push_back(fmt::format(
          "the classes {} differ only by blanks or capitals and are kept apart; give them one name if they are one class",
          fmt::join(labels, ", ")));
  }
}

}  // namespace

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  return text;
}

std::optional<std::string> split_named(std::string_view word) {
  static const std::map<std::string, std::string> names = {
      {"", ""},         {"train", "train"},      {"training", "train"}, {"valid", "valid"}, {"val", "valid"},
      {"test", "test"}, {"validation", "valid"}, {"validate", "valid"}, {"testing", "test"}};
  const auto found = names.find(in_lower_case(std::string(word)));
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

void fill_dataset(Dataset& data, std::vector<Candidate> found, const std::string& what) {
  std::ranges::sort(found, {}, &Candidate::path);
  const Candidate* examples[2] = {};
  for (const Candidate& one : found) {
    data.classes.push_back(one.label);
    const Candidate*& example = examples[static_cast<size_t>(*media_of(one.path))];
    if (!example) example = &one;
  }
  if (examples[0] && examples[1]) {
    throw DataError(
        fmt::format("{}: holds sounds ({}) and pictures ({}), but a data set is of one kind; keep them in two folders", what,
                    examples[0]->source, examples[1]->source));
  }
  data.media = examples[0] ? Media::sound : Media::pictures;
  std::ranges::sort(data.classes);
  data.classes.erase(std::ranges::unique(data.classes).begin(), data.classes.end());
  for (Candidate& one : found) {
    const auto label = std::ranges::lower_bound(data.classes, one.label) - data.classes.begin();
    data.items.push_back({std::move(one.path), static_cast<int>(label), std::move(one.split), std::move(one.track)});
  }
  remark_on_like_labels(data);
}

}  // namespace cudenza
