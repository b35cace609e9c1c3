/// Workloads profiled, as a table, as JSON and as the kernels' source with counts at its side.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "kernels/simt/profiler.h"
#include "tests/profile/workloads.h"

namespace cudenza::testing {

struct Measured {
  std::string workload;
  Traffic needed;
  std::map<std::string, simt::KernelProfile> kernels;

  /// What its kernels read and write together.
  Traffic passed() const;
  /// passed / needed; 0 where it is not known what is needed.
  double excess() const;
};

Measured measure(const Workload&);
/// "map_kernel<4, Relu>" of a name as kernels_run() has it, without namespaces.
std::string short_name(const std::string& kernel);

/// "map_kernel".
std::string bare_name(const std::string& kernel);

std::string heading();
/// The workload's line, and one for each of its kernels.
std::string rows_of(const Measured&);
/// Of all kernels together: each line of their .cu files that loads or stores, with what it asked for.
std::string annotated_source(const std::vector<Measured>&);
/// A Markdown table with one row a kernel, over all these workloads.
std::string summary_of(const std::vector<Measured>&);
std::string json_of(const std::vector<Measured>&);

}  // namespace cudenza::testing
