#include "weights/torch_zip.h"

#include "weights/torch_state.h"
#include "weights/zip_directory.h"

namespace cudenza {
namespace {

constexpr std::string_view kPickleName = "data.pkl";

void check_order_member(const FileBytes& file, const ZipDirectory& zip, const std::string& member) {
  if (!zip.contains(member)) return;  // versions before 2.0 wrote none, on little-endian machines
  const auto [begin, end] = zip.find(member);
  const std::string order = ByteStream(file, begin, end, "byteorder").bytes(std::min<uint64_t>(end - begin, 16));
  if (order == "big") file.fail("was saved on a big-endian machine; only little-endian numbers are read");
  if (order != "little") file.fail("has an unknown byte order");
}

}  // namespace

std::vector<StateDict> read_torch_zip(const FileBytes& file) {
  const ZipDirectory zip(file);
  const std::string pickle_name = zip.only_one_ending(kPickleName);
  const std::string root = pickle_name.substr(0, pickle_name.size() - kPickleName.size());
  check_order_member(file, zip, root + "byteorder");

  const auto [begin, end] = zip.find(pickle_name);
  ByteStream in(file, begin, end, "data.pkl");
  const Pickle pickle(in, is_inert_global);
  const auto storage = [&](const Pickle::Value& value) -> StoredNumbers {
    const StorageId id = storage_id_of(file, pickle, value);
    const auto [data_begin, data_end] = zip.find(root + "data/" + id.key);
    if (id.count > (data_end - data_begin) / size_of(id.dtype))
      file.fail("storage {} should hold {} numbers, but has {} bytes", printable(id.key), id.count, data_end - data_begin);
    return {id.dtype, data_begin, id.count};
  };
  return state_dicts_of(file, pickle, {.storage = storage});
}

}  // namespace cudenza
