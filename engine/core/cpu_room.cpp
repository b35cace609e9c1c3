#include "engine/core/cpu_room.h"

#include <sys/mman.h>

#include "engine/core/error.h"
#include "engine/core/storage.h"

namespace cudenza {
namespace {

bool has_room(size_t bytes) {
  void* const p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p != MAP_FAILED && munmap(p, bytes) == 0;
}

}  // namespace

void require_cpu_room(size_t bytes) {
  if (has_room(bytes)) return;
  trim_cpu_pool();
  if (has_room(bytes)) return;
  throw DeviceError(fmt::format(
      "out of memory: {} MiB more are needed; use a smaller `batch_size` or fewer `threads`, or raise the limit (ulimit -v)",
      bytes >> 20));
}

}  // namespace cudenza
