/// State dicts as torch.save pickles them: which tensors there are, and on which storages.
#pragma once
#include <functional>

#include "weights/pickle.h"
#include "weights/state_dict.h"

namespace cudenza {

/// Whether torch.save names this global for weights themselves: OrderedDict, torch.*Storage, torch.*Tensor, torch.Size, Parameter
/// and what rebuilds a tensor.
bool is_torch_global(const std::string& global);

/// Whether a file of weights may name this global beside them, as checkpoints do: argparse.Namespace, numpy's scalars, the user's
/// own classes. No global is ever called, whatever it is; those that only an attack names (os.system, builtins.eval, all of
/// subprocess) are not inert, so that such a file is refused and not quietly read.
bool is_inert_global(const std::string& global);

/// The element type of "torch FloatStorage" and its kin. Throws DataError for those that have no place among weights.
DType storage_dtype(const FileBytes&, const Pickle::Value& storage_class);

/// Throws DataError if the facts about the machine that saved a file (sys_info) say that it was a big-endian one.
void check_byte_order(const FileBytes&, const Pickle& system);

/// What a container must say about its pickle's persistent ids.
struct PersistentIds {
  /// The numbers of the storage that an id stands for.
  std::function<StoredNumbers(const Pickle::Value& id)> storage;
  /// The tensor that an id stands for, its name yet to be given; where tensors have ids (the tar container). Else empty.
  std::function<TensorRecord(const Pickle::Value& id)> tensor = {};
};

/// The state dicts that the pickle holds, at least one, in its order: the dict itself, and those under its text keys and theirs
/// ("state_dict", "checkpoint.model"), as far as they have tensors under names. What is no tensor is left out. Throws DataError
/// if there is none.
std::vector<StateDict> state_dicts_of(const FileBytes&, const Pickle&, const PersistentIds&);

/// Items of a tuple or list that are integers. Throws DataError, which says what was expected, if they are not.
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
