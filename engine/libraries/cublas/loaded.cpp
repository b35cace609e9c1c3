/// cuBLASLt's functions under their own names, each of which calls the one in the library. That is loaded when the first is
/// called: it takes 150 MB and a tenth of a second, which a program on a CPU has no use for.
#include <cublasLt.h>
#include <fmt/format.h>

#include "engine/core/shared_library.h"

namespace {

template <class Function> Function* of_library(const char* name) {
  static const cudenza::SharedLibrary library(fmt::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR),
                                              "install cuBLAS of that version, or use `device` cpu");
  return library.function<Function>(name);
}

}  // namespace

extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  static auto* const function = of_library<decltype(cublasLtCreate)>("cublasLtCreate");
  return function(handle);
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  static auto* const function = of_library<decltype(cublasLtGetStatusString)>("cublasLtGetStatusString");
  return function(status);
}

size_t cublasLtGetVersion() {
  static auto* const function = of_library<decltype(cublasLtGetVersion)>("cublasLtGetVersion");
  return function();
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t product, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* c, cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_bytes,
                              cudaStream_t stream) {
  static auto* const function = of_library<decltype(cublasLtMatmul)>("cublasLtMatmul");
  return function(handle, product, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout, algorithm, workspace,
                  workspace_bytes, stream);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t product, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int asked,
                                              cublasLtMatmulHeuristicResult_t found[], int* count) {
  static auto* const function = of_library<decltype(cublasLtMatmulAlgoGetHeuristic)>("cublasLtMatmulAlgoGetHeuristic");
  return function(handle, product, a, b, c, d, preference, asked, found, count);
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* product, cublasComputeType_t compute, cudaDataType_t scale) {
  static auto* const function = of_library<decltype(cublasLtMatmulDescCreate)>("cublasLtMatmulDescCreate");
  return function(product, compute, scale);
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
  static auto* const function = of_library<decltype(cublasLtMatmulDescDestroy)>("cublasLtMatmulDescDestroy");
  return function(product);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product, cublasLtMatmulDescAttributes_t which,
                                              const void* value, size_t bytes) {
  static auto* const function = of_library<decltype(cublasLtMatmulDescSetAttribute)>("cublasLtMatmulDescSetAttribute");
  return function(product, which, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  static auto* const function = of_library<decltype(cublasLtMatmulPreferenceCreate)>("cublasLtMatmulPreferenceCreate");
  return function(preference);
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  static auto* const function = of_library<decltype(cublasLtMatmulPreferenceDestroy)>("cublasLtMatmulPreferenceDestroy");
  return function(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t which, const void* value, size_t bytes) {
  static auto* const function =
      of_library<decltype(cublasLtMatmulPreferenceSetAttribute)>("cublasLtMatmulPreferenceSetAttribute");
  return function(preference, which, value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows, uint64_t columns,
                                          int64_t row_step) {
  static auto* const function = of_library<decltype(cublasLtMatrixLayoutCreate)>("cublasLtMatrixLayoutCreate");
  return function(layout, type, rows, columns, row_step);
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  static auto* const function = of_library<decltype(cublasLtMatrixLayoutDestroy)>("cublasLtMatrixLayoutDestroy");
  return function(layout);
}

}  // extern "C"
