/// What the fault injector (fault_injector.cpp) and those who drive it (faults.h) share.
#pragma once

namespace cudenza::testing {

/// The calls that can fail.
enum class Call { open, write, sync, rename, close, truncate, mkdir, thread };
constexpr int kCalls = 8;
constexpr const char* kCallNames[kCalls] = {"open", "write", "sync", "rename", "close", "truncate", "mkdir", "thread"};

/// A file of this layout is mapped by both, so that it is right even where the program crashed.
struct FaultRecord {
  long counts[kCalls] = {};  ///< how often each call was made on a file of the folder
  char hit[4096] = "";       ///< the file that the fault hit; empty: none
};

}  // namespace cudenza::testing
