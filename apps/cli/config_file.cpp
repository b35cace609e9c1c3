#include "apps/cli/config_file.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <regex>

#include "engine/core/error.h"

namespace cudenza {
namespace {

bool is_key_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

/// What TOML takes for a number or a truth value, and we for the text that stands there.
bool may_stand_bare(const std::string& text) {
  static const std::regex number("[+-]?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?");
  return text == "true" || text == "false" || (text.size() < 64 && std::regex_match(text, number));
}

void append_utf8(std::string& text, uint32_t code) {
  const auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  const auto add_rest = [&](int shift) { add(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) return add(0xC0 | code >> 6), add_rest(0);
  if (code < 0x10000) return add(0xE0 | code >> 12), add_rest(6), add_rest(0);
  add(0xF0 | code >> 18), add_rest(12), add_rest(6), add_rest(0);
}

class ConfigParser {
 public:
  ConfigParser(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  ConfigItems items() {
    for (skip_empty_lines(); !at_end(); skip_empty_lines()) {
      if (at('[')) table();
      else assignment();
      skip_blanks();
      if (at('#')) skip_comment();
      if (!at_end() && !at_line_end()) fail("more than one value stands there; write a text in quotes, several in [brackets]");
    }
    return std::move(items_);
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  bool at(char c) const { return !at_end() && text_[at_] == c; }
  bool at_line_end() const { return at('\n') || (at('\r') && text_.substr(at_, 2) == "\r\n"); }
  void skip_blanks() {
    while (at(' ') || at('\t')) ++at_;
  }
  void skip_comment() { at_ = std::min(text_.find('\n', at_), text_.size()); }
  void skip_empty_lines() {
    for (; !at_end(); ++at_) {
      if (at('#')) skip_comment();
      if (at_end() || !(at(' ') || at('\t') || at('\r') || at('\n'))) return;
    }
  }
  [[noreturn]] void fail(std::string_view what) const {
    throw DataError(
        fmt::format("{}: line {}: {}", name_, 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n'), what));
  }
  void expect(char c, std::string_view what) {
    if (!at(c)) fail(what);
    ++at_;
  }

  void table() {
    expect('[', "");
    if (at('[')) fail("arrays of tables are not understood; write [verb] once");
    parents_ = key();
    expect(']', "a ] is missing behind the table's name");
  }

  void assignment() {
    CLI::ConfigItem item;
    item.parents = parents_;
    std::vector<std::string> path = key();
    expect('=', "an option is written as name = value");
    item.name = std::move(path.back());
    item.parents.insert(item.parents.end(), path.begin(), path.end() - 1);
    skip_blanks();
    item.inputs = at('[') ? array() : std::vector{value()};
    const auto is_same = [&](const CLI::ConfigItem& other) { return other.name == item.name && other.parents == item.parents; };
    if (std::ranges::any_of(items_, is_same)) fail(fmt::format("'{}' is given twice", item.fullname()));
    items_.push_back(std::move(item));
  }

  /// Names with dots between them.
  std::vector<std::string> key() {
    std::vector<std::string> names;
    do {
      if (!names.empty()) ++at_;
      skip_blanks();
      if (at('"') || at('\'')) {
        names.push_back(value());
      } else {
        const size_t begin = at_;
        while (!at_end() && is_key_character(text_[at_])) ++at_;
        names.emplace_back(text_.substr(begin, at_ - begin));
      }
      if (names.back().empty()) fail("the name of an option or a table is missing");
      skip_blanks();
    } while (at('.'));
    return names;
  }

  std::vector<std::string> array() {
    std::vector<std::string> values;
    expect('[', "");
    for (skip_empty_lines(); !at(']'); skip_empty_lines()) {
      values.push_back(value());
      skip_empty_lines();
      if (!at(']')) expect(',', "a comma or a ] is missing in an array");
    }
    ++at_;
    if (values.empty()) fail("an array without a value; leave the option out");
    return values;
  }

  std::string value() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with(R"(""")") || rest.starts_with("'''"))
      fail("texts of several lines are not understood; write \\n for a line's end");
    return at('"') ? basic_string() : at('\'') ? literal_string() : bare_value();
  }

  char next_of_string() {
    if (at_end() || at('\n')) fail("a text is not closed by its quote in the line in which it begins");
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') fail("a control character in a text; write it as \\u00XX");
    ++at_;
    return c;
  }

  std::string literal_string() {
    std::string value;
    for (++at_; !at('\'');) value += next_of_string();
    ++at_;
    return value;
  }

  std::string basic_string() {
    std::string value;
    for (++at_; !at('"');) {
      const char c = next_of_string();
      if (c != '\\') value += c;
      else append_escaped(value);
    }
    ++at_;
    return value;
  }

  void append_escaped(std::string& value) {
    constexpr std::string_view kLetters = "btnfr\"\\", kMeant = "\b\t\n\f\r\"\\";
    const char c = next_of_string();
    if (const size_t known = kLetters.find(c); known != kLetters.npos) {
      value += kMeant[known];
      return;
    }
    const size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const std::string_view hex = text_.substr(at_, digits);
    uint32_t code = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    const bool is_number = digits > 0 && hex.size() == digits && error == std::errc() && end == hex.data() + digits;
    if (!is_number || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      fail("a backslash in a text stands before one of b t n f r \" \\ or uXXXX; write two for one");
    at_ += digits;
    append_utf8(value, code);
  }

  /// A number, a truth value, or a word.
  std::string bare_value() {
    constexpr std::string_view kEnds = " \t\r\n,]#\"'";
    const size_t begin = at_;
    while (!at_end() && kEnds.find(text_[at_]) == kEnds.npos && static_cast<unsigned char>(text_[at_]) >= 0x20) ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    if (word.empty()) fail("a value is missing; an empty text is written \"\"");
    if (std::ranges::all_of(word, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == '_'; }))
      std::erase(word, '_');  // 1_000
    return word;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
  std::vector<std::string> parents_;
  ConfigItems items_;
};

std::string quoted(const std::string& text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\', all += c;
    else if (c == '\n') all += "\\n";
    else if (c == '\t') all += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) all += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else all += c;
  }
  return all + '"';
}

std::string written(const std::string& value) { return may_stand_bare(value) ? value : quoted(value); }

std::string line_of(const CLI::ConfigItem& item) {
  if (item.inputs.size() == 1) return fmt::format("{} = {}\n", item.name, written(item.inputs[0]));
  std::string values;
  for (const std::string& value : item.inputs) values += (values.empty() ? "" : ", ") + written(value);
  return fmt::format("{} = [{}]\n", item.name, values);
}

/// The option that an item means. Throws DataError with `name` if there is none.
CLI::Option* option_of(CLI::App& program, const CLI::ConfigItem& item, const std::string& name) {
  CLI::Option* option = nullptr;
  try {
    CLI::App* app = &program;
    for (const std::string& parent : item.parents) app = app->get_subcommand(parent);
    option = app->get_option_no_throw("--" + item.name);
    if (!option) option = app->get_option_no_throw(item.name);  // a positional one
  } catch (const CLI::OptionNotFound&) {                        // there is no such verb
  }
  if (!option || !option->get_configurable())
    throw DataError(
        fmt::format("{}: there is no option '{}'; options of a verb stand under its name, as [train]", name, item.fullname()));
  return option;
}

/// CLI11 asks this for what a file says.
class ConfigFormat : public CLI::Config {
 public:
  explicit ConfigFormat(CLI::App& program) : program_(program) {}

  std::string to_config(const CLI::App* app, bool, bool, std::string) const override { return config_text(items_of(*app)); }

  ConfigItems from_config(std::istream& input) const override {
    const auto name = program_.get_config_ptr()->as<std::string>();
    const std::string text{std::istreambuf_iterator<char>(input), {}};
    if (input.bad()) throw DataError(fmt::format("{}: cannot be read", name));
    ConfigItems found = parse_config(text, name);
    for (const CLI::ConfigItem& item : found) option_of(program_, item, name);
    return found;
  }

 private:
  CLI::App& program_;
};

/// What an option was given. CLI11 2.4 keeps "-1" for a flag that is off, and adds a mark of its own to the text "{}".
std::vector<std::string> given_values(const CLI::Option& option) {
  const bool is_flag = option.get_expected_min() == 0;
  if (is_flag) return {option.as<bool>() ? "true" : "false"};
  std::vector<std::string> values = option.reduced_results();
  if (values == std::vector<std::string>{"{}", "%%"}) values.pop_back();
  return values;
}

}  // namespace

ConfigItems parse_config(std::string_view text, const std::string& name) { return ConfigParser(text, name).items(); }

std::string config_text(std::span<const CLI::ConfigItem> items) {
  std::string text, table;
  std::vector<CLI::ConfigItem> sorted(items.begin(), items.end());
  std::ranges::stable_sort(sorted, {}, &CLI::ConfigItem::parents);  // what stands in no table comes first
  for (const CLI::ConfigItem& item : sorted) {
    const std::string parents = CLI::detail::join(item.parents, ".");
    if (parents != table) text += fmt::format("[{}]\n", parents);
    table = parents;
    text += line_of(item);
  }
  return text;
}

ConfigItems items_of(const CLI::App& app) {
  ConfigItems items;
  const auto is_any = [](const auto*) { return true; };
  for (const CLI::Option* option : app.get_options(is_any)) {
    if (!option->get_configurable() || option->count() == 0) continue;
    items.emplace_back();
    items.back().name = option->get_single_name();
    items.back().inputs = given_values(*option);
  }
  for (const CLI::App* verb : app.get_subcommands(is_any)) {
    for (CLI::ConfigItem& item : items_of(*verb)) {
      item.parents.insert(item.parents.begin(), verb->get_name());
      items.push_back(std::move(item));
    }
  }
  return items;
}

void apply_config(CLI::App& program, std::span<const CLI::ConfigItem> items, const std::string& name) {
  for (const CLI::ConfigItem& item : items) {
    try {
      CLI::Option* option = option_of(program, item, name);
      if (option->count() > 0) continue;
      const bool is_flag = option->get_expected_min() == 0;
      if (is_flag) option->add_result(option->get_flag_value(item.name, item.inputs.at(0)));
      else option->add_result(item.inputs);
      option->run_callback();
    } catch (const CLI::Error& error) {
      throw DataError(fmt::format("{}: {}", name, error.what()));
    } catch (const std::invalid_argument&) {  // of a flag's value, by some versions of CLI11
      throw DataError(fmt::format("{}: '{}' is true or false, not '{}'", name, item.fullname(), item.inputs.at(0)));
    }
  }
}

void read_config_by_toml(CLI::App& program) {
  program.set_config("--config", "", "read options from this TOML file; the command line has the last word");
  program.config_formatter(std::make_shared<ConfigFormat>(program));
}

}  // namespace cudenza
