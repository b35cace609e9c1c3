/// What GCC's -fsanitize=thread calls before each load and store, from code of kernels.
#include "kernels/simt/tracer.h"

namespace {

void tell(const void* p, size_t bytes, bool writes, const void* caller) {
  simt::tell_access({reinterpret_cast<uintptr_t>(p), bytes, writes, reinterpret_cast<uintptr_t>(caller) - 1});
}

}  // namespace

void simt::vector_access(const void* p, size_t bytes, bool writes) { tell(p, bytes, writes, __builtin_return_address(0)); }

#define SIMT_TELL(bytes, writes) tell(p, bytes, writes, __builtin_return_address(0))
#define SIMT_HOOKS(size)                                                           \
  extern "C" void __tsan_read##size(void* p) { SIMT_TELL(size, false); }           \
  extern "C" void __tsan_write##size(void* p) { SIMT_TELL(size, true); }           \
  extern "C" void __tsan_unaligned_read##size(void* p) { SIMT_TELL(size, false); } \
  extern "C" void __tsan_unaligned_write##size(void* p) { SIMT_TELL(size, true); }
SIMT_HOOKS(1)
SIMT_HOOKS(2)
SIMT_HOOKS(4)
SIMT_HOOKS(8)
SIMT_HOOKS(16)
extern "C" void __tsan_read_range(void* p, unsigned long bytes) { SIMT_TELL(bytes, false); }
extern "C" void __tsan_write_range(void* p, unsigned long bytes) { SIMT_TELL(bytes, true); }
extern "C" void __tsan_vptr_update(void**, void*) {}
extern "C" void __tsan_vptr_read(void**) {}
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit() {}
extern "C" void __tsan_init() {}
