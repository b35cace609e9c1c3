/// Which of our networks tensors belong to, by their names and shapes.
#pragma once
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "weights/tensor_record.h"

namespace cudenza {

/// A name and a shape that a network's file must hold.
struct ExpectedTensor {
  std::string name;
  Shape shape;
};
/// The tensors of network `arch` with so many classes, as files hold them, without making the network's memory. The last two are
/// the last layer's weight and bias.
std::vector<ExpectedTensor> expected_tensors(const std::string& arch, int classes = 1000);

/// Whether a network has no place for this tensor, yet nothing is lost without it: counters of batches and of averaged models.
bool is_counter(std::string_view name);

/// Up to five names, and how many more there are.
class NameList {
 public:
  void add(const std::string& name);
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  std::string text() const { return text_ + rest_; }

 private:
  std::string text_, rest_;
  size_t count_ = 0;
};

/// What a file's tensors are to our networks.
struct ArchMatch {
  std::string arch;        ///< "resnet50"; the nearest one where none fits
  int classes = 0;         ///< rows of its last layer; 0 without a classifier
  std::string fault = {};  ///< what keeps them from fitting; empty if they fit
  bool headless = false;   ///< they fit, but for the whole classifier ("fc.", "classifier."), which is not there
  double score = 0;        ///< how near they are

  bool fits() const { return fault.empty(); }
};
/// Holds tensors against network `arch`, whose expected_tensors() are given.
ArchMatch match_arch(const std::vector<TensorRecord>&, const std::string& arch, std::vector<ExpectedTensor> expected);
/// The same against one network or, if `arch` is empty, all: the nearest.
ArchMatch match_arch(const std::vector<TensorRecord>&, const std::string& arch = "");

}  // namespace cudenza
