/// cuBLASLt is loaded when its first function is called. Without a GPU each function is there, and those that need none work.
#include <cublasLt.h>
#include <gtest/gtest.h>

#include <string>

namespace cudenza::testing {
namespace {

TEST(CublasLt, IsLoadedAtItsFirstCall) {
  EXPECT_EQ(cublasLtGetVersion() / 10000, size_t{CUBLAS_VER_MAJOR});
  const std::string unsupported = cublasLtGetStatusString(CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_NE(unsupported.find("not supported"), std::string::npos) << unsupported;
}

TEST(CublasLt, DescribesAProduct) {
  cublasLtMatmulDesc_t product = nullptr;
  cublasLtMatrixLayout_t layout = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  ASSERT_EQ(cublasLtMatmulDescCreate(&product, CUBLAS_COMPUTE_32F, CUDA_R_32F), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasLtMatrixLayoutCreate(&layout, CUDA_R_32F, 4, 3, 4), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasLtMatmulPreferenceCreate(&preference), CUBLAS_STATUS_SUCCESS);
  const cublasOperation_t transposed = CUBLAS_OP_T;
  EXPECT_EQ(cublasLtMatmulDescSetAttribute(product, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof transposed),
            CUBLAS_STATUS_SUCCESS);
  const size_t bytes = 1024;
  EXPECT_EQ(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof bytes),
            CUBLAS_STATUS_SUCCESS);

  int count = -1;
  cublasLtMatmulHeuristicResult_t best{};
  EXPECT_NE(cublasLtMatmulAlgoGetHeuristic(nullptr, product, layout, layout, layout, layout, preference, 1, &best, &count),
            CUBLAS_STATUS_SUCCESS);
  const float one = 1;
  EXPECT_NE(cublasLtMatmul(nullptr, product, &one, nullptr, layout, nullptr, layout, &one, nullptr, layout, nullptr, layout,
                           nullptr, nullptr, 0, nullptr),
            CUBLAS_STATUS_SUCCESS);

  EXPECT_EQ(cublasLtMatmulPreferenceDestroy(preference), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasLtMatrixLayoutDestroy(layout), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasLtMatmulDescDestroy(product), CUBLAS_STATUS_SUCCESS);
}

}  // namespace
}  // namespace cudenza::testing
