#include "weights/torch_stream.h"

#include <map>

#include "weights/torch_state.h"

namespace cudenza {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr int64_t kProtocol = 1001;

const auto kNoGlobals = [](const std::string&) { return false; };

void read_preamble(ByteStream& in) {
  if (Pickle(in, kNoGlobals).root().text != kMagic) in.fail("does not begin with PyTorch's magic number");
  if (Pickle(in, kNoGlobals).root().integer != kProtocol) in.fail("has an unknown protocol version");
  check_byte_order(in.file(), Pickle(in, kNoGlobals));
}

/// The dtype of each storage that the object's pickle refers to.
std::map<std::string, DType> storage_types(const FileBytes& file, const Pickle& object) {
  std::map<std::string, DType> types;
  for (const Value& value : object.values()) {
    if (value.kind != Kind::persistent) continue;
    const StorageId id = storage_id_of(file, object, object[value.items[0]]);
    types.emplace(id.key, id.dtype);
  }
  return types;
}

/// Where each storage's numbers are.
std::map<std::string, StoredNumbers> find_storages(ByteStream& in, const Pickle& keys,
                                                   const std::map<std::string, DType>& types) {
  std::map<std::string, StoredNumbers> storages;
  for (const Pickle::Ref ref : keys.root().items) {
    const std::string& key = keys[ref].text;
    const auto type = types.find(key);
    if (type == types.end()) in.fail("has a storage that no tensor uses");
    const uint64_t count = in.u64();
    if (count > in.remaining() / size_of(type->second))
      in.fail("a storage should have {} numbers, but the file ends: it is cut off or corrupt", count);
    if (!storages.emplace(key, StoredNumbers{type->second, in.position(), count}).second) in.fail("has a storage twice");
    in.skip(count * size_of(type->second));
  }
  return storages;
}

/// The part of a storage that a view (key, offset, count) covers.
StoredNumbers viewed(const FileBytes& file, const Pickle& object, const StoredNumbers& whole, const Value& view) {
  if (view.kind == Kind::none) return whole;
  if (view.items.size() != 3 || object[view.items[1]].kind != Kind::integer || object[view.items[2]].kind != Kind::integer)
    file.fail("has a view of a storage that is no (key, offset, count)");
  const int64_t offset = object[view.items[1]].integer, count = object[view.items[2]].integer;
  const auto end = static_cast<int64_t>(whole.count);
  if (offset < 0 || count < 0 || offset > end || count > end - offset) file.fail("has a view that leaves its storage");
  return {whole.dtype, whole.begin + static_cast<uint64_t>(offset) * size_of(whole.dtype), static_cast<uint64_t>(count)};
}

}  // namespace

std::vector<StateDict> read_torch_stream(const FileBytes& file) {
  ByteStream in(file, 0, file.size(), "pickles");
  read_preamble(in);
  const Pickle object(in, is_inert_global);
  const Pickle keys(in, kNoGlobals);
  const auto storages = find_storages(in, keys, storage_types(file, object));
  const auto storage = [&](const Value& value) -> StoredNumbers {
    const StorageId id = storage_id_of(file, object, value);
    const auto at = storages.find(id.key);
    if (at == storages.end() || at->second.dtype != id.dtype || at->second.count < id.count)
      file.fail("storage {} is missing, or smaller or of another type than said", printable(id.key));
    return id.view ? viewed(file, object, at->second, *id.view) : at->second;
  };
  return state_dicts_of(file, object, {.storage = storage});
}

}  // namespace cudenza
