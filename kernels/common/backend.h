/// Where a kernel runs. The first argument of every public function of kernels/ picks its implementation:
///
///   relu_forward(Reference{}, x, y, n);     // X_reference.cpp: the equation as a plain loop
///   relu_forward(Cpu{}, x, y, n);           // X_cpu.cpp:       OpenMP loop, finished on return
///   relu_forward(Gpu{stream}, x, y, n);     // X_cuda.cu:       enqueued on a cudaStream_t
///
/// The tests compile the same X_cuda.cu for the host (kernels/simt): then Gpu functions run there, thread by thread.
#pragma once

namespace cudenza::kernels {

/// Plain loops on the CPU, in every floating type: what is read first, and what both others are held against.
struct Reference {};

struct Cpu {};

struct Gpu {
  void* stream = nullptr;  ///< a cudaStream_t; void* keeps CUDA's headers out of the interface
};

}  // namespace cudenza::kernels
