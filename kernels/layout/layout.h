/// Exchanges the two inner axes of a batch of matrices:
///
///   y[n,j,i] = x[n,i,j]        x is [batch, rows, columns], y is [batch, columns, rows]
///
/// It is the change between the layouts of files and of the engine: NCHW -> NHWC is {N, C, H*W}, back {N, H*W, C};
/// OIHW -> KRSC is {O, I, H*W}, back {K, R*S, C}. Elements are moved as they are, whatever they mean; x and y do not overlap.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

struct TransposeShape {
  int64_t batch, rows, columns;
};

/// Element is the unsigned integer of an element's size: uint8_t, uint16_t, uint32_t or uint64_t.
template <class Element> void transpose(Reference, const Element* x, Element* y, const TransposeShape&);
template <class Element> void transpose(Cpu, const Element* x, Element* y, const TransposeShape&);
template <class Element> void transpose(Gpu, const Element* x, Element* y, const TransposeShape&);

/// Copies rows of `bytes` between arrays whose rows are longer, `from_pitch` and `to_pitch` bytes apart. A GPU has copy engines
/// for it.
void copy_rows(Reference, char* to, int64_t to_pitch, const char* from, int64_t from_pitch, int64_t bytes, int64_t rows);
void copy_rows(Cpu, char* to, int64_t to_pitch, const char* from, int64_t from_pitch, int64_t bytes, int64_t rows);

}  // namespace cudenza::kernels
