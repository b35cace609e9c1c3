#include "weights/safetensors.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace cudenza {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMostHeaderBytes = 16 << 20;  // ResNet50's has 24 thousand; parsing takes a few times as much memory

constexpr std::array<std::pair<std::string_view, DType>, 9> kTypes{{{"F32", DType::f32},
                                                                    {"F16", DType::f16},
                                                                    {"BF16", DType::bf16},
                                                                    {"F64", DType::f64},
                                                                    {"I64", DType::i64},
                                                                    {"I32", DType::i32},
                                                                    {"I16", DType::i16},
                                                                    {"U8", DType::u8},
                                                                    {"BOOL", DType::u8}}};

/// Parses the header by SAX events, without building a tree: the format has exactly three levels.
class HeaderReader : public Json::json_sax_t {
 public:
  HeaderReader(const FileBytes& file, uint64_t data_begin) : file_(file), data_begin_(data_begin) {}

  bool start_object(size_t) override { return ++depth_ <= 2 || refuse(); }
  bool end_object() override {
    if (depth_-- == 2 && !in_metadata()) finish();
    return true;
  }
  bool key(std::string& text) override {
    if (depth_ == 1) name_ = text, type_.clear();
    else field_ = text;
    if (depth_ == 1 || field_ == "shape") shape_.clear();
    if (depth_ == 1 || field_ == "data_offsets") offsets_.clear();
    return true;
  }
  bool string(std::string& text) override {
    if (in_metadata()) {
      facts_.note(field_, text);
      return depth_ == 2 || refuse();
    }
    if (depth_ != 2 || in_list_ || field_ != "dtype") return refuse();
    type_ = text;
    return true;
  }
  bool start_array(size_t) override { return (depth_ == 2 && !in_metadata() && !std::exchange(in_list_, true)) || refuse(); }
  bool end_array() override { return in_list_ = false, true; }
  bool number_unsigned(uint64_t number) override {
    auto& list = field_ == "shape" ? shape_ : offsets_;
    if (!in_list_ || (field_ != "shape" && field_ != "data_offsets") || list.size() == kMostAxes || number > INT64_MAX)
      return refuse();
    list.push_back(static_cast<int64_t>(number));
    return true;
  }
  bool null() override { return refuse(); }
  bool boolean(bool) override { return refuse(); }
  bool number_integer(int64_t) override { return refuse(); }
  bool number_float(double, const std::string&) override { return refuse(); }
  bool binary(Json::binary_t&) override { return refuse(); }
  bool parse_error(size_t at, const std::string&, const nlohmann::detail::exception&) override {
    file_.fail("its safetensors header is no JSON from character {} on", at);
  }

  std::vector<TensorRecord> take() { return std::move(records_); }
  const SourceFacts& facts() const { return facts_; }

 private:
  bool in_metadata() const { return name_ == "__metadata__"; }

  [[noreturn]] bool refuse() const { file_.fail("its safetensors header holds something beside dtype, shape and data_offsets"); }

  void finish() {
    check_tensor_name(file_, name_);
    if (!names_.insert(name_).second) file_.fail("holds {} twice", name_);
    if (names_.size() > kMostTensors) file_.fail("holds more than {} tensors", kMostTensors);
    const auto row = std::ranges::find(kTypes, std::string_view(type_), [](const auto& r) { return r.first; });
    if (row == kTypes.end()) file_.fail("{}: has a type that is not read here; known are F32 F16 BF16 F64 and integers", name_);
    const uint64_t held = file_.size() - data_begin_;
    if (offsets_.size() != 2 || offsets_[0] > offsets_[1] || static_cast<uint64_t>(offsets_[1]) > held)
      file_.fail("{}: lies outside the file, which is cut off or corrupt", name_);
    const uint64_t bytes = static_cast<uint64_t>(offsets_[1] - offsets_[0]);
    const StoredNumbers numbers{row->second, data_begin_ + static_cast<uint64_t>(offsets_[0]), bytes / size_of(row->second)};
    if (bytes % size_of(row->second) != 0) file_.fail("{}: its shape does not need the {} bytes that it has", name_, bytes);
    records_.push_back(whole_record(file_, name_, numbers, shape_));
  }

  const FileBytes& file_;
  uint64_t data_begin_;
  int depth_ = 0;
  bool in_list_ = false;
  std::string name_, field_, type_;
  std::vector<int64_t> shape_, offsets_;
  std::set<std::string> names_;
  std::vector<TensorRecord> records_;
  SourceFacts facts_;
};

}  // namespace

WeightContent read_safetensors(const FileBytes& file) {
  ByteStream in(file, 0, file.size(), "safetensors header");
  const uint64_t bytes = in.u64();
  if (bytes > kMostHeaderBytes) in.fail("claims to be {} bytes long", bytes);
  const std::string header = in.bytes(bytes);
  HeaderReader reader(file, in.position());
  if (!Json::sax_parse(header, &reader)) file.fail("its safetensors header cannot be read");
  auto records = reader.take();
  if (records.empty()) file.fail("holds no tensors");
  return {.state_dicts = {{.tensors = std::move(records)}}, .facts = reader.facts()};
}

}  // namespace cudenza
