/// The options by which the verbs that run a network are told which.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

#include "apps/study/network_choice.h"

namespace cudenza {

/// --head and --classes, and the network's name under `name` ("--arch", "--model").
CLI::Option* add_network_options(CLI::App& verb, NetworkChoice&, const std::string& name);

}  // namespace cudenza
