#include "engine/core/dtype.h"

#include <array>

namespace cudenza {
namespace {

struct Row {
  std::string_view name;
  size_t size;
};
constexpr std::array<Row, 9> kRows{
    {{"f32", 4}, {"bf16", 2}, {"f16", 2}, {"f64", 8}, {"i64", 8}, {"i32", 4}, {"u32", 4}, {"i16", 2}, {"u8", 1}}};

}  // namespace

size_t size_of(DType t) { return kRows[static_cast<size_t>(t)].size; }
std::string_view name_of(DType t) { return kRows[static_cast<size_t>(t)].name; }

void throw_not_floating(std::string_view op, DType t) {
  throw UsageError(fmt::format("{}: works on f32, bf16, f16 and f64, but got {}; cast first", op, t));
}

void throw_no_f64_on_gpu(std::string_view op) {
  throw UsageError(fmt::format("{}: f64 is for gradient checks on the CPU and has no GPU kernels; cast to f32", op));
}

}  // namespace cudenza
