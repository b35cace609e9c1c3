/// Finds which of our networks a set of tensors belongs to, by names and shapes.
#pragma once
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "weights/tensor_record.h"

namespace cudenza {

/// A tensor that a network's file must hold.
struct ExpectedTensor {
  std::string name;
  Shape shape;
};
/// The tensors of network `arch` with `classes` classes, as in files, without allocating the network. The last two are the last
/// layer's weight and bias.
std::vector<ExpectedTensor> expected_tensors(const std::string& arch, int classes = 1000);

/// Whether a network has no use for this tensor and may ignore it: counters of batches and of averaged models.
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

/// How a file's tensors fit our networks.
struct ArchMatch {
  std::string arch;        ///< "resnet50"; the nearest one if none fits
  int classes = 0;         ///< rows of its last layer; 0 without a classifier
  std::string fault = {};  ///< why they do not fit; empty if they do
  bool headless = false;   ///< they fit, but the whole classifier ("fc.", "classifier.") is missing
  double score = 0;        ///< similarity to the network

  bool fits() const { return fault.empty(); }
};
/// Compares tensors with network `arch`, whose expected_tensors() are given.
ArchMatch match_arch(const std::vector<TensorRecord>&, const std::string& arch, std::vector<ExpectedTensor> expected);
/// The same with one network or, if `arch` is empty, all of them: returns the nearest.
ArchMatch match_arch(const std::vector<TensorRecord>&, const std::string& arch = "");

}  // namespace cudenza
