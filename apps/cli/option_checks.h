/// Checks that hold for the options of every verb.
#pragma once
#include <CLI/CLI.hpp>

namespace cudenza {

/// Refuses NaN and infinity for every option that takes a fraction, of the program and of all its verbs: the parser takes them
/// for numbers, they pass its ranges, and no option means them. To be called when all verbs have been added.
void require_finite_numbers(CLI::App& program);

}  // namespace cudenza
