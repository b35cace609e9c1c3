/// ONNX files that are broken, or made to break.
#include "tests/weights/hostile_case.h"

namespace cudenza::testing {
namespace {

class HostileOnnx : public Hostile {};

TEST_F(HostileOnnx, OnnxMessagesAreBounded) {
  const std::string good = std::string(64, '\0');
  const std::string use = wire::node("Gemm", {"x", "w"}, {"y"});
  const auto with = [&](const std::string& fields) { return refusal(wire::model(use + fields)); };
  EXPECT_NO_THROW(read_all(path_of(wire::model(use + wire::tensor("w", {4, 4}, 1, 9, good)))));
  expect_says(with(wire::tensor("w", {4, 5}, 1, 9, good)), "do not fit the 16 numbers");
  expect_says(with(wire::tensor("w", {4, 3}, 1, 9, good)), "does not need the 64 bytes");
  expect_says(with(wire::tensor("w", {4, 4}, 1, 9, good + "x")), "does not need the 65 bytes");
  expect_says(with(wire::tensor("w", {-4, -4}, 1, 9, good)), "absurd shape");
  expect_says(with(wire::tensor("w", {int64_t{1} << 62, int64_t{1} << 62}, 1, 9, good)), "absurd shape");
  expect_says(with(wire::tensor("w", {1, 1, 1, 1, 1, 1, 1, 4, 4}, 1, 9, good)), "more than 8 numbers");
  expect_says(with(wire::tensor("w", {4, 4}, 11, 4, good)), "of type f64, but its numbers are in field 4");
  expect_says(with(wire::tensor("w", {4}, 10, 5, "\x80\x80\x04\1\1\1")), "more than 16 bits");
  expect_says(with(wire::tensor("", {4, 4}, 1, 9, good)), "whose name is empty");
  expect_says(with(wire::tensor("w\n", {4, 4}, 1, 9, good)), "control characters");
  const std::string twice = wire::tensor("w", {4, 4}, 1, 9, good);
  expect_says(with(twice + twice), "holds w twice");
  expect_says(with(wire::bytes(5, wire::bytes(8, "w") + wire::bytes(9, good) + wire::bytes(9, good))), "numbers twice");
  expect_says(with(wire::bytes(5, wire::bytes(8, "w") + wire::number(14, 1))), "has its numbers in another file");
  expect_says(with(wire::bytes(5, wire::bytes(8, "w") + wire::bytes(13, wire::bytes(1, "location") + wire::bytes(2, "w.data")))),
              "has its numbers in another file (w.data)");
  expect_says(with(wire::bytes(5, wire::bytes(8, "w") + wire::bytes(3, ""))), "in segments");
  expect_says(refusal(wire::model(use + twice) + wire::bytes(7, use)), "holds its graph twice");
  expect_says(refusal(wire::model(use)), "without weights");
  expect_says(refusal(wire::number(1, 8) + wire::bytes(2, "nobody")), "has no graph");
}

TEST_F(HostileOnnx, WireFieldsAreBounded) {
  const auto graph = [&](const std::string& bytes) { return refusal(wire::number(1, 8) + wire::varint(7 << 3 | 2) + bytes); };
  expect_says(graph(wire::varint(100) + "x"), "should have 100 bytes, but ends after 1");
  expect_says(graph(wire::varint(UINT64_MAX) + "x"), "cut off or corrupt");
  expect_says(graph(std::string(11, '\x80')), "a number of more than 64 bits");
  expect_says(graph(std::string(9, '\xFF') + "\x02"), "a number of more than 64 bits");
  expect_says(graph(std::string(1, '\x80')), "ends too early");
  const auto inner = [&](const std::string& fields) { return refusal(wire::model(fields)); };
  expect_says(inner(std::string("\0\0", 2)), "a field of number 0");
  expect_says(inner("\x0B"), "a field of kind 3");
  expect_says(inner("\x0F"), "a field of kind 7");
  expect_says(inner(wire::number(1, 5)), "field 1 is of kind 0 and not 2");
  expect_says(inner(wire::bytes(1, wire::bytes(4, std::string(5000, 'a')))), "a text of 5000 bytes, and at most 4096");
}

TEST_F(HostileOnnx, OnnxGraphsOfManyPartsAreBounded) {
  const auto repeated = [](const std::string& part, size_t count) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += part;
    return all;
  };
  expect_says(refusal(wire::model(repeated(wire::bytes(1, ""), 70'000))), "more than 65536 nodes");
  expect_says(refusal(wire::model(wire::bytes(1, repeated(wire::bytes(1, ""), 5000)))), "more than 4096 inputs or outputs");
  expect_says(refusal(wire::model(wire::bytes(1, repeated(wire::bytes(5, ""), 300)))), "more than 256 attributes");
  std::string tensors;
  for (int i = 0; i < 70'000; ++i) tensors += wire::bytes(5, wire::bytes(8, fmt::format("{}", i)));
  expect_says(refusal(wire::model(tensors)), "more than 65536 initializers");
  // A weight that is its own transpose, and one that is transposed in no order.
  const std::string weight = wire::tensor("w", {4, 4}, 1, 9, std::string(64, '\0'));
  EXPECT_NO_THROW(
      read_all(path_of(wire::model(wire::node("Transpose", {"w"}, {"w"}) + wire::node("Gemm", {"x", "w"}, {"y"}) + weight))));
  const std::string odd_order = wire::bytes(5, wire::bytes(1, "perm") + wire::number(8, 7) + wire::number(8, 7));
  expect_says(refusal(wire::model(wire::node("Transpose", {"w"}, {"t"}, odd_order) + wire::node("Gemm", {"x", "t"}, {"y"}) +
                                  wire::tensor("w", {4}, 2, 9, "abc"))),
              "do not fit the 3 numbers");
}

}  // namespace
}  // namespace cudenza::testing
