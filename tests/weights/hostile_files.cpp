#include "tests/weights/hostile_files.h"

#include <fmt/format.h>

namespace cudenza::testing {

std::string little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

namespace pickled {

std::string text(const std::string& t) { return "X" + little(t.size(), 4) + t; }
std::string integer(int64_t value) { return "\x8a\x08" + little(static_cast<uint64_t>(value), 8); }
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string tuple(const std::string& items) { return "(" + items + "t"; }

std::string tensor(const std::string& key, int64_t count, const std::string& offset, const std::string& sizes,
                   const std::string& strides) {
  const std::string id =
      tuple(text("storage") + global("torch", "FloatStorage") + text(key) + text("cpu") + integer(count)) + "Q";
  return global("torch._utils", "_rebuild_tensor_v2") + tuple(id + offset + tuple(sizes) + tuple(strides) + "\x89}") + "R";
}

std::string dict(const std::string& name, const std::string& value) { return "}" + text(name) + value + "s"; }
std::string whole(const std::string& value) { return kBegin + value + kStop; }

}  // namespace pickled

namespace {

struct Placed {
  const ZipMember& member;
  uint64_t at;
};

std::string directory_entry(const Placed& placed, const ZipLies& lies) {
  const ZipMember& m = placed.member;
  const uint64_t bytes = m.content.size() + lies.more_bytes, at = placed.at + lies.later;
  const uint64_t saturated = 0xFFFFFFFF;
  const std::string extra =
      lies.zip64 ? little(1, 2) + little(24, 2) + little(bytes, 8) + little(bytes, 8) + little(at, 8) : std::string();
  return little(0x02014b50, 4) + little(45, 2) + little(45, 2) + little(m.flags, 2) + little(m.method, 2) + little(0, 8) +
         little(lies.zip64 ? saturated : bytes, 4) + little(lies.zip64 ? saturated : bytes, 4) + little(m.name.size(), 2) +
         little(extra.size(), 2) + little(0, 10) + little(lies.zip64 ? saturated : at, 4) + m.name + extra;
}

}  // namespace

std::string zip_of(const std::vector<ZipMember>& members, const ZipLies& lies) {
  std::string file, directory;
  for (const ZipMember& m : members) {
    const uint64_t at = file.size();
    const std::string padding = "FB" + little(4, 2) + "zzzz";  // as PyTorch pads, to align what follows
    file += little(0x04034b50, 4) + little(45, 2) + little(m.flags, 2) + little(m.method, 2) + little(0, 8) +
            little(m.content.size(), 4) + little(m.content.size(), 4) + little(m.name.size(), 2) + little(padding.size(), 2) +
            m.name + padding + m.content;
    directory += directory_entry({m, at}, lies);
  }
  const uint64_t begin = file.size(), count = members.size() + lies.more_members;
  file += directory;
  if (lies.zip64) {
    const uint64_t end64 = file.size();
    file += little(0x06064b50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) + little(count, 8) +
            little(count, 8) + little(directory.size(), 8) + little(begin, 8);
    file += little(0x07064b50, 4) + little(0, 4) + little(end64, 8) + little(1, 4);
  }
  const uint64_t shown = lies.zip64 ? 0xFFFF : count;
  file += little(0x06054b50, 4) + little(0, 4) + little(shown, 2) + little(shown, 2) +
          little(lies.zip64 ? 0xFFFFFFFF : directory.size(), 4) + little(lies.zip64 ? 0xFFFFFFFF : begin, 4) + little(0, 2);
  return file;
}

std::string torch_zip_of(const std::string& pickle, const std::string& storage, const std::vector<ZipMember>& more) {
  std::vector<ZipMember> members{{"archive/data.pkl", pickle}, {"archive/data/0", storage}};
  members.insert(members.end(), more.begin(), more.end());
  return zip_of(members);
}

namespace wire {

std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}
std::string number(uint32_t field, uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(uint32_t field, const std::string& text) { return varint(field << 3 | 2) + varint(text.size()) + text; }

std::string tensor(const std::string& name, const std::vector<int64_t>& sizes, uint64_t type, uint32_t field,
                   const std::string& numbers) {
  std::string dims;
  for (const int64_t size : sizes) dims += number(1, static_cast<uint64_t>(size));
  return bytes(5, dims + number(2, type) + bytes(8, name) + bytes(field, numbers));
}

std::string node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                 const std::string& attributes) {
  std::string fields;
  for (const std::string& input : inputs) fields += bytes(1, input);
  for (const std::string& output : outputs) fields += bytes(2, output);
  return bytes(1, fields + bytes(4, op) + attributes);
}

std::string model(const std::string& graph) { return number(1, 8) + bytes(7, graph) + bytes(8, number(2, 13)); }

}  // namespace wire

std::string safetensors_of(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

std::string torch_stream_of(const std::string& object, const std::string& keys, const std::string& storages) {
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  return magic + "\x80\x02M\xe9\x03." + "\x80\x02}." + object + keys + storages;
}

std::string tar_of(const std::vector<TarMember>& members) {
  std::string file;
  for (const TarMember& m : members) {
    std::string block(512, '\0');
    const auto put = [&](size_t at, const std::string& text) { block.replace(at, text.size(), text); };
    put(0, m.name);
    const int64_t bytes = m.claimed_bytes >= 0 ? m.claimed_bytes : static_cast<int64_t>(m.content.size());
    put(124, fmt::format("{:011o}", bytes));
    put(148, std::string(8, ' '));
    put(257, "ustar");
    int sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    file += block + m.content + std::string((512 - m.content.size() % 512) % 512, '\0');
  }
  return file + std::string(1024, '\0');
}

}  // namespace cudenza::testing
