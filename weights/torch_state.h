/// State dicts in pickles of torch.save: their tensors and storages.
#pragma once
#include <functional>

#include "weights/pickle.h"
#include "weights/state_dict.h"

namespace cudenza {

/// Whether torch.save uses this global for weights themselves: OrderedDict, torch.*Storage, torch.*Tensor, torch.Size, Parameter
/// and the functions that rebuild a tensor.
bool is_torch_global(const std::string& global);

/// Whether a file may use this global beside the weights, as checkpoints do: argparse.Namespace, numpy's scalars, the user's own
/// classes. No global is ever called. Globals that only an attack uses (os.system, builtins.eval, all of subprocess) are not
/// inert: such a file is refused.
bool is_inert_global(const std::string& global);

/// The dtype of "torch FloatStorage" and similar classes. Throws DataError for dtypes that weights cannot have.
DType storage_dtype(const FileBytes&, const Pickle::Value& storage_class);

/// Throws DataError if the system facts in a file (sys_info) say that a big-endian machine saved it.
void check_byte_order(const FileBytes&, const Pickle& system);

/// How a container resolves the persistent ids of its pickle.
struct PersistentIds {
  /// The numbers of the storage with this id.
  std::function<StoredNumbers(const Pickle::Value& id)> storage;
  /// The tensor with this id, still without a name; only if tensors have ids (the tar container). Else empty.
  std::function<TensorRecord(const Pickle::Value& id)> tensor = {};
};

/// All state dicts in the pickle, in its order: the dict itself, and nested ones under string keys ("state_dict",
/// "checkpoint.model"), if they have named tensors. Other values are left out. Throws DataError if there is none.
std::vector<StateDict> state_dicts_of(const FileBytes&, const Pickle&, const PersistentIds&);

/// Items of a tuple or list of integers. Throws DataError naming `what` if they are not integers.
std::vector<int64_t> integers_of(const FileBytes&, const Pickle&, const Pickle::Value& sequence, std::string_view what);

/// The fields of the persistent id ('storage', class, key, location, count[, view]).
struct StorageId {
  DType dtype;
  std::string key;
  uint64_t count;
  const Pickle::Value* view;  ///< null if there is no such field
};
StorageId storage_id_of(const FileBytes&, const Pickle&, const Pickle::Value& id);

}  // namespace cudenza
