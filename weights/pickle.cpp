#include "weights/pickle.h"

#include <bit>
#include <unordered_map>

namespace cudenza {
namespace {

constexpr size_t kMostValues = 1 << 19;  // ResNet50's state dict makes 9000
constexpr size_t kMostNameLength = 128;

using Kind = Pickle::Kind;
using Ref = Pickle::Ref;

}  // namespace

/// Runs one pickle.
class PickleMachine {
 public:
  PickleMachine(ByteStream& in, const Pickle::Allowed& allowed, Pickle& out) : in_(in), allowed_(allowed), values_(out.values_) {}

  Ref run() {
    while (true) {
      const uint8_t opcode = in_.u8();
      if (opcode == '.') return pop();
      if (!constant(opcode) && !collection(opcode) && !memo(opcode) && !call(opcode))
        in_.fail("the pickle has an instruction {:#04x}, which torch.save does not write in protocol 2", opcode);
    }
  }

 private:
  bool constant(uint8_t opcode) {
    switch (opcode) {
      case 0x80: return check_protocol(in_.u8()), true;                                 // PROTO
      case 'N': return push({.kind = Kind::none}), true;                                // NONE
      case 0x88: return push({.kind = Kind::boolean, .integer = 1}), true;              // NEWTRUE
      case 0x89: return push({.kind = Kind::boolean, .integer = 0}), true;              // NEWFALSE
      case 'J': return push({.kind = Kind::integer, .integer = in_.i32()}), true;       // BININT
      case 'K': return push({.kind = Kind::integer, .integer = in_.u8()}), true;        // BININT1
      case 'M': return push({.kind = Kind::integer, .integer = in_.u16()}), true;       // BININT2
      case 0x8a: return push(long_integer(in_.bytes(in_.u8()))), true;                  // LONG1
      case 0x8b: return push(long_integer(in_.bytes(in_.u32()))), true;                 // LONG4
      case 'G': return push({.kind = Kind::real, .real = big_endian_double()}), true;   // BINFLOAT
      case 'X':                                                                         // BINUNICODE
      case 'T': return push({.kind = Kind::text, .text = in_.bytes(in_.u32())}), true;  // BINSTRING
      case 'U': return push({.kind = Kind::text, .text = in_.bytes(in_.u8())}), true;   // SHORT_BINSTRING
      default: return false;
    }
  }

  bool collection(uint8_t opcode) {
    switch (opcode) {
      case '(': return mark(), true;                                 // MARK
      case ')': return push({.kind = Kind::tuple}), true;            // EMPTY_TUPLE
      case ']': return push({.kind = Kind::list}), true;             // EMPTY_LIST
      case '}': return push({.kind = Kind::dict}), true;             // EMPTY_DICT
      case 0x8f: return push({.kind = Kind::set}), true;             // EMPTY_SET
      case 't': return push_tuple(pop_to_mark()), true;              // TUPLE
      case 0x85:                                                     // TUPLE1
      case 0x86:                                                     // TUPLE2
      case 0x87: return push_tuple(pop_many(opcode - 0x84u)), true;  // TUPLE3
      case 'a': return extend(Kind::list, pop_many(1)), true;        // APPEND
      case 'e': return extend(Kind::list, pop_to_mark()), true;      // APPENDS
      case 's': return extend(Kind::dict, pop_many(2)), true;        // SETITEM
      case 'u': return extend(Kind::dict, pop_to_mark()), true;      // SETITEMS
      default: return false;
    }
  }

  bool memo(uint8_t opcode) {
    switch (opcode) {
      case '0': return (void)pop(), true;          // POP
      case '1': return (void)pop_to_mark(), true;  // POP_MARK
      case 'q': return put(in_.u8()), true;        // BINPUT
      case 'r': return put(in_.u32()), true;       // LONG_BINPUT
      case 'h': return recall(in_.u8()), true;     // BINGET
      case 'j': return recall(in_.u32()), true;    // LONG_BINGET
      default: return false;
    }
  }

  bool call(uint8_t opcode) {
    switch (opcode) {
      case 'c': return global(), true;     // GLOBAL
      case 'R':                            // REDUCE
      case 0x81: return call(), true;      // NEWOBJ
      case 'b': return (void)pop(), true;  // BUILD: ignores the state that it would set on the object below
      case 'Q': return push({.kind = Kind::persistent, .items = {pop()}}), true;  // BINPERSID
      default: return false;
    }
  }

  void check_protocol(uint8_t protocol) {
    if (protocol > 2) in_.fail("the pickle has protocol {}; torch.save writes 2 unless told otherwise", protocol);
  }

  Pickle::Value long_integer(std::string bytes) {
    if (bytes.size() > 8) return {.kind = Kind::long_bytes, .text = std::move(bytes)};
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
    const int unused = 64 - 8 * static_cast<int>(bytes.size());  // sign: the top bit of the last byte
    return {.kind = Kind::integer, .integer = unused == 64 ? 0 : static_cast<int64_t>(value << unused) >> unused};
  }

  double big_endian_double() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | in_.u8();
    return std::bit_cast<double>(bits);
  }

  void global() {
    const std::string module = in_.line(kMostNameLength), name = in_.line(kMostNameLength);
    std::string global = module + ' ' + name;
    if (!allowed_(global))
      in_.fail("the pickle names {}.{}, which has no place among weights; nothing was executed", printable(module),
               printable(name));
    push({.kind = Kind::global, .text = std::move(global)});
  }

  void call() {
    const Ref arguments = pop(), callee = pop();
    const Kind kind = values_[callee].kind;
    if ((kind != Kind::global && kind != Kind::call) || values_[arguments].kind != Kind::tuple)
      in_.fail("the pickle calls what is no function, or without a tuple of arguments");
    if (values_[callee].text == "collections OrderedDict") return ordered_dict(values_[arguments]);
    if (values_[callee].text == "collections defaultdict") return push({.kind = Kind::dict});
    push({.kind = Kind::call, .text = values_[callee].text, .items = values_[arguments].items});
  }

  /// OrderedDict() of Python 3, or OrderedDict([[key, value], …]) of Python 2.
  void ordered_dict(const Pickle::Value& arguments) {
    Pickle::Value dict{.kind = Kind::dict};
    if (arguments.items.size() > 1) in_.fail("the pickle makes an OrderedDict of more than one argument");
    for (const Ref list : arguments.items) {
      for (const Ref pair : values_[list].items) {
        if (values_[pair].items.size() != 2) in_.fail("the pickle makes an OrderedDict of what are no pairs");
        dict.items.insert(dict.items.end(), values_[pair].items.begin(), values_[pair].items.end());
        count(2);
      }
    }
    push(std::move(dict));
  }

  // The stack.

  /// Counts values, and references that take no byte of the pickle, against one limit.
  void count(size_t more) {
    counted_ += more;
    if (counted_ > kMostValues) in_.fail("the pickle holds more than {} values", kMostValues);
  }

  void push(Pickle::Value&& value) {
    count(1);
    count(value.kind == Kind::call ? value.items.size() : 0);
    values_.push_back(std::move(value));
    stack_.push_back(static_cast<Ref>(values_.size() - 1));
  }

  void push_tuple(std::vector<Ref>&& items) { push({.kind = Kind::tuple, .items = std::move(items)}); }

  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  Ref pop() {
    if (stack_.size() <= floor()) in_.fail("the pickle takes more from its stack than there is");
    const Ref top = stack_.back();
    stack_.pop_back();
    return top;
  }

  void mark() {
    count(1);
    marks_.push_back(stack_.size());
  }

  std::vector<Ref> pop_many(size_t wanted) {
    if (stack_.size() - floor() < wanted) in_.fail("the pickle takes more from its stack than there is");
    std::vector<Ref> items(stack_.end() - static_cast<std::ptrdiff_t>(wanted), stack_.end());
    stack_.resize(stack_.size() - wanted);
    return items;
  }

  std::vector<Ref> pop_to_mark() {
    if (marks_.empty()) in_.fail("the pickle looks for a mark that was not set");
    std::vector<Ref> items = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  void extend(Kind kind, std::vector<Ref>&& items) {
    const bool is_call = stack_.size() > floor() && values_[stack_.back()].kind == Kind::call;
    if (stack_.size() <= floor() || (values_[stack_.back()].kind != kind && !is_call))
      in_.fail("the pickle adds to a {} where there is none", kind == Kind::list ? "list" : "dict");
    if (kind == Kind::dict && items.size() % 2 != 0) in_.fail("the pickle has a key without a value");
    if (is_call) return;  // an object of another class that is also a list or dict: its items are ignored
    auto& all = values_[stack_.back()].items;
    all.insert(all.end(), items.begin(), items.end());
  }

  // The memo.

  void put(uint32_t slot) {
    if (stack_.size() <= floor()) in_.fail("the pickle remembers a value where there is none");
    count(memo_.contains(slot) ? 0 : 1);
    memo_[slot] = stack_.back();
  }

  void recall(uint32_t slot) {
    const auto at = memo_.find(slot);
    if (at == memo_.end()) in_.fail("the pickle recalls value {}, which was not remembered", slot);
    count(1);
    stack_.push_back(at->second);
  }

  ByteStream& in_;
  const Pickle::Allowed& allowed_;
  std::deque<Pickle::Value>& values_;
  std::vector<Ref> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Ref> memo_;
  size_t counted_ = 0;
};

Pickle::Pickle(ByteStream& in, const Allowed& allowed) { root_ = PickleMachine(in, allowed, *this).run(); }

const Pickle::Value* Pickle::find(const Value& dict, std::string_view key) const {
  const Value* found = nullptr;
  if (dict.kind != Kind::dict) return found;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const Value& name = values_[dict.items[i]];
    if (name.kind == Kind::text && name.text == key) found = &values_[dict.items[i + 1]];
  }
  return found;
}

}  // namespace cudenza
