#include "weights/torch_state.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace cudenza {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr int kMostNesting = 4;  // of wrappers around a state dict, and of parameters around a tensor

struct StorageClass {
  std::string_view name;
  std::optional<DType> dtype;
};
constexpr std::array<StorageClass, 14> kStorageClasses{{{"Float", DType::f32},
                                                        {"Half", DType::f16},
                                                        {"BFloat16", DType::bf16},
                                                        {"Double", DType::f64},
                                                        {"Long", DType::i64},
                                                        {"Int", DType::i32},
                                                        {"Short", DType::i16},
                                                        {"Byte", DType::u8},
                                                        {"Bool", DType::u8},
                                                        {"Char", std::nullopt},
                                                        {"ComplexFloat", std::nullopt},
                                                        {"ComplexDouble", std::nullopt},
                                                        {"QInt8", std::nullopt},
                                                        {"QUInt8", std::nullopt}}};

/// The row for "torch FloatStorage" or "torch.cuda FloatTensor"; null if it is neither.
const StorageClass* storage_class(std::string_view global) {
  for (const std::string_view module : {"torch ", "torch.cuda "}) {
    if (!global.starts_with(module)) continue;
    for (const StorageClass& row : kStorageClasses) {
      const std::string_view rest = global.substr(module.size());
      if (rest.starts_with(row.name) && (rest.substr(row.name.size()) == "Storage" || rest.substr(row.name.size()) == "Tensor"))
        return &row;
    }
  }
  return nullptr;
}

std::string dotted(std::string global) {
  std::ranges::replace(global, ' ', '.');
  return printable(global);
}

/// Finds the state dicts in a pickle.
class StateReader {
 public:
  StateReader(const FileBytes& file, const Pickle& pickle, const PersistentIds& ids) : file_(file), pickle_(pickle), ids_(ids) {}

  std::vector<StateDict> read() {
    const Value& root = pickle_.root();
    if (root.kind != Kind::dict) file_.fail("holds a {}, not a state dict{}", describe(root), remedy());
    collect(root, "", 0);
    if (found_.empty())
      file_.fail("holds no state dict: no tensors under names, neither itself nor under one of its keys ({}){}", keys_of(root),
                 remedy());
    return std::move(found_);
  }

 private:
  /// Adds the dict, if it has tensors, and those within it. Each is visited once, so cycles and shared parts are harmless.
  void collect(const Value& dict, const std::string& key, int depth) {
    if (!entered_.insert(&dict).second) return;
    if (StateDict own = state_dict(dict, key); !own.tensors.empty() || !own.fault.empty()) found_.push_back(std::move(own));
    if (depth == kMostNesting) return;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value &name = pickle_[dict.items[i]], &value = pickle_[dict.items[i + 1]];
      if (name.kind != Kind::text || value.kind != Kind::dict) continue;
      collect(value, key.empty() ? printable(name.text) : fmt::format("{}.{}", key, printable(name.text)), depth + 1);
    }
  }

  /// An unreadable dict may not be the one that is wanted: only records its fault.
  StateDict state_dict(const Value& dict, const std::string& key) {
    StateDict own{.key = key};
    try {
      own.tensors = tensors_of(dict);
    } catch (const DataError& e) {
      own.fault = e.what();
    }
    count_ += own.tensors.size();
    if (count_ > kMostTensors) file_.fail("holds more than {} tensors", kMostTensors);
    return own;
  }

  std::vector<TensorRecord> tensors_of(const Value& dict) const {
    std::map<std::string_view, size_t> places;  // a repeated key counts once: its last value
    std::vector<TensorRecord> all;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value &key = pickle_[dict.items[i]], &value = pickle_[dict.items[i + 1]];
      if (key.kind != Kind::text || !is_tensor(value, kMostNesting)) continue;
      check_tensor_name(file_, key.text);
      const auto [place, is_new] = places.emplace(key.text, all.size());
      TensorRecord record = tensor(value, key.text, kMostNesting);
      if (is_new) all.push_back(std::move(record));
      else all[place->second] = std::move(record);
      if (all.size() > kMostTensors) file_.fail("holds more than {} tensors", kMostTensors);
    }
    return all;
  }

  static std::string describe(const Value& value) {
    switch (value.kind) {
      case Kind::call: return "call of " + dotted(value.text);
      case Kind::list:
      case Kind::tuple: return "list";
      case Kind::persistent: return "single tensor";
      default: return "single value";
    }
  }

  /// The first text keys of a dict, for a message.
  std::string keys_of(const Value& dict) const {
    constexpr size_t kMostListed = 8;
    std::string listed;
    size_t count = 0;
    for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const Value& key = pickle_[dict.items[i]];
      if (key.kind == Kind::text && ++count <= kMostListed) listed += (listed.empty() ? "" : ", ") + printable(key.text);
    }
    if (count > kMostListed) listed += fmt::format(" and {} more", count - kMostListed);
    return listed.empty() ? "it has none that are names" : listed;
  }

  /// A whole module, or anything else with its own classes, is no state dict: the class name tells the user what was saved.
  std::string remedy() const {
    for (const Value& value : pickle_.values()) {
      if (value.kind == Kind::global && !is_torch_global(value.text))
        return fmt::format(
            "; the pickle names {}, which has no place among weights; nothing was executed; save model.state_dict()",
            dotted(value.text));
    }
    return "; save model.state_dict()";
  }

  bool is_tensor(const Value& value, int nesting) const {
    if (value.kind == Kind::persistent) return ids_.tensor != nullptr;
    if (value.kind != Kind::call || nesting == 0) return false;
    if (is_parameter(value)) return !value.items.empty() && is_tensor(pickle_[value.items[0]], nesting - 1);
    return value.text.starts_with("torch._utils _rebuild_tensor");
  }

  static bool is_parameter(const Value& value) {
    return value.text.starts_with("torch._utils _rebuild_parameter") || value.text == "torch.nn.parameter Parameter";
  }

  TensorRecord tensor(const Value& value, const std::string& name, int nesting) const {
    if (value.kind == Kind::persistent) {
      TensorRecord record = ids_.tensor(pickle_[value.items[0]]);
      record.name = name;
      return record;
    }
    if (is_parameter(value)) return tensor(pickle_[value.items[0]], name, nesting - 1);
    // _rebuild_tensor[_v2](storage, offset, sizes, strides[, requires_grad, hooks])
    if (value.items.size() < 4) file_.fail("{}: is rebuilt from too little", name);
    const Value &storage = pickle_[value.items[0]], &offset = pickle_[value.items[1]];
    if (storage.kind != Kind::persistent || offset.kind != Kind::integer) file_.fail("{}: is not rebuilt from a storage", name);
    return checked_record(file_, name, ids_.storage(pickle_[storage.items[0]]), offset.integer,
                          integers_of(file_, pickle_, pickle_[value.items[2]], name),
                          integers_of(file_, pickle_, pickle_[value.items[3]], name));
  }

  const FileBytes& file_;
  const Pickle& pickle_;
  const PersistentIds& ids_;
  std::set<const Value*> entered_;
  std::vector<StateDict> found_;
  size_t count_ = 0;
};

}  // namespace

bool is_torch_global(const std::string& global) {
  static constexpr std::string_view kOthers[] = {"collections OrderedDict",
                                                 "torch._utils _rebuild_tensor",
                                                 "torch._utils _rebuild_tensor_v2",
                                                 "torch._utils _rebuild_parameter",
                                                 "torch._utils _rebuild_parameter_with_state",
                                                 "torch.nn.parameter Parameter",
                                                 "torch Size"};
  return storage_class(global) != nullptr || std::ranges::find(kOthers, global) != std::end(kOthers);
}

bool is_inert_global(const std::string& global) {
  static constexpr std::string_view kModules[] = {"os",      "posix",  "nt",         "subprocess", "sys",      "shutil",
                                                  "socket",  "runpy",  "pty",        "pdb",        "bdb",      "code",
                                                  "ctypes",  "imp",    "importlib",  "pickle",     "timeit",   "trace",
                                                  "asyncio", "urllib", "webbrowser", "marshal",    "commands", "http"};
  static constexpr std::string_view kFunctions[] = {"eval", "exec",       "execfile", "compile",
                                                    "open", "__import__", "input",    "breakpoint"};
  const std::string_view all = global, module = all.substr(0, all.find(' '));
  if (module == "builtins" || module == "__builtin__")
    return std::ranges::find(kFunctions, all.substr(std::min(all.size(), module.size() + 1))) == std::end(kFunctions);
  return std::ranges::find(kModules, module.substr(0, module.find('.'))) == std::end(kModules);
}

DType storage_dtype(const FileBytes& file, const Pickle::Value& value) {
  const StorageClass* row = value.kind == Kind::global ? storage_class(value.text) : nullptr;
  if (!row) file.fail("has a storage without a type");
  if (!row->dtype) file.fail("has a {}, whose numbers have no place among weights", value.text.substr(value.text.find(' ') + 1));
  return *row->dtype;
}

void check_byte_order(const FileBytes& file, const Pickle& system) {
  const Value* is_little = system.find(system.root(), "little_endian");
  if (is_little && is_little->kind == Kind::boolean && is_little->integer == 0)
    file.fail("was saved on a big-endian machine; only little-endian numbers are read");
}

std::vector<int64_t> integers_of(const FileBytes& file, const Pickle& pickle, const Value& value, std::string_view what) {
  const Value* sequence = &value;
  if (value.kind == Kind::call && value.text == "torch Size" && value.items.size() == 1) sequence = &pickle[value.items[0]];
  if ((sequence->kind != Kind::tuple && sequence->kind != Kind::list) || sequence->items.size() > kMostAxes)
    file.fail("{}: its sizes, strides or extent are no short list", what);
  std::vector<int64_t> integers;
  for (const Pickle::Ref item : sequence->items) {
    if (pickle[item].kind != Kind::integer) file.fail("{}: its sizes, strides or extent are no integers", what);
    integers.push_back(pickle[item].integer);
  }
  return integers;
}

StorageId storage_id_of(const FileBytes& file, const Pickle& pickle, const Value& id) {
  const auto field = [&](size_t i) -> const Value& { return pickle[id.items[i]]; };
  if (id.kind != Kind::tuple || (id.items.size() != 5 && id.items.size() != 6) || field(0).text != "storage" ||
      field(2).kind != Kind::text || field(4).kind != Kind::integer || field(4).integer < 0)
    file.fail("refers to something outside its pickle that is no storage");
  return {storage_dtype(file, field(1)), field(2).text, static_cast<uint64_t>(field(4).integer),
          id.items.size() == 6 ? &field(5) : nullptr};
}

std::vector<StateDict> state_dicts_of(const FileBytes& file, const Pickle& pickle, const PersistentIds& ids) {
  return StateReader(file, pickle, ids).read();
}

}  // namespace cudenza
