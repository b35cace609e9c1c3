/// The project's own sources, as text: for tests that hold them to the rules of the house.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cudenza::testing {

struct SourceFile {
  std::string path;  ///< from the root: "kernels/pool/pool.h"
  std::string text;
};

/// The folder whose tests/fixtures a test reads: the unpacked bundle that this program lies in, else the source tree.
std::string test_root();
/// test_root()/tests/fixtures/name. Throws DataError if there is none.
std::string fixture(std::string_view name);

/// Where the sources are; empty where there are none, as in an unpacked bundle.
std::string source_root();
/// What we wrote: .h .cuh .cpp .cu .in .cmake .py .sh, CMakeLists.txt and `run`, under source_root(); not a learner's copies of
/// the course. Sorted by path.
std::vector<SourceFile> read_sources();

std::vector<std::string> lines_of(const std::string& text);

/// The #include directives of a file, as they stand: "engine/core/tensor.h" with quotes or <cudnn.h> with brackets.
std::vector<std::string> includes_of(const SourceFile&);

/// The names of the __global__ functions a .cu or .cuh file declares, but those that stand between
/// `#if !defined(CUDENZA_SIMT)` and its #else or #endif: what SIMT cannot run (tensor cores, TMA) has a plain twin.
std::vector<std::string> kernels_declared(const SourceFile&);

}  // namespace cudenza::testing
