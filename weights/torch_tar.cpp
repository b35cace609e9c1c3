#include "weights/torch_tar.h"

#include <array>
#include <charconv>
#include <map>

#include "weights/torch_state.h"

namespace cudenza {
namespace {

using Kind = Pickle::Kind;
using Value = Pickle::Value;

constexpr uint64_t kBlock = 512;
constexpr int64_t kMostEntries = 1 << 17;

struct Range {
  uint64_t begin, end;
};

std::string_view field(std::span<const std::byte> block, size_t at, size_t length) {
  const std::string_view text(reinterpret_cast<const char*>(block.data()) + at, length);
  return text.substr(0, text.find('\0'));
}

/// An octal number with optional blanks around it; -1 if there is none.
int64_t octal(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  return error == std::errc() ? value : -1;
}

/// The members by name, without a leading "./".
std::map<std::string, Range> read_members(const FileBytes& file) {
  std::map<std::string, Range> members;
  std::array<std::byte, kBlock> block{};
  for (uint64_t at = 0; file.size() - at >= kBlock;) {
    file.read(at, block);
    if (!is_tar_header(block)) break;  // two blocks of zeros end the archive
    const int64_t bytes = octal(field(block, 124, 12));
    if (bytes < 0) file.fail("is a tar archive with a member of unknown size");
    file.check_range(at + kBlock, static_cast<uint64_t>(bytes), "a tar archive's member");
    std::string name(field(block, 0, 100));
    if (name.starts_with("./")) name.erase(0, 2);
    if (members.size() >= static_cast<size_t>(kMostEntries)) file.fail("is a tar archive of too many members");
    members[name] = {at + kBlock, at + kBlock + static_cast<uint64_t>(bytes)};
    at += kBlock + (static_cast<uint64_t>(bytes) + kBlock - 1) / kBlock * kBlock;
    if (at > file.size()) break;
  }
  return members;
}

ByteStream open_member(const FileBytes& file, const std::map<std::string, Range>& members, const std::string& name) {
  const auto at = members.find(name);
  if (at == members.end())
    file.fail("is a tar archive, but not one that torch.save wrote, or it is cut off: it has no member '{}'", name);
  return {file, at->second.begin, at->second.end, "member '" + name + "'"};
}

/// A key: an integer, or an integer as text.
int64_t key_of(const FileBytes& file, const Value& value) {
  if (value.kind == Kind::integer) return value.integer;
  int64_t key = 0;
  const auto [end, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), key);
  if (value.kind != Kind::text || error != std::errc() || end != value.text.data() + value.text.size())
    file.fail("refers to something by a key that is no number");
  return key;
}

int64_t read_count(ByteStream& in) {
  const Pickle count(in, is_torch_global);
  if (count.root().kind != Kind::integer || count.root().integer < 0 || count.root().integer > kMostEntries)
    in.fail("does not begin with a sensible count");
  return count.root().integer;
}

void check_fields(ByteStream& in, const Pickle& entry) {
  if (entry.root().kind != Kind::tuple || entry.root().items.size() != 3) in.fail("has an entry that is no triple");
}

using Storages = std::map<int64_t, StoredNumbers>;

void read_views(ByteStream& in, Storages& storages) {
  const Pickle views(in, is_torch_global);
  for (const Pickle::Ref ref : views.root().items) {
    const auto fields = integers_of(in.file(), views, views[ref], "a view of a storage");
    if (fields.size() != 4 || !storages.contains(fields[1])) in.fail("has a view of an unknown storage");
    const StoredNumbers whole = storages[fields[1]];
    const auto end = static_cast<int64_t>(whole.count);
    const int64_t offset = fields[2], count = fields[3];
    if (offset < 0 || count < 0 || offset > end || count > end - offset) in.fail("has a view that leaves its storage");
    storages[fields[0]] = {whole.dtype, whole.begin + static_cast<uint64_t>(offset) * size_of(whole.dtype),
                           static_cast<uint64_t>(count)};
  }
}

Storages read_storages(ByteStream in) {
  Storages storages;
  for (int64_t left = read_count(in); left > 0; --left) {
    const Pickle entry(in, is_torch_global);
    check_fields(in, entry);
    const DType dtype = storage_dtype(in.file(), entry[entry.root().items[2]]);
    const uint64_t count = in.u64();
    if (count > in.remaining() / size_of(dtype)) in.fail("a storage should have {} numbers, but the member ends", count);
    storages[key_of(in.file(), entry[entry.root().items[0]])] = {dtype, in.position(), count};
    in.skip(count * size_of(dtype));
  }
  read_views(in, storages);
  return storages;
}

std::vector<int64_t> read_integers(ByteStream& in, size_t count) {
  std::vector<int64_t> values(count);
  for (int64_t& value : values) value = in.i64();
  return values;
}

std::map<int64_t, TensorRecord> read_tensors(ByteStream in, const Storages& storages) {
  std::map<int64_t, TensorRecord> tensors;
  for (int64_t left = read_count(in); left > 0; --left) {
    const Pickle entry(in, is_torch_global);
    check_fields(in, entry);
    const auto& items = entry.root().items;
    const int32_t axes = in.i32();
    in.skip(4);
    if (axes < 0 || axes > static_cast<int32_t>(kMostAxes)) in.fail("has a tensor of {} axes", axes);
    auto sizes = read_integers(in, static_cast<size_t>(axes)), strides = read_integers(in, static_cast<size_t>(axes));
    const int64_t offset = in.i64(), key = key_of(in.file(), entry[items[0]]);
    StoredNumbers numbers;  // an empty tensor has no storage
    if (entry[items[1]].kind != Kind::none) {
      const auto storage = storages.find(key_of(in.file(), entry[items[1]]));
      if (storage == storages.end()) in.fail("has a tensor on an unknown storage");
      numbers = storage->second;
    }
    tensors[key] =
        checked_record(in.file(), fmt::format("tensor {}", key), numbers, offset, std::move(sizes), std::move(strides));
  }
  return tensors;
}

}  // namespace

bool is_tar_header(std::span<const std::byte> block) {
  if (block.size() < kBlock) return false;
  int64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : std::to_integer<int>(block[i]);
  return std::to_integer<int>(block[0]) != 0 && octal(field(block, 148, 8)) == sum;
}

std::vector<StateDict> read_torch_tar(const FileBytes& file) {
  const auto members = read_members(file);
  const auto tensors = read_tensors(open_member(file, members, "tensors"), read_storages(open_member(file, members, "storages")));
  ByteStream system = open_member(file, members, "sys_info"), in = open_member(file, members, "pickle");
  check_byte_order(file, Pickle(system, is_torch_global));
  const Pickle object(in, is_inert_global);
  const auto tensor = [&](const Value& id) -> TensorRecord {
    const auto at = tensors.find(key_of(file, id));
    if (at == tensors.end()) file.fail("has a name for an unknown tensor");
    return at->second;
  };
  const auto no_storage = [&](const Value&) -> StoredNumbers {
    file.fail("rebuilds a tensor, which this container does not do");
  };
  return state_dicts_of(file, object, {.storage = no_storage, .tensor = tensor});
}

}  // namespace cudenza
