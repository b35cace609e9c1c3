/// A library to be preloaded (LD_PRELOAD) that lets chosen calls of a program fail, as a full disk, a failing one or a tight
/// limit would: Linux with glibc. tests/support/faults.h drives it. The environment says what fails:
///   CUDENZA_FAULT         KIND:CALL:N. KIND: ENOSPC, EIO, EINTR, EFBIG, EAGAIN, or short (half of what was to be written).
///                         CALL: open (for writing), write, sync, rename, close, truncate, mkdir or thread. N: how many such
///                         calls succeed before; with a + all later ones fail too. Without it nothing fails: a dry run.
///   CUDENZA_FAULT_BELOW   only files whose absolute path begins so are counted and fail.
///   CUDENZA_FAULT_RECORD  a file that takes the counts of calls, and the path that was hit.
#include "tests/support/fault_injector.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using cudenza::testing::Call;
using cudenza::testing::FaultRecord;
using cudenza::testing::kCallNames;

/// What the environment says, read once, before main().
struct Plan {
  FaultRecord* record = nullptr;
  char below[4096] = "";
  int call = -1;  ///< a Call; -1: nothing fails
  long at = 0;
  bool lasts = false, is_short = false;
  int error = 0;
};
Plan plan;

int error_of(const char* kind) {
  const struct {
    const char* name;
    int number;
  } all[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EFBIG", EFBIG}, {"EAGAIN", EAGAIN}, {"short", 0}};
  for (const auto& one : all)
    if (std::strcmp(one.name, kind) == 0) return one.number;
  std::abort();
}

int call_of(const char* name) {
  for (int i = 0; i < cudenza::testing::kCalls; ++i)
    if (std::strcmp(kCallNames[i], name) == 0) return i;
  std::abort();
}

void read_fault(const char* text) {
  char kind[16], call[16], rest[4] = "";
  if (std::sscanf(text, "%15[^:]:%15[^:]:%ld%3s", kind, call, &plan.at, rest) < 3) std::abort();
  plan.error = error_of(kind);
  plan.is_short = plan.error == 0;
  plan.lasts = rest[0] == '+';
  plan.call = call_of(call);
}

template <class F> F next(const char* name) { return reinterpret_cast<F>(dlsym(RTLD_NEXT, name)); }
#define NEXT(name) next<decltype(&::name)>(#name)

FaultRecord* mapped(const char* path) {
  const int file = NEXT(open)(path, O_RDWR | O_CLOEXEC);
  void* const at = mmap(nullptr, sizeof(FaultRecord), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file < 0 || at == MAP_FAILED) std::abort();
  NEXT(close)(file);
  return static_cast<FaultRecord*>(at);
}

__attribute__((constructor)) void read_environment() {
  const char *record = getenv("CUDENZA_FAULT_RECORD"), *below = getenv("CUDENZA_FAULT_BELOW"), *fault = getenv("CUDENZA_FAULT");
  if (!record || !below) return;
  std::strncpy(plan.below, below, sizeof plan.below - 1);
  if (fault) read_fault(fault);
  plan.record = mapped(record);
  unsetenv("LD_PRELOAD");  // programs that this one starts are not meant
}

/// Counts a call, and says whether it is to fail. Sets errno then.
bool fails(Call call, const char* path) {
  const int kept = errno;
  if (!plan.record || std::strncmp(path, plan.below, std::strlen(plan.below)) != 0) return false;
  const long before = __atomic_fetch_add(&plan.record->counts[static_cast<int>(call)], 1, __ATOMIC_SEQ_CST);
  const bool is_hit = plan.call == static_cast<int>(call) && (before == plan.at || (plan.lasts && before > plan.at));
  if (is_hit && !plan.record->hit[0]) std::snprintf(plan.record->hit, sizeof plan.record->hit, "%s", path);
  errno = is_hit ? plan.error : kept;
  return is_hit;
}

bool fails(Call call, int file) {
  const int kept = errno;
  char name[64], path[4096];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(name, path, sizeof path - 1);
  errno = kept;
  if (length < 0) return false;
  path[length] = '\0';
  return fails(call, path);
}

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

/// Lets half of a write happen, or none of it.
template <class Half> ssize_t failed_write(size_t bytes, Half&& write_half) {
  return plan.is_short && bytes > 1 ? write_half(bytes / 2) : -1;
}

std::atomic<long> living_threads = 0;

struct ThreadStart {
  void* (*start)(void*);
  void* argument;
};

void* run_thread(void* given) {
  const ThreadStart thread = *static_cast<ThreadStart*>(given);
  delete static_cast<ThreadStart*>(given);
  void* const result = thread.start(thread.argument);
  --living_threads;
  return result;
}

}  // namespace

extern "C" {

#define OPEN(name)                                           \
  int name(const char* path, int flags, ...) {               \
    va_list rest;                                            \
    va_start(rest, flags);                                   \
    const auto mode = va_arg(rest, mode_t);                  \
    va_end(rest);                                            \
    if (writes(flags) && fails(Call::open, path)) return -1; \
    return NEXT(name)(path, flags, mode);                    \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                         \
  int name(int folder, const char* path, int flags, ...) {   \
    va_list rest;                                            \
    va_start(rest, flags);                                   \
    const auto mode = va_arg(rest, mode_t);                  \
    va_end(rest);                                            \
    if (writes(flags) && fails(Call::open, path)) return -1; \
    return NEXT(name)(folder, path, flags, mode);            \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                       \
  FILE* name(const char* path, const char* mode) {                        \
    const bool is_for_writing = mode[0] != 'r' || std::strchr(mode, '+'); \
    if (is_for_writing && fails(Call::open, path)) return nullptr;        \
    return NEXT(name)(path, mode);                                        \
  }
FOPEN(fopen)
FOPEN(fopen64)

ssize_t write(int file, const void* data, size_t bytes) {
  if (fails(Call::write, file)) return failed_write(bytes, [&](size_t half) { return NEXT(write)(file, data, half); });
  return NEXT(write)(file, data, bytes);
}

#define PWRITE(name, offset_type)                                                                                            \
  ssize_t name(int file, const void* data, size_t bytes, offset_type at) {                                                   \
    if (fails(Call::write, file)) return failed_write(bytes, [&](size_t half) { return NEXT(name)(file, data, half, at); }); \
    return NEXT(name)(file, data, bytes, at);                                                                                \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const iovec* parts, int count) {
  if (fails(Call::write, file))
    return failed_write(parts[0].iov_len, [&](size_t half) { return NEXT(write)(file, parts[0].iov_base, half); });
  return NEXT(writev)(file, parts, count);
}

size_t fwrite(const void* data, size_t size, size_t count, FILE* file) {
  if (file != stdout && file != stderr && fails(Call::write, fileno(file))) return 0;
  return NEXT(fwrite)(data, size, count, file);
}

int fsync(int file) { return fails(Call::sync, file) ? -1 : NEXT(fsync)(file); }
int fdatasync(int file) { return fails(Call::sync, file) ? -1 : NEXT(fdatasync)(file); }
int rename(const char* from, const char* to) { return fails(Call::rename, to) ? -1 : NEXT(rename)(from, to); }
int mkdir(const char* path, mode_t mode) { return fails(Call::mkdir, path) ? -1 : NEXT(mkdir)(path, mode); }
int ftruncate(int file, off_t bytes) noexcept { return fails(Call::truncate, file) ? -1 : NEXT(ftruncate)(file, bytes); }
int ftruncate64(int file, off64_t bytes) noexcept { return fails(Call::truncate, file) ? -1 : NEXT(ftruncate64)(file, bytes); }

/// The file is closed all the same, as Linux does.
int close(int file) {
  const int flags = plan.record ? fcntl(file, F_GETFL) : 0;
  const bool is_hit = writes(flags) && fails(Call::close, file);
  const int status = NEXT(close)(file);
  if (!is_hit) return status;
  errno = plan.error;
  return -1;
}

int fclose(FILE* file) {
  const bool is_hit = plan.record && writes(fcntl(fileno(file), F_GETFL)) && fails(Call::close, fileno(file));
  const int status = NEXT(fclose)(file);
  if (!is_hit) return status;
  errno = plan.error;
  return EOF;
}

/// With a + the limit is on threads that live at the same time, as the system's is.
int pthread_create(pthread_t* thread, const pthread_attr_t* options, void* (*start)(void*), void* argument) {
  const bool is_limited = plan.lasts && plan.call == static_cast<int>(Call::thread);
  const bool is_hit = fails(Call::thread, plan.below);
  if (is_limited ? living_threads >= plan.at : is_hit) return plan.error;
  ++living_threads;
  const int status = NEXT(pthread_create)(thread, options, run_thread, new ThreadStart{start, argument});
  if (status != 0) --living_threads;
  return status;
}
}
