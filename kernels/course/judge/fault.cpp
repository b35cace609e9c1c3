#include "kernels/course/judge/fault.h"

#include <cstdio>

namespace cudenza::course {
namespace {

/// "race in f<int>: thread 0 …" -> "thread 0 …". The name of a kernel holds colons, but none with a blank behind it.
std::string behind_name(const std::string& message) { return message.substr(message.find(": ") + 2); }

/// What the race detector says of the first race, with its line in front.
std::string race_text(const std::string& message) {
  unsigned first = 0, second = 0;
  char does[16], does_too[16], line[128], other_line[128], whose[16];
  const char* form = "thread %u %15s at %127[^,], and without a barrier between thread %u %15s at %127[^,], of %15s";
  if (std::sscanf(message.c_str(), form, &first, does, line, &second, does_too, other_line, whose) != 7)
    return "a race: " + message;
  return std::string(line) + ": a race: thread " + std::to_string(first) + ' ' + does + " here, and thread " +
         std::to_string(second) + " of " + (std::string(whose) == "the" ? "the same" : "another") + " block " + does_too +
         " the same place at " + other_line + ", with no barrier between";
}

}  // namespace

Fault fault_of(const std::string& message) {
  using enum Fault::Kind;
  if (message.starts_with("race in ")) return {race, race_text(behind_name(message))};
  if (message.starts_with("read of what nothing wrote in "))
    return {unwritten, "read before anything was written there: " + behind_name(message)};
  if (message.starts_with("divergent barrier")) return {divergent, message};
  return {other, message};
}

std::string advice(const Fault& fault) {
  switch (fault.kind) {
    case Fault::Kind::outside:
      return "This thread has no element there. Compare the index with the size before this line, and check how the index is "
             "computed.";
    case Fault::Kind::misaligned:
      return "A load or store of 8 or 16 bytes must begin at a multiple of its size. Count the index in packs, not in elements.";
    case Fault::Kind::race:
      if (fault.text.find(" of another block ") != std::string::npos)
        return "Blocks do not wait for each other. Give each block elements of its own, or use a second launch.";
      return "Put a barrier between the two lines: __syncthreads() for threads of a block, a shuffle or __syncwarp() for lanes "
             "of a "
             "warp. In a loop, look also from the end of one round to the begin of the next.";
    case Fault::Kind::unwritten:
      return "Ask which thread should have written this element, and whether it did so before the barrier, for every size.";
    case Fault::Kind::divergent:
      return "All threads of a block must come to the same __syncthreads(), and all lanes of the mask to the same shuffle. Take "
             "it "
             "out of the `if`, or out of the loop that only some threads go through.";
    case Fault::Kind::missing:
      return "Ask which thread should write this element, and whether the kernel lets it: by the grid, by the index, by an `if`.";
    case Fault::Kind::value: return "Take this element, and go through the kernel by hand for the thread that should write it.";
    case Fault::Kind::other: break;
  }
  return "The sentence above comes from the launch: look at its grid, its block and its shared memory.";
}

}  // namespace cudenza::course
