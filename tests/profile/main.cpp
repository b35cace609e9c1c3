/// What the kernels ask of memory, counted on the host (kernels/simt/profiler.h): ./run kernels [WORD] [--lines] [--json]
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>

#include "tests/profile/measured.h"

int main(int argc, char** argv) {
  using namespace cudenza::testing;
  CLI::App app("What the kernels ask of memory, counted on the host from every load and store of their source.");
  std::string word;
  bool lines = false, json = false, list = false, summary = false;
  app.add_option("word", word, "workloads with this in their names, as max_pool2d or bf16; all without");
  app.add_flag("--lines", lines, "the kernels' source with the counts of each line");
  app.add_flag("--summary", summary, "one row a kernel, as Markdown");
  app.add_flag("--json", json, "everything as JSON");
  app.add_flag("--list", list, "the workloads' names alone");
  CLI11_PARSE(app, argc, argv);
  std::vector<Measured> all;
  for (const Workload& workload : workloads()) {
    if (workload.name.find(word) == std::string::npos) continue;
    if (list) {
      std::cout << workload.name << '\n';
      continue;
    }
    const bool shows_each = !json && !summary;
    if (all.empty() && shows_each) std::cout << heading();
    all.push_back(measure(workload));
    if (shows_each) std::cout << rows_of(all.back()) << std::flush;
  }
  if (list) return 0;
  if (all.empty()) {
    std::cerr << "kernels: no workload has '" << word << "' in its name; --list shows them\n";
    return 2;
  }
  if (lines) std::cout << '\n' << annotated_source(all);
  if (summary) std::cout << summary_of(all);
  if (json) std::cout << json_of(all) << '\n';
}
