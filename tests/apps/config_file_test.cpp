#include "apps/cli/config_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <random>

#include "engine/core/error.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

CLI::ConfigItem item_of(std::vector<std::string> parents, const std::string& name, std::vector<std::string> inputs) {
  CLI::ConfigItem item;
  item.parents = std::move(parents), item.name = name, item.inputs = std::move(inputs);
  return item;
}

/// Every item as one line that shows its bytes' places.
std::vector<std::string> shown(const ConfigItems& items) {
  std::vector<std::string> all;
  for (const CLI::ConfigItem& item : items) {
    std::string line = item.fullname();
    for (const std::string& input : item.inputs) line += fmt::format("|{}:{}", input.size(), input);
    all.push_back(line);
  }
  return all;
}

/// Strings of every byte that a name may have, with a liking for those that mean something in TOML, and for words that are no
/// texts there.
class RandomTexts {
 public:
  std::string next() {
    static const std::vector<std::string> special{"",       "true", "false", "1e5",  "007", "-0",  "nan",  "[a]", "[", "{}",
                                                  "[[a,b]", "#",    "\"",    "\"\"", "'",   "'''", "\\",   "\\n", "=", "a=b",
                                                  " x ",    "\t",   "\n",    "\r\n", "--",  "-",   "\xff", "x,y", ";", "1_0"};
    const size_t kind = random_() % 4;
    if (kind == 0) return special[random_() % special.size()];
    std::string text(random_() % 24, ' ');
    for (char& c : text) c = static_cast<char>(kind == 1 ? " \"'#\\[],=\n\r\t."[random_() % 13] : 1 + random_() % 255);
    return text;
  }
  size_t below(size_t n) { return random_() % n; }

 private:
  std::mt19937 random_{7};
};

TEST(ConfigFile, GivesEveryStringBack) {
  RandomTexts texts;
  for (int i = 0; i < 3000; ++i) {
    ConfigItems items{item_of({}, "device", {texts.next()}), item_of({"train"}, "data", {texts.next()}),
                      item_of({"train"}, "several", {texts.next(), texts.next(), texts.next()})};
    ASSERT_EQ(shown(parse_config(config_text(items), "x")), shown(items)) << config_text(items);
  }
}

/// A program with an option of every kind that ours has.
struct Options {
  std::string text, given = "before";
  std::optional<std::string> maybe;
  std::vector<std::string> list;
  std::optional<double> number;
  int count = 3;
  bool flag = false;
  std::optional<bool> toggled;
};

void add_options(CLI::App& program, Options& o) {
  read_config_by_toml(program);
  program.add_option("--given", o.given);
  CLI::App* verb = program.add_subcommand("verb");
  verb->add_option("text", o.text);
  verb->add_option("--maybe", o.maybe);
  verb->add_option("--list", o.list)->allow_extra_args(false);
  verb->add_option("--number", o.number);
  verb->add_option("--count", o.count);
  verb->add_flag("--flag", o.flag);
  verb->add_flag_function("--toggled,!--no-toggled", [&o](int64_t n) { o.toggled = n > 0; });
}

/// The file as --config reads it. `items`: what the program says that it was given.
Options read_by_program(const std::filesystem::path& file, ConfigItems* items = nullptr) {
  Options o;
  CLI::App program("", "test");
  add_options(program, o);
  program.parse(std::vector<std::string>{"verb", file.string(), "--config"});  // CLI11 takes them from the back
  if (items) *items = items_of(program);
  return o;
}

TEST(ConfigFile, ReachesOptionsAsItWasWritten) {
  const ScratchFolder scratch;
  const std::filesystem::path file = scratch.path() / "a \"b\" #c.toml";
  RandomTexts texts;
  for (int i = 0; i < 200; ++i) {
    const ConfigItems items{item_of({}, "given", {texts.next()}),
                            item_of({"verb"}, "text", {texts.next()}),
                            item_of({"verb"}, "maybe", {"x" + texts.next()}),
                            item_of({"verb"}, "list", {texts.next(), texts.next()}),
                            item_of({"verb"}, "number", {"0.1"}),
                            item_of({"verb"}, "count", {"17"}),
                            item_of({"verb"}, "flag", {"true"}),
                            item_of({"verb"}, "toggled", {"false"})};
    std::ofstream(file, std::ios::binary) << config_text(items);
    ConfigItems known;
    const Options o = read_by_program(file, &known);
    EXPECT_EQ(o.given, items[0].inputs[0]);
    EXPECT_EQ(o.text, items[1].inputs[0]);
    EXPECT_EQ(o.maybe, items[2].inputs[0]);
    EXPECT_EQ(o.list, items[3].inputs);
    EXPECT_EQ(o.number, 0.1);
    EXPECT_EQ(o.count, 17);
    EXPECT_TRUE(o.flag);
    EXPECT_EQ(o.toggled, false);
    ASSERT_EQ(shown(known), shown(items));
  }
}

TEST(ConfigFile, GivesOptionsToAProgramThatReadsNoCommandLine) {
  Options o;
  CLI::App program("", "test");
  add_options(program, o);
  const ConfigItems items{item_of({}, "given", {"-x [1] \n"}), item_of({"verb"}, "text", {""}), item_of({"verb"}, "count", {"5"}),
                          item_of({"verb"}, "toggled", {"true"})};
  apply_config(program, items, "run");
  EXPECT_EQ(o.given, "-x [1] \n");
  EXPECT_EQ(o.text, "");
  EXPECT_EQ(o.count, 5);
  EXPECT_EQ(o.toggled, true);
  const auto refused = [&](const CLI::ConfigItem& item) {
    return message_of<DataError>([&] { apply_config(program, std::span(&item, 1), "RUN/last.h5"); });
  };
  expect_says(refused(item_of({"verb"}, "colour", {"red"})), "RUN/last.h5: there is no option 'verb.colour'");
  expect_says(refused(item_of({"nothing"}, "count", {"1"})), "RUN/last.h5: ");
  expect_says(refused(item_of({"verb"}, "number", {"many"})), "RUN/last.h5: ");
  expect_says(refused(item_of({"verb"}, "flag", {"perhaps"})), "RUN/last.h5: ");
}

TEST(ConfigFile, WritesToml) {
  const ConfigItems items{item_of({"train"}, "data", {"C# \"live\"\\\n\x01"}), item_of({"train"}, "epochs", {"10"}),
                          item_of({"train"}, "lr", {"1e-3"}), item_of({}, "quiet", {"true"}), item_of({"train"}, "out", {"007"})};
  EXPECT_EQ(config_text(items),
            "quiet = true\n"
            "[train]\n"
            "data = \"C# \\\"live\\\"\\\\\\n\\u0001\"\n"
            "epochs = 10\n"
            "lr = 1e-3\n"
            "out = \"007\"\n");
}

TEST(ConfigFile, ReadsWhatPeopleWrite) {
  const ConfigItems items = parse_config(
      "\xEF\xBB\xBF# a comment\r\n"
      "seed = 1_000   # another\r\n"
      "\"device\"=cpu\n"
      "  train.split = random:0.2\n"
      "\n"
      "[ train ]  # of train\n"
      "data = 'C:\\clips # no comment'\n"
      "weights = \"\\u00e9\\U0001F600\\t\\\"\"\n"
      "networks = [ \"a,b\", # the first\n"
      "  'c', 3,\n"
      "]",
      "my.toml");
  EXPECT_EQ(shown(items), (std::vector<std::string>{
                              "seed|4:1000", "device|3:cpu", "train.split|10:random:0.2", "train.data|21:C:\\clips # no comment",
                              "train.weights|8:\xC3\xA9\xF0\x9F\x98\x80\t\"", "train.networks|3:a,b|1:c|1:3"}));
}

TEST(ConfigFile, SaysWhichLineCannotBeRead) {
  const auto refusal = [](const std::string& text) { return message_of<DataError>([&] { parse_config(text, "my.toml"); }); };
  expect_says(refusal("a = 1\nb\n"), "my.toml: line 2: an option is written as name = value");
  expect_says(refusal("a = 1\na = 2\n"), "line 2: 'a' is given twice");
  expect_says(refusal("a = \"x\ny = 2"), "line 1: a text is not closed");
  expect_says(refusal("a = 'x"), "not closed");
  expect_says(refusal("a = two words"), "more than one value");
  expect_says(refusal("a ="), "a value is missing");
  expect_says(refusal("= 1"), "the name of an option or a table is missing");
  expect_says(refusal("a = [1, 2"), "array");
  expect_says(refusal("a = []"), "array");
  expect_says(refusal("[train\na = 1"), "] is missing");
  expect_says(refusal("[[train]]"), "arrays of tables");
  expect_says(refusal("a = \"\\q\""), "backslash");
  expect_says(refusal("a = \"\\ud800\""), "backslash");
  expect_says(refusal("a = \"\"\"x\"\"\""), "several lines");
  expect_says(refusal(std::string("a = \"x\0y\"", 9)), "control character");
}

TEST(ConfigFile, NamesAnOptionThatThereIsNot) {
  const ScratchFolder scratch;
  const std::filesystem::path file = scratch.path() / "x.toml";
  std::ofstream(file) << "[verb]\ncuont = 5\n";
  expect_says(message_of<DataError>([&] { read_by_program(file); }), "x.toml: there is no option 'verb.cuont'");
}

/// Random bytes, and a good file with one byte changed: an answer or a DataError, nothing else.
TEST(ConfigFile, SurvivesDamage) {
  std::mt19937 random(3);
  const std::string good = "quiet = true\n[train]\ndata = \"a\\n#\"\nlist = [1, \"b\"]\nlr = 0.1\n";
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    for (size_t k = 0; k < 1 + random() % 3; ++k) text[random() % text.size()] = static_cast<char>(random());
    if (i % 3 == 0) text.resize(random() % text.size());
    try {
      parse_config(text, "x");
    } catch (const DataError&) {}
  }
}

}  // namespace
}  // namespace cudenza::testing
