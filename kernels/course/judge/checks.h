/// What each exercise is judged by: its shapes, the right answers as plain loops, the targets.
#pragma once
#include "kernels/course/judge/judge.h"

namespace cudenza::course {

using Check = Exercise (*)(const Library&);

Exercise map_check(const Library&);
Exercise bounds_check(const Library&);
Exercise stride_check(const Library&);
Exercise index_check(const Library&);
Exercise coalescing_check(const Library&);
Exercise packs_check(const Library&);
Exercise transpose_check(const Library&);
Exercise banks_check(const Library&);
Exercise block_sum_check(const Library&);
Exercise warp_sum_check(const Library&);
Exercise whole_sum_check(const Library&);
Exercise sums_check(const Library&);
Exercise softmax_check(const Library&);
Exercise online_softmax_check(const Library&);
Exercise welford_check(const Library&);
Exercise batch_norm_check(const Library&);
Exercise max_pool_check(const Library&);
Exercise scan_check(const Library&);
Exercise depthwise_check(const Library&);
Exercise matmul_check(const Library&);

/// Of exercise 1 to 20. Throws std::out_of_range.
Check check_of(int number);

}  // namespace cudenza::course
