/// State dicts as torch.save pickles them: which tensors there are, and on which storages.
#pragma once
#include <functional>

#include "weights/pickle.h"
#include "weights/tensor_record.h"

namespace cudenza {

/// Whether torch.save names this global in files of weights: OrderedDict, torch.*Storage, torch.*Tensor, torch.Size, Parameter
/// and what rebuilds a tensor.
bool is_torch_global(const std::string& global);

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

/// The tensors of the state dict that the pickle holds: of a dict itself, or of the one it has under "state_dict" or "model".
/// What is no tensor is left out; if all names begin with "module." (DataParallel), that is taken off.
std::vector<TensorRecord> state_dict_of(const FileBytes&, const Pickle&, const PersistentIds&);

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
