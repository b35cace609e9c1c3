/// Whoever wants to know what the threads of a kernel do: races.h, unwritten.h, profiler.h.
///
/// Launches, blocks and barriers are told by simt.cpp. Loads and stores are told by code that GCC compiled with
/// -fsanitize=thread: it calls __tsan_read4(p) and its like before each of them, and tracer.cpp defines those functions in place
/// of GCC's runtime, which knows threads of the operating system alone. So the kernels' source is unchanged.
/// It is not told what a function writes as its result, straight to the caller's place for it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "kernels/simt/simt.h"

namespace simt {

struct Launch {
  const std::string& kernel;  ///< "cudenza::kernels::{anonymous}::name<template arguments>"
  dim3 grid, block;
  size_t shared_bytes;
  uint64_t blocks_run;  ///< fewer than blocks() where run_at_most() says so

  uint64_t blocks() const { return uint64_t{grid.x} * grid.y * grid.z; }
  unsigned threads() const { return block.x * block.y * block.z; }  ///< of a block
};

enum class Space { global, shared };

/// A load or a store of the running thread. What lies on the thread's own stack is a register on a card and is not told.
struct Access {
  uintptr_t address;
  size_t bytes;
  bool writes;
  uintptr_t place;  ///< of the instruction in the program (source_lines.h)
};

/// Work of a library on the emulated device: a convolution or a matrix product.
struct LibraryCall {
  std::string what;  ///< "conv2d forward, bf16 x[64,56,56,64] w[64,3,3,64] stride 1 pad 1"
  double flops, bytes_read, bytes_written;
};

/// Hears of everything while it lives. Several may; on one OS thread.
class Tracer {
 public:
  Tracer();
  virtual ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  virtual void begin_launch(const Launch&) {}
  virtual void begin_block() {}
  virtual void block_barrier() {}                                      ///< all threads of the block have met
  virtual void warp_barrier(unsigned /*first*/, unsigned /*mask*/) {}  ///< lanes `mask` of the warp of thread `first` have
  virtual void access(const Access&) {}                                ///< here() is the thread
  virtual void new_memory(const void*, size_t /*bytes*/, Space) {}     ///< what stood at these addresses is gone
  virtual void end_launch(const Launch&) {}                            ///< may throw
  virtual void abandon_launch() {}                                     ///< it threw
  virtual void wrote(const void*, size_t /*bytes*/) {}                 ///< into the device's memory: a copy, a library
  virtual void library(const LibraryCall&) {}
};

/// From now on a launch runs at most so many of its blocks, those in its middle; 0: all. What it computes is wrong then. For
/// counting what a network's whole step asks of memory.
void run_at_most(uint64_t blocks);

/// Tells all tracers: the emulated device's memory and libraries do.
void tell_new_memory(const void*, size_t bytes, Space);
void tell_wrote(const void*, size_t bytes);
void tell_library(const LibraryCall&);
/// Code that is traced is about to load or store.
void tell_access(const Access&);

}  // namespace simt
