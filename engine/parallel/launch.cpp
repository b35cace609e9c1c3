#include "engine/parallel/launch.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <optional>

namespace cudenza {
namespace {

/// The number that the first of these variables begins with: "4" is 4, and "4(x2)", srun's four on each of two machines, too.
std::optional<int> number_in(const Environment& variable, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* const text = variable(name);
    int value = 0;
    if (!text) continue;
    const std::string_view view = text;
    if (std::from_chars(view.data(), view.data() + view.size(), value).ec == std::errc{} && value >= 0) return value;
  }
  return std::nullopt;
}

const char* own_variable(const char* name) { return std::getenv(name); }

}  // namespace

Launch launch_of(const Environment& variable) {
  const auto rank = number_in(variable, {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"});
  if (!rank) return {};
  const int size = number_in(variable, {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}).value_or(1);
  if (*rank >= size) return {};
  const int local_rank = number_in(variable, {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"}).value_or(0);
  const int local_size =
      number_in(variable, {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_TASKS_PER_NODE"}).value_or(1);
  return {.rank = *rank, .size = size, .local_rank = local_rank, .local_size = std::max(local_size, local_rank + 1)};
}

bool srun_hides_others(const Environment& variable) {
  return launch_of(variable).size == 1 && number_in(variable, {"SLURM_STEP_NUM_TASKS"}).value_or(1) > 1;
}

Launch launch_of_environment() { return launch_of(own_variable); }

bool srun_hides_others() { return srun_hides_others(own_variable); }

}  // namespace cudenza
