/// The wire format of protocol buffers: fields one after another, each a number and a value. Bounds are those of ByteStream;
/// a varint is at most ten bytes long and fits 64 bits, and groups, which nobody writes any more, are refused.
#pragma once
#include "weights/file_bytes.h"

namespace cudenza {

/// Reads the fields of one message.
class WireReader {
 public:
  struct Range {
    uint64_t begin = 0, bytes = 0;
  };

  /// A message that is the file's bytes [begin, begin + bytes).
  WireReader(const FileBytes& file, Range range, std::string what);

  const FileBytes& file() const { return in_.file(); }
  /// Goes to the next field. False at the message's end.
  bool next();
  uint32_t field() const { return field_; }

  // The value of the field, whose kind must be the one that is asked for.
  uint64_t number() const;
  int64_t integer() const { return static_cast<int64_t>(number()); }
  float real() const;
  /// Where the field's bytes are.
  Range range() const;
  /// The field as text, of at most so many bytes. Once a field.
  std::string text(size_t most);
  WireReader message(std::string what) const { return {file(), range(), std::move(what)}; }
  /// Adds to `list` the field's number, or, where they are packed, all its numbers; the list may grow to `most`.
  void numbers(std::vector<int64_t>& list, size_t most) const;

  template <class... Args> [[noreturn]] void fail(fmt::format_string<Args...> what, Args&&... args) const {
    in_.fail(what, std::forward<Args>(args)...);
  }

 private:
  enum class Kind : uint8_t { varint = 0, eight_bytes = 1, bytes = 2, four_bytes = 5 };
  void require_kind(Kind) const;

  ByteStream in_;
  uint32_t field_ = 0;
  Kind kind_ = Kind::varint;
  uint64_t value_ = 0;  ///< a number, or the length of the bytes
  uint64_t begin_ = 0;  ///< of the bytes
};

/// The next varint. Throws DataError if it is longer than ten bytes or does not fit 64 bits.
uint64_t read_varint(ByteStream&);

}  // namespace cudenza
