/// Reads files that are broken, or made to break: each must be refused with a message that names it, and none gets memory beyond
/// its own size and a constant, whatever it claims.
#pragma once
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/memory_file.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/weights/hostile_files.h"
#include "weights/weight_source.h"

namespace cudenza::testing {
namespace fs = std::filesystem;

/// Reads everything of a file, as a conversion would.
inline void read_all(const fs::path& path) {
  const WeightSource source(path);
  std::vector<float> piece(4096);
  for (const StateDict& dict : source.state_dicts()) {
    for (const TensorRecord& record : dict.tensors) {
      TensorReader reader(source.file(), record);
      for (int64_t left = record.numel(); left > 0; left -= static_cast<int64_t>(piece.size()))
        reader.read(std::span(piece).first(static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(piece.size())))));
    }
  }
}

inline std::string kept_alive;  // what is taken must be, lest the compiler leave it out

/// Runs f where no more than so many further bytes can be had; returns what it threw, as text.
template <class F> std::string in_little_memory(size_t bytes, F&& f) {
  const pid_t child = fork();
  if (child == 0) {
#if !defined(__SANITIZE_ADDRESS__)
    malloc_trim(0);  // what earlier tests have freed is not there for the taking
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
    const rlimit limit{most, most};
    setrlimit(RLIMIT_AS, &limit);
#endif
    try {
      f();
    } catch (const DataError&) {
      _exit(10);
    } catch (const std::bad_alloc&) {
      _exit(11);
    } catch (...) {
      _exit(12);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "a crash";
  switch (WEXITSTATUS(status)) {
    case 0: return "nothing";
    case 10: return "DataError";
    case 11: return "bad_alloc";
    default: return "another error";
  }
}

/// What every reader may need beside a file's own size: half a million values of a pickle, a header that is parsed.
inline constexpr size_t kConstant = size_t{128} << 20;

class Hostile : public ::testing::Test {
 protected:
  std::string path_of(const std::string& content) {
    const fs::path path = scratch_.path() / "bad.pth";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  /// The message that a file of this content is refused with.
  std::string refusal(const std::string& content) {
    const std::string path = path_of(content);
    EXPECT_EQ(in_little_memory(content.size() + kConstant, [&] { read_all(path); }), "DataError");
    const std::string message = message_of<DataError>([&] { read_all(path); });
    expect_says(message, "bad.pth");
    return message;
  }

  std::string refusal_of_pickle(const std::string& pickle) { return refusal(torch_zip_of(pickle, std::string(64, '\0'))); }
  std::string refusal_of_value(const std::string& value) { return refusal_of_pickle(pickled::whole(value)); }

  const ScratchFolder scratch_;
  MemoryFile memory_;
};

}  // namespace cudenza::testing
