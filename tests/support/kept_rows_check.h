/// Holds kept_rows on a device to its reference.
#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "kernels/common/float16.h"
#include "kernels/kept_rows/kept_rows.h"

namespace cudenza::kernels::testing {

/// Rows of several blocks and threads, unknown ones and ones that are not kept among them: the same bits, NaN for NaN.
template <class T, class Where> void expect_kept_rows(Where where) {
  const KeptRows s{.known = 4, .batch = 6, .row_size = 70001, .views = 3};
  const std::vector<int64_t> first{6, -1, 0, 3}, rows{3, 0, 4, -1, 1, 2};
  const uint32_t epoch = 5;
  std::vector<T> x(static_cast<size_t>(9 * s.row_size)), y(static_cast<size_t>(s.batch * s.row_size)), expected(y.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = T(static_cast<float>(i % 251));
  for (const uint32_t* at : {&epoch, static_cast<const uint32_t*>(nullptr)}) {
    kept_rows(where, s, x.data(), first.data(), rows.data(), at, y.data());
    kept_rows(Reference{}, s, x.data(), first.data(), rows.data(), at, expected.data());
    for (size_t i = 0; i < y.size(); ++i) {
      const float got = y[i], wanted = expected[i];
      ASSERT_TRUE(got == wanted || (got != got && wanted != wanted)) << i << ": " << got << ' ' << wanted;
    }
  }
}

}  // namespace cudenza::kernels::testing
