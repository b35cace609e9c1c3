#include "weights/weight_source.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "engine/core/dispatch.h"
#include "engine/io/hdf5_checksum.h"
#include "weights/keras.h"
#include "weights/onnx.h"
#include "weights/onnx_model.h"
#include "weights/safetensors.h"
#include "weights/torch_stream.h"
#include "weights/torch_tar.h"
#include "weights/torch_zip.h"

namespace cudenza {
static_assert(std::endian::native == std::endian::little);
namespace {

constexpr size_t kPiece = 1 << 16;  // elements converted at a time

bool begins_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

WeightContainer detect(const FileBytes& file) {
  std::array<std::byte, 512> block{};
  const std::span<std::byte> head = std::span(block).first(static_cast<size_t>(std::min<uint64_t>(file.size(), block.size())));
  file.read(0, head);
  if (begins_with(head, "PK\3\4")) return WeightContainer::torch_zip;
  if (begins_with(head, "\x80\x02\x8a\x0a")) return WeightContainer::torch_stream;
  if (is_tar_header(head)) return WeightContainer::torch_tar;
  if (head.size() > 8 && head[8] == std::byte{'{'}) return WeightContainer::safetensors;
  if (hdf5::begins_as_hdf5({reinterpret_cast<const char*>(head.data()), head.size()})) return WeightContainer::keras;
  if (begins_as_onnx(head)) return WeightContainer::onnx;
  if (file.size() == 0) file.fail("is empty");
  if (begins_with(head, "\x80")) file.fail("is a pickle, but not one that torch.save wrote");
  if (begins_with(head, "<")) file.fail("looks like a web page, not weights: was the download an error message?");
  file.fail(
      "is none of the formats of weights that are read: PyTorch's .pth (zip, tar or stream), safetensors, ONNX and Keras's "
      "HDF5");
}

WeightContent read_content(const FileBytes& file, WeightContainer container) {
  switch (container) {
    case WeightContainer::torch_zip: return {.state_dicts = read_torch_zip(file)};
    case WeightContainer::torch_tar: return {.state_dicts = read_torch_tar(file)};
    case WeightContainer::torch_stream: return {.state_dicts = read_torch_stream(file)};
    case WeightContainer::safetensors: return read_safetensors(file);
    case WeightContainer::onnx: return read_onnx(file);
    case WeightContainer::keras: break;
  }
  return read_keras(file);
}

/// The value at `from`, which need not be aligned.
template <class T> float float_at(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<float>(value);
}

}  // namespace

std::string_view name_of(WeightContainer container) {
  constexpr std::array<std::string_view, 6> kNames{
      "PyTorch zip", "PyTorch tar (legacy)", "PyTorch stream (legacy)", "safetensors", "ONNX", "Keras HDF5"};
  return kNames[static_cast<size_t>(container)];
}

WeightSource::WeightSource(const std::filesystem::path& path)
    : file_(path), container_(detect(file_)), content_(read_content(file_, container_)) {
  for (StateDict& dict : content_.state_dicts) take_off_wrappers(dict);
  const auto unreadable = [](const StateDict& dict) { return !dict.fault.empty(); };
  if (std::ranges::all_of(state_dicts(), unreadable)) throw DataError(state_dicts().front().fault);
}

TensorReader::TensorReader(const FileBytes& file, const TensorRecord& record)
    : file_(file), record_(record), contiguous_(record.is_contiguous()), index_(record.sizes.size(), 0) {
  if (record.minus) minus_ = std::make_unique<TensorReader>(file, *record.minus);
  if (contiguous_) return;
  raw_.resize(static_cast<size_t>(record.extent()) * size_of(record.dtype));
  read_bytes(record.begin, raw_);
}

void TensorReader::read(std::span<float> out) {
  read_stored(out);
  if (!minus_ && record_.plus == 0) return;
  std::vector<float> minus(out.size(), 0.0F);
  if (minus_) minus_->read(minus);
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(static_cast<double>(out[i]) - static_cast<double>(minus[i]) + record_.plus);
}

void TensorReader::read_stored(std::span<float> out) {
  if (contiguous_) read_contiguous(out);
  else read_strided(out);
}

void TensorReader::read_bytes(uint64_t at, std::span<std::byte> out) const {
  if (record_.store) record_.store->read(at, out);
  else file_.read(at, out);
}

void TensorReader::read_contiguous(std::span<float> out) {
  const size_t size = size_of(record_.dtype);
  const uint64_t begin = record_.begin + position_ * size;
  position_ += out.size();
  if (record_.dtype == DType::f32) return read_bytes(begin, std::as_writable_bytes(out));
  for (size_t done = 0; done < out.size(); done += kPiece) {
    const size_t count = std::min(kPiece, out.size() - done);
    raw_.resize(count * size);
    read_bytes(begin + done * size, raw_);
    dispatch_any("weights", record_.dtype, [&]<class T>() {
      for (size_t i = 0; i < count; ++i) out[done + i] = float_at<T>(raw_.data() + i * sizeof(T));
    });
  }
}

void TensorReader::read_strided(std::span<float> out) {
  const auto axes = static_cast<int>(index_.size());
  dispatch_any("weights", record_.dtype, [&]<class T>() {
    for (float& value : out) {
      int64_t at = 0;
      for (int axis = 0; axis < axes; ++axis) at += index_[axis] * record_.strides[axis];
      value = float_at<T>(raw_.data() + static_cast<size_t>(at) * sizeof(T));
      for (int axis = axes; axis-- > 0 && ++index_[axis] == record_.sizes[axis];) index_[axis] = 0;
    }
  });
}

}  // namespace cudenza
