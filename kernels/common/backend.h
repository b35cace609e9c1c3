/// Where a kernel runs. The first argument of every public function of kernels/ picks its implementation:
///
///   relu_forward(Cpu{}, x, y, n);           // X_cpu.cpp:  OpenMP loop, finished on return
///   relu_forward(Gpu{stream}, x, y, n);     // X_cuda.cu:  enqueued on a cudaStream_t
///
/// The tests compile the same X_cuda.cu for the host (kernels/simt): then Gpu functions run there, thread by thread.
#pragma once

namespace cudenza::kernels {

struct Cpu {};

struct Gpu {
  void* stream = nullptr;  ///< a cudaStream_t; void* keeps CUDA's headers out of the interface
};

}  // namespace cudenza::kernels
