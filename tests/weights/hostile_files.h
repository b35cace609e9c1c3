/// Files of weights made byte by byte, to be wrong in one way each.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace cudenza::testing {

/// The low `bytes` bytes of a number, little-endian.
std::string little(uint64_t value, int bytes);

// Pickles.

namespace pickled {
inline const std::string kBegin = "\x80\x02", kStop = ".";
std::string text(const std::string&);
std::string integer(int64_t);  ///< LONG1
std::string global(const std::string& module, const std::string& name);
std::string tuple(const std::string& items);
/// torch._utils._rebuild_tensor_v2 of a storage id ('storage', FloatStorage, key, 'cpu', count).
std::string tensor(const std::string& key, int64_t count, const std::string& offset, const std::string& sizes,
                   const std::string& strides);
/// A dict of one name and its value.
std::string dict(const std::string& name, const std::string& value);
std::string whole(const std::string& value);
}  // namespace pickled

// Zip archives.

struct ZipMember {
  std::string name, content;
  uint16_t method = 0, flags = 0;
};
struct ZipLies {
  bool zip64 = false;         ///< sizes and places in 64-bit fields, as archives above 4 GB have them; no lie
  uint64_t more_members = 0;  ///< claimed beyond those there are
  uint64_t more_bytes = 0;    ///< claimed of every member's size
  uint64_t later = 0;         ///< added to where every member is said to be
};
std::string zip_of(const std::vector<ZipMember>&, const ZipLies& = {});
/// What torch.save writes: data.pkl and one storage "0".
std::string torch_zip_of(const std::string& pickle, const std::string& storage, const std::vector<ZipMember>& more = {});

// Protocol buffers.

namespace wire {
std::string varint(uint64_t);
std::string number(uint32_t field, uint64_t value);
std::string bytes(uint32_t field, const std::string&);  ///< a text, or a message
/// An initializer of a graph: its sizes, its type, its numbers' field and the numbers.
std::string tensor(const std::string& name, const std::vector<int64_t>& sizes, uint64_t type, uint32_t field,
                   const std::string& numbers);
std::string node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                 const std::string& attributes = "");
/// An ONNX file of a graph's fields.
std::string model(const std::string& graph);
}  // namespace wire

// The other containers.

std::string safetensors_of(const std::string& header, const std::string& data);
std::string torch_stream_of(const std::string& object_pickle, const std::string& keys_pickle, const std::string& storages);

struct TarMember {
  std::string name, content;
  int64_t claimed_bytes = -1;  ///< if not the content's
};
std::string tar_of(const std::vector<TarMember>&);

}  // namespace cudenza::testing
