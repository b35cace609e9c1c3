/// All trainable tensors of a network are slices of one flat buffer, their gradients slices of another: one kernel updates
/// them, one memset clears the gradients, one copy saves them.
#pragma once
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// Decides a parameter's weight decay, and whether it trains while its group is frozen.
enum class ParameterKind : uint8_t {
  weight,  ///< of a convolution or linear layer: decays
  norm,    ///< gamma or beta of a normalisation: no decay; trains in frozen groups too, as in fastai
  bias,    ///< no decay
};

struct Parameter {
  std::string name;
  Tensor value;  ///< f32
  ParameterKind kind = ParameterKind::weight;
};

/// Parameters that share a learning rate. Groups are in the network's order, the head last.
struct ParameterGroup {
  std::string name;
  std::vector<Parameter> parameters;
};

class FlatParameters {
 public:
  /// Moves every parameter into the flat buffer: the given tensors and all their copies become slices of it and keep their
  /// values; their gradients become slices of gradients(). All are set to require gradients. Throws UsageError if a tensor is
  /// not f32, is given twice, or is on another device than the first.
  explicit FlatParameters(const std::vector<ParameterGroup>& groups);

  /// f32 [elements]. Slices start at multiples of 64 bytes; the padding between them is zero in both buffers.
  const Tensor& values() const { return values_; }
  const Tensor& gradients() const { return gradients_; }
  void zero_grad() const { gradients_.fill_zero(); }

  /// A group's parameters of one kind: elements [begin, end) of the buffers.
  struct Section {
    int64_t begin, end;
    int group;
    ParameterKind kind;
    bool trains;
  };
  const std::vector<Section>& sections() const { return sections_; }

  /// Position of one parameter in the buffers.
  struct Slice {
    std::string name;
    int64_t begin;
    Shape shape;
  };
  const std::vector<Slice>& slices() const { return slices_; }

  int groups() const { return groups_; }
  /// Elements of all parameters, or of those that train now; padding is not counted.
  int64_t parameter_count() const;
  int64_t trained_count() const;

  /// Freezes the groups before `group` and unfreezes the others: freeze_to(groups() - 1) trains the head only. Frozen
  /// parameters record nothing, get no gradient and are not updated. Normalisations in frozen groups still train unless
  /// `norms_too`. Clears the gradients.
  void freeze_to(int group, bool norms_too = false);
  void unfreeze() { freeze_to(0); }

 private:
  struct Placed {
    Parameter parameter;
    int64_t begin;
    size_t section;
  };
  int64_t count(bool trained_only) const;

  Tensor values_, gradients_;
  int groups_ = 0;
  std::vector<Placed> placed_;
  std::vector<Section> sections_;
  std::vector<Slice> slices_;
};

}  // namespace cudenza
