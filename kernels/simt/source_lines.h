/// Where in the source an instruction of this program comes from, as far as debug information says.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace simt {

struct SourceLine {
  std::string file;  ///< its path as the compiler was given it; empty: not known
  int line = 0;

  std::string text() const;  ///< "pool_cuda.cu:34", or "?"
  auto operator<=>(const SourceLine&) const = default;
};

/// Of an instruction whose function was inlined: the innermost line that stands in a .cu file, else in a .cuh file, so that a
/// kernel's own line is named and not that of the header with its arithmetic. One run of addr2line for all; without that program
/// nothing is known.
std::map<uintptr_t, SourceLine> source_lines(const std::set<uintptr_t>& places);

}  // namespace simt
