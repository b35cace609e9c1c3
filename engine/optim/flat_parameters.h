/// The trained tensors of a network as slices of one flat buffer, and their gradients as slices of another: one kernel
/// updates them all, one memset clears the gradients, one copy saves them.
#pragma once
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

/// What a parameter is decides its weight decay, and whether it trains while its group is frozen.
enum class ParameterKind : uint8_t {
  weight,  ///< of a convolution or linear layer: decays
  norm,    ///< gamma or beta of a normalisation: no decay; trains in frozen groups too, as fastai has it
  bias,    ///< no decay
};

struct Parameter {
  std::string name;
  Tensor value;  ///< f32
  ParameterKind kind = ParameterKind::weight;
};

/// Parameters that share a learning rate. Groups stand in the network's order, the head last.
struct ParameterGroup {
  std::string name;
  std::vector<Parameter> parameters;
};

class FlatParameters {
 public:
  /// Moves every parameter into the flat buffer: the tensors given, and all copies of them, become slices of it, with their
  /// values kept, and their gradients slices of gradients(). All are set to require gradients. Throws UsageError if a tensor
  /// is not f32, stands twice, or lives on another device than the first.
  explicit FlatParameters(const std::vector<ParameterGroup>& groups);

  /// f32 [elements]. Slices begin at multiples of 64 bytes; the padding between them is zero in both buffers.
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

  /// Where one parameter lies.
  struct Slice {
    std::string name;
    int64_t begin;
    Shape shape;
  };
  const std::vector<Slice>& slices() const { return slices_; }

  int groups() const { return groups_; }
  /// Elements of all parameters, or of those that train now; without padding.
  int64_t parameter_count() const;
  int64_t trained_count() const;

  /// Freezes the groups before `group` and frees it and all after: freeze_to(groups() - 1) leaves the head. Frozen
  /// parameters record nothing, get no gradient and are not updated; normalisations among them go on training unless
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
