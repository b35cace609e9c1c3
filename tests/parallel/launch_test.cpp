/// Which process of how many this is, by the variables of each launcher.
#include "engine/parallel/launch.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace cudenza::testing {
namespace {

Environment environment(const std::map<std::string, std::string>& variables) {
  return [variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
}

Launch launch_by(const std::map<std::string, std::string>& variables) { return launch_of(environment(variables)); }

TEST(Launch, WithoutLauncherIsOneProcess) { EXPECT_EQ(launch_by({}), Launch{}); }

TEST(Launch, KnowsOpenMpi) {
  const Launch launch = launch_by({{"OMPI_COMM_WORLD_RANK", "5"},
                                   {"OMPI_COMM_WORLD_SIZE", "8"},
                                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                                   {"PMIX_RANK", "7"}});
  EXPECT_EQ(launch, (Launch{.rank = 5, .size = 8, .local_rank = 1, .local_size = 4}));
}

TEST(Launch, KnowsMpich) {
  const Launch launch = launch_by({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}});
  EXPECT_EQ(launch, (Launch{.rank = 1, .size = 2, .local_rank = 1, .local_size = 2}));
}

TEST(Launch, KnowsSrun) {
  const Launch launch = launch_by(
      {{"PMIX_RANK", "3"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_LOCALID", "1"}, {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"}});
  EXPECT_EQ(launch, (Launch{.rank = 3, .size = 4, .local_rank = 1, .local_size = 2}));
}

TEST(Launch, AJobScriptIsNoLauncher) {
  EXPECT_EQ(launch_by({{"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}}), Launch{});
}

TEST(Launch, KnowsWhereSrunTellsMpiNothing) {
  EXPECT_TRUE(srun_hides_others(environment({{"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_PROCID", "0"}})));
  EXPECT_FALSE(srun_hides_others(environment({{"SLURM_STEP_NUM_TASKS", "2"}, {"PMIX_RANK", "0"}})));
  EXPECT_FALSE(srun_hides_others(environment({{"SLURM_STEP_NUM_TASKS", "1"}})));
  EXPECT_FALSE(srun_hides_others(environment({{"SLURM_NTASKS", "8"}})));
}

TEST(Launch, NonsenseIsOneProcess) {
  EXPECT_EQ(launch_by({{"OMPI_COMM_WORLD_RANK", "two"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), Launch{});
  EXPECT_EQ(launch_by({{"OMPI_COMM_WORLD_RANK", "4"}, {"OMPI_COMM_WORLD_SIZE", "4"}}), Launch{});
}

}  // namespace
}  // namespace cudenza::testing
