/// The grade of a kernel that is right: what it asks of memory, beside what it may ask.
#pragma once
#include <string>
#include <vector>

#include "kernels/course/judge/watch.h"
#include "kernels/simt/profiler.h"

namespace cudenza::course {

enum class Counter {
  load_sectors,     ///< a request, at the line of the kernel that has the most
  store_sectors,    ///< the same
  passes,           ///< of an access to shared memory, over the fewest it can do with; at the worst line
  requests,         ///< to global memory, of all warps
  shared_requests,  ///< to shared memory, of all warps
  barriers,         ///< a block comes to, in the kernel that has the most
  bytes,            ///< from and to memory, each sector once a launch
  launches,
};

struct Target {
  Counter counter;
  double most;
};

struct Complaint {
  std::string text;  ///< begins with the line of the source, where there is one
  std::string next;  ///< what to look at
};

/// A table of the counters, and a complaint for each that is above its target.
struct Grade {
  std::string table;
  std::vector<Complaint> complaints;
};
Grade grade(const simt::Profiler&, const Watch&, const std::vector<Target>&);

}  // namespace cudenza::course
