/// Every picture's channels scaled by its own factors: the excitation of squeeze-and-excitation (Hu et al. 2018).
///
///   forward   y[n,p,c]  = x[n,p,c] s[n,c]              x is [N, positions, C], s is [N, C]
///   backward  dx[n,p,c] = dy[n,p,c] s[n,c]
///             ds[n,c]   = sum over p of dy[n,p,c] x[n,p,c]
///
/// The sum is taken in acc_t<T> in a fixed order. y may be x, dx may be dy or x. dx or ds may be null: not wanted (then s or x
/// is not read). The backward pass reads dy once for both. `workspace` holds channel_scale_workspace_bytes(shape) bytes,
/// 16-byte aligned.
#pragma once
#include "kernels/reduce/reduce.h"

namespace cudenza::kernels {

/// `shape` is {N, positions, C}.
template <class T> void channel_scale_forward(Reference, const T* x, const T* s, T* y, const RowsShape& shape);
template <class T> void channel_scale_forward(Cpu, const T* x, const T* s, T* y, const RowsShape& shape);
template <class T> void channel_scale_forward(Gpu, const T* x, const T* s, T* y, const RowsShape& shape);

inline size_t channel_scale_workspace_bytes(Reference, const RowsShape&) { return 0; }
size_t channel_scale_workspace_bytes(Cpu, const RowsShape& shape);
size_t channel_scale_workspace_bytes(Gpu, const RowsShape& shape);

/// U is T; or acc_t<T>, for factors that a whole batch shares (N = 1): parameters. Then both dx and ds must be wanted.
template <class T, class U>
void channel_scale_backward(Reference, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape,
                            void* workspace);
template <class T, class U>
void channel_scale_backward(Cpu, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void* workspace);
template <class T, class U>
void channel_scale_backward(Gpu, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void* workspace);

}  // namespace cudenza::kernels
