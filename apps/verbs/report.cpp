/// cudenza report: a run's page made anew from its files, on a machine with a plotting program, say.
#include "engine/report/report.h"

#include <memory>

#include "apps/verbs/verbs.h"
#include "engine/core/print_err.h"

namespace cudenza {

void add_report(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("report", "Draws a run's plots and writes its report.html anew from its other files");
  const auto run = std::make_shared<std::string>();
  verb->add_option("RUN", *run, "a run directory")->required();
  verb->callback([run, &common] {
    write_report(*run);
    if (!common.quiet) print_err("wrote {}\n", (std::filesystem::path(*run) / "report.html").string());
  });
}

}  // namespace cudenza
