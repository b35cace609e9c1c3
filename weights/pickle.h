/// Python's pickles (protocol 2) read as data: a machine that builds plain values and executes nothing.
///
/// A pickle is a program for a stack machine. Of its instructions those are known that torch.save writes; a call (REDUCE,
/// NEWOBJ) becomes a value that says what would have been called with what, and only names that `Allowed` knows may be
/// called at all. Values refer to each other by number, so that a pickle which makes circles or shares parts is harmless.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "weights/file_bytes.h"

namespace cudenza {

class Pickle {
 public:
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,     ///< `integer`
    long_bytes,  ///< an integer of more than 64 bits: its little-endian bytes are `text`
    real,        ///< `real`
    text,        ///< str or bytes
    tuple,
    list,
    set,
    dict,        ///< `items` are key, value, key, value, …; an OrderedDict too
    global,      ///< a class or function: `text` is "module name"
    call,        ///< `text` of a global that would be called; `items` are the arguments
    persistent,  ///< what lies outside the pickle: `items[0]` is its id
  };
  using Ref = uint32_t;  ///< the number of a value

  struct Value {
    Kind kind = Kind::none;
    int64_t integer = 0;
    double real = 0;
    std::string text = {};
    std::vector<Ref> items = {};
  };

  /// Whether a pickle may name this global ("torch FloatStorage").
  using Allowed = std::function<bool(const std::string& global)>;

  /// Reads one pickle to its end; the stream then stands behind it. Throws DataError for everything it does not know.
  Pickle(ByteStream&, const Allowed&);

  const Value& root() const { return values_[root_]; }
  const Value& operator[](Ref r) const { return values_[r]; }
  const std::deque<Value>& values() const { return values_; }

  /// The value of a text key in a dict; null if there is none. The last one counts, as in Python.
  const Value* find(const Value& dict, std::string_view key) const;

 private:
  friend class PickleMachine;
  std::deque<Value> values_;
  Ref root_ = 0;
};

}  // namespace cudenza
