/// A data set in memory, ready for a network: rows with labels, and which of them train and validate.
#pragma once
#include <functional>
#include <memory>

#include "apps/study/observer.h"
#include "engine/data/split.h"
#include "engine/train/load_rows.h"
#include "engine/train/session.h"
#include "models/network.h"

namespace cudenza {

struct LabelledRows {
  Dataset dataset;
  Split split;
  Rows rows;

  std::vector<int64_t> labels() const;  ///< of every row
  /// Rows of these items, in their order; items that could not be read have none.
  std::vector<int64_t> rows_of(std::span<const int> items) const;
  /// The items among these that have rows.
  std::vector<int> usable(std::span<const int> items) const;
  /// To judge these items by.
  Validation validation(std::span<const int> items) const;
};

/// The data set at `data`, not yet read, split as asked: `split_dir` before `split`.
struct DataChoice {
  std::string data, split = "auto", split_dir;
  std::function<Split(const Dataset&)> drawn = {};  ///< a split of before, where otherwise one would be drawn
};
void open_and_split(LabelledRows&, const DataChoice&, uint64_t seed, Observer&);

struct LoadChoice {
  int workers = 0;  ///< threads that decode; 0: one a core
  bool strict = false;
  Ranks* ranks = nullptr;  ///< each reads its share of the files, and all get all rows; null: a process alone
};

/// Reads the files of these items into rows. Bad ones, and folders that could not be read, are told to the observer and left out;
/// with `strict` the first is a DataError. Throws DataError if none is left.
void load(LabelledRows&, std::span<const int> items, const InputSpec&, const LoadChoice&, Observer&);

/// Warns of classes that nothing can be learnt of: they have no usable clip in the training part, or stand alone.
void warn_of_classes(const LabelledRows&, Observer&);

/// Rows as a network's input on `device`. `recipe` says what training does to them.
std::unique_ptr<Input> make_input(const Rows&, const InputSpec&, const Recipe&, Device, DType, uint64_t seed);
/// The same for judging a network with this head. Augmented passes have noise and cut-out, as in the study; for a pyramid head,
/// which is fitted to clips without either, they are heard (seen) in other crops or turned in time.
std::unique_ptr<Input> make_judged_input(const Rows&, const InputSpec&, HeadKind, Device, DType, uint64_t seed);

}  // namespace cudenza
