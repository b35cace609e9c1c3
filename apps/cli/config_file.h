/// Options as a TOML text: what --config reads, what a run's config.toml and last.h5 hold. There is this one reader and this one
/// writer, and every string that an option can have comes back as it was: any bytes but NUL, `#`, quotes, line breaks, blanks at
/// its ends, nothing at all, what looks like a number.
///
///   quiet = true
///   [train]
///   data = "clips of \"C#\""
///   epochs = 10
///
/// The text is valid TOML wherever the strings are UTF-8; other bytes stand in it as they are.
#pragma once
#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

using ConfigItems = std::vector<CLI::ConfigItem>;

/// What a text says. Tables, dotted keys, basic and literal strings, arrays of values and comments are understood, and words
/// without quotes are taken as texts. Throws DataError with `name` and the line for all else.
ConfigItems parse_config(std::string_view text, const std::string& name);
/// The text that says it.
std::string config_text(std::span<const CLI::ConfigItem>);

/// The options that have been given to a program and its verbs, on its command line or by a file.
ConfigItems items_of(const CLI::App&);
/// Gives a program's options these values; those that have one keep it. Throws DataError with `name` for an option that there is
/// not and a value that the option does not take.
void apply_config(CLI::App&, std::span<const CLI::ConfigItem>, const std::string& name);

/// Lets `program` read the file that --config names by this reader. Throws DataError for an option that it does not know.
void read_config_by_toml(CLI::App& program);

}  // namespace cudenza
