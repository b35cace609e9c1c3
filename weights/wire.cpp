#include "weights/wire.h"

#include <bit>

namespace cudenza {

uint64_t read_varint(ByteStream& in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint64_t byte = in.u8();
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  in.fail("has a number of more than 64 bits: the file is corrupt");
}

WireReader::WireReader(const FileBytes& file, Range range, std::string what)
    : in_(file, range.begin, range.begin + range.bytes, std::move(what)) {}

bool WireReader::next() {
  if (kind_ == Kind::bytes && field_ != 0 && in_.position() < begin_ + value_) in_.skip(begin_ + value_ - in_.position());
  if (in_.remaining() == 0) return false;
  constexpr uint64_t kMostFields = (uint64_t{1} << 29) - 1;
  const uint64_t tag = read_varint(in_), number = tag >> 3;
  if (number == 0 || number > kMostFields) fail("has a field of number {}: the file is corrupt", number);
  field_ = static_cast<uint32_t>(number);
  switch (tag & 7) {
    case 0: value_ = read_varint(in_); break;
    case 1: value_ = in_.u64(); break;
    case 2: value_ = read_varint(in_); break;
    case 5: value_ = in_.u32(); break;
    default: fail("has a field of kind {}, which is not read: the file is corrupt", tag & 7);
  }
  kind_ = static_cast<Kind>(tag & 7);
  begin_ = in_.position();
  if (kind_ == Kind::bytes && value_ > in_.remaining())
    fail("field {} should have {} bytes, but ends after {}: the file is cut off or corrupt", field_, value_, in_.remaining());
  return true;
}

void WireReader::require_kind(Kind kind) const {
  if (kind_ != kind)
    fail("field {} is of kind {} and not {}: the file is corrupt", field_, static_cast<int>(kind_), static_cast<int>(kind));
}

uint64_t WireReader::number() const {
  require_kind(Kind::varint);
  return value_;
}

float WireReader::real() const {
  require_kind(Kind::four_bytes);
  return std::bit_cast<float>(static_cast<uint32_t>(value_));
}

WireReader::Range WireReader::range() const {
  require_kind(Kind::bytes);
  return {begin_, value_};
}

std::string WireReader::text(size_t most) {
  require_kind(Kind::bytes);
  if (value_ > most) fail("field {} is a text of {} bytes, and at most {} are read", field_, value_, most);
  return in_.bytes(value_);
}

void WireReader::numbers(std::vector<int64_t>& list, size_t most) const {
  const auto add = [&](uint64_t value) {
    if (list.size() >= most) fail("field {} has more than {} numbers", field_, most);
    list.push_back(static_cast<int64_t>(value));
  };
  if (kind_ == Kind::varint) return add(value_);
  const Range packed = range();
  ByteStream in(file(), packed.begin, packed.begin + packed.bytes, "packed numbers");
  while (in.remaining() > 0) add(read_varint(in));
}

}  // namespace cudenza
