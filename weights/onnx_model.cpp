#include "weights/onnx_model.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "weights/wire.h"

namespace cudenza {
namespace {

constexpr size_t kMostText = 4096;  // of a name, an operator, a value of the metadata
constexpr size_t kMostNodes = 1 << 16;
constexpr size_t kMostNodeValues = 1 << 12;  // inputs, or outputs, of one node
constexpr size_t kMostAttributes = 256;      // of one node
constexpr size_t kMostAttributeNumbers = 1 << 16;

/// Numbers of 16 bits that the file has as packed varints. Reading goes on where it ended, or begins anew.
class VarintNumbers : public NumberStore {
 public:
  VarintNumbers(const FileBytes& file, WireReader::Range range) : file_(file), range_(range) { restart(); }

  void read(uint64_t at, std::span<std::byte> out) const override {
    if (at < at_) restart();
    for (; at_ < at; at_ += 2) next();
    for (size_t i = 0; i < out.size(); i += 2, at_ += 2) {
      const uint16_t number = next();
      std::memcpy(out.data() + i, &number, sizeof number);
    }
  }

  /// How many there are. Throws DataError if one has more than 16 bits.
  uint64_t count() const {
    uint64_t count = 0;
    for (restart(); in_->remaining() > 0; ++count) next();
    restart();
    return count;
  }

 private:
  void restart() const {
    in_.emplace(file_, range_.begin, range_.begin + range_.bytes, "packed numbers");
    at_ = 0;
  }
  uint16_t next() const {
    const uint64_t value = read_varint(*in_);
    if (value > UINT16_MAX) in_->fail("holds a number of more than 16 bits");
    return static_cast<uint16_t>(value);
  }

  const FileBytes& file_;
  const WireReader::Range range_;
  mutable std::optional<ByteStream> in_;
  mutable uint64_t at_ = 0;  ///< of the next number, in bytes
};

/// Our dtype of TensorProto.DataType; none for types that weights do not have here.
std::optional<DType> dtype_of_code(uint64_t code) {
  switch (code) {
    case 1: return DType::f32;
    case 2: return DType::u8;
    case 5: return DType::i16;
    case 6: return DType::i32;
    case 7: return DType::i64;
    case 10: return DType::f16;
    case 11: return DType::f64;
    case 16: return DType::bf16;
    default: return std::nullopt;
  }
}

class TensorReading {
 public:
  explicit TensorReading(WireReader in) : in_(std::move(in)) {
    while (in_.next()) read_field();
  }

  OnnxTensor tensor(const std::string& called) const {
    const FileBytes& file = in_.file();
    check_printable_name(file, called);
    if (is_external_) {
      file.fail(
          "{} has its numbers in another file ({}), which is not read: write the network as one file, with "
          "torch.onnx.export(…, external_data=False) or onnx.save_model(onnx.load(…), …)",
          printable(called), external_.empty() ? "external data" : printable(external_));
    }
    OnnxTensor tensor{.record = {.name = called, .sizes = sizes_}};
    const std::optional<DType> dtype = dtype_of_code(code_);
    if (!dtype) tensor.fault = fmt::format("{} is of ONNX's type {}, which is not read as weights", called, code_);
    else if (!numbers_ && !is_empty()) tensor.fault = fmt::format("{} has no numbers that are read", called);
    else fill(tensor, *dtype);
    return tensor;
  }
  std::string name;

 private:
  enum Field : uint8_t {
    dims = 1,
    data_type = 2,
    segment = 3,
    float_data = 4,
    int32_data = 5,
    name_field = 8,
    raw_data = 9,
    double_data = 10,
    external_data = 13,
    data_location = 14
  };

  void read_field() {
    switch (in_.field()) {
      case dims: return in_.numbers(sizes_, kMostAxes);
      case data_type: code_ = in_.number(); return;
      case segment: in_.fail("is a tensor in segments, which are not read");
      case name_field: name = in_.text(kMostText); return;
      case float_data:
      case int32_data:
      case raw_data:
      case double_data: return take_numbers();
      case external_data: is_external_ = true; return read_external(in_.message("external data"));
      case data_location: is_external_ = is_external_ || in_.number() != 0; return;
      default: return;  // texts, and integers that are no weights
    }
  }

  void take_numbers() {
    if (numbers_) in_.fail("has its numbers twice, or one by one instead of packed, which is not read");
    numbers_ = in_.range();
    held_in_ = in_.field();
  }

  void read_external(WireReader entry) {
    std::string key, value;
    while (entry.next()) {
      if (entry.field() == 1) key = entry.text(kMostText);
      if (entry.field() == 2) value = entry.text(kMostText);
    }
    if (key == "location") external_ = value;
  }

  bool is_empty() const { return std::ranges::find(sizes_, 0) != sizes_.end(); }

  void fill(OnnxTensor& tensor, DType dtype) const {
    const FileBytes& file = in_.file();
    const WireReader::Range range = numbers_.value_or(WireReader::Range());
    if (numbers_ && held_in_ == int32_data) return fill_from_varints(tensor, dtype, range);
    const bool is_plain = held_in_ == raw_data || !numbers_ || (held_in_ == float_data && dtype == DType::f32) ||
                          (held_in_ == double_data && dtype == DType::f64);
    if (!is_plain)
      file.fail("{} is of type {}, but its numbers are in field {}: the file is corrupt", tensor.record.name, name_of(dtype),
                held_in_);
    if (range.bytes % size_of(dtype) != 0)
      file.fail("{}: its shape does not need the {} bytes that it has", tensor.record.name, range.bytes);
    tensor.record = whole_record(file, tensor.record.name, {dtype, range.begin, range.bytes / size_of(dtype)}, sizes_);
  }

  /// float16 and bfloat16 may be the low halves of varints. Other types there are integers, and no weights.
  void fill_from_varints(OnnxTensor& tensor, DType dtype, WireReader::Range range) const {
    const FileBytes& file = in_.file();
    if (dtype != DType::f16 && dtype != DType::bf16) {
      tensor.fault = fmt::format("{} has integers, which are no weights", tensor.record.name);
      return;
    }
    auto numbers = std::make_shared<const VarintNumbers>(file, range);
    tensor.record = whole_record(file, tensor.record.name, {dtype, 0, numbers->count()}, sizes_);
    tensor.record.store = std::move(numbers);
  }

  WireReader in_;
  uint64_t code_ = 0;
  std::vector<int64_t> sizes_;
  std::optional<WireReader::Range> numbers_;
  uint32_t held_in_ = 0;  ///< the field that the numbers are in
  bool is_external_ = false;
  std::string external_;
};

void read_attribute(WireReader in, OnnxNode& node) {
  std::string name;
  float real = 0;
  int64_t integer = 0;
  std::vector<int64_t> integers;
  std::optional<WireReader> tensor;
  while (in.next()) {
    switch (in.field()) {
      case 1: name = in.text(kMostText); break;
      case 2: real = in.real(); break;
      case 3: integer = in.integer(); break;
      case 5: tensor.emplace(in.message("tensor")); break;
      case 8: in.numbers(integers, kMostAttributeNumbers); break;
      default: break;
    }
  }
  if (node.op == "Constant" && name == "value" && tensor && node.outputs.size() == 1)
    node.value = TensorReading(std::move(*tensor)).tensor(node.outputs.front());
  if (name == "transB") node.transposed_b = integer != 0;
  if (name == "alpha") node.alpha = real;
  if (name == "beta") node.beta = real;
  if (name == "epsilon") node.epsilon = real;
  if (name == "perm") node.order = std::move(integers);
  if (name == "strides") node.strides = std::move(integers);
}

void add_value(WireReader& in, std::vector<std::string>& values) {
  if (values.size() == kMostNodeValues) in.fail("is a node with more than {} inputs or outputs", kMostNodeValues);
  values.push_back(in.text(kMostText));
}

OnnxNode read_node(WireReader in) {
  OnnxNode node;
  std::vector<WireReader> attributes;
  while (in.next()) {
    switch (in.field()) {
      case 1: add_value(in, node.inputs); break;
      case 2: add_value(in, node.outputs); break;
      case 3: node.name = in.text(kMostText); break;
      case 4: node.op = in.text(kMostText); break;
      case 5:
        if (attributes.size() == kMostAttributes) in.fail("is a node with more than {} attributes", kMostAttributes);
        attributes.push_back(in.message("attribute"));
        break;
      default: break;
    }
  }
  for (WireReader& attribute : attributes) read_attribute(std::move(attribute), node);
  return node;
}

void read_graph(WireReader in, OnnxModel& model) {
  std::set<std::string> names;
  while (in.next()) {
    if (in.field() == 1) {
      if (model.nodes.size() == kMostNodes) in.fail("has more than {} nodes", kMostNodes);
      model.nodes.push_back(read_node(in.message("node")));
    } else if (in.field() == 5) {
      if (names.size() == kMostTensors) in.fail("has more than {} initializers", kMostTensors);
      const TensorReading reading(in.message("initializer"));
      if (!names.insert(reading.name).second) in.fail("holds {} twice", printable(reading.name));
      model.initializers.push_back(reading.tensor(reading.name));
    }
  }
}

/// A key and its value, of ModelProto.metadata_props.
void read_property(WireReader in, SourceFacts& facts) {
  std::string key, value;
  while (in.next()) {
    if (in.field() == 1) key = in.text(kMostText);
    if (in.field() == 2 && in.range().bytes <= kMostText) value = in.text(kMostText);
  }
  facts.note(key, value);
}

}  // namespace

bool begins_as_onnx(std::span<const std::byte> head) {
  // ir_version, a number below 128; then the producer, domain, versions, doc_string, graph or opset_import.
  constexpr std::string_view kNext = "\x12\x1A\x22\x28\x32\x3A\x42";
  return head.size() > 2 && head[0] == std::byte{8} && head[1] > std::byte{0} && head[1] < std::byte{128} &&
         kNext.find(static_cast<char>(head[2])) != std::string_view::npos;
}

OnnxModel read_onnx_model(const FileBytes& file) {
  OnnxModel model;
  WireReader in(file, {0, file.size()}, "ONNX model");
  std::string producer, version;
  bool has_graph = false, has_opset = false;
  while (in.next()) {
    switch (in.field()) {
      case 2: producer = in.text(kMostText); break;
      case 3: version = in.text(kMostText); break;
      case 6:
        if (in.range().bytes <= kMostText) model.facts.note("source", in.text(kMostText));
        break;
      case 7:
        if (std::exchange(has_graph, true)) in.fail("holds its graph twice");
        read_graph(in.message("ONNX graph"), model);
        break;
      case 8: has_opset = true; break;
      case 14: read_property(in.message("metadata"), model.facts); break;
      default: break;
    }
  }
  if (!has_graph) file.fail("looks like an ONNX file, but has no graph: it is cut off or corrupt");
  if (!has_opset) file.fail("is an ONNX file without the opset_import that each has: it is cut off or corrupt");
  if (!producer.empty())
    model.facts.note("producer", fmt::format("written by {}{}{}", producer, version.empty() ? "" : " ", version));
  return model;
}

}  // namespace cudenza
