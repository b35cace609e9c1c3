/// Python pickles (protocol 2) read as data: builds plain values and executes nothing.
///
/// A pickle is a program for a stack machine. Only the instructions that torch.save writes are accepted. A call (REDUCE, NEWOBJ)
/// becomes a value that records the function and its arguments; `Allowed` decides which functions may be named at all. Values
/// refer to each other by number, so pickles with cycles or shared parts are harmless.
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
    long_bytes,  ///< an integer of more than 64 bits: `text` holds its little-endian bytes
    real,        ///< `real`
    text,        ///< str or bytes
    tuple,
    list,
    set,
    dict,        ///< `items` are key, value, key, value, …; also for OrderedDict
    global,      ///< a class or function: `text` is "module name"
    call,        ///< a call that was not executed: `text` is the global; `items` are the arguments
    persistent,  ///< an object outside the pickle: `items[0]` is its id
  };
  using Ref = uint32_t;  ///< the number of a value

  struct Value {
    Kind kind = Kind::none;
    int64_t integer = 0;
    double real = 0;
    std::string text = {};
    std::vector<Ref> items = {};
  };

  /// Whether a pickle may use this global ("torch FloatStorage").
  using Allowed = std::function<bool(const std::string& global)>;

  /// Reads one pickle; the stream is then at the byte after it. Throws DataError for everything unknown.
  Pickle(ByteStream&, const Allowed&);

  const Value& root() const { return values_[root_]; }
  const Value& operator[](Ref r) const { return values_[r]; }
  const std::deque<Value>& values() const { return values_; }

  /// The value of a string key in a dict; null if there is none. The last one counts, as in Python.
  const Value* find(const Value& dict, std::string_view key) const;

 private:
  friend class PickleMachine;
  std::deque<Value> values_;
  Ref root_ = 0;
};

}  // namespace cudenza
