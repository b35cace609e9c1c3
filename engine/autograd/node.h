/// The autograd graph: which op made a tensor, and how gradients flow back through it.
///
/// A Variable is a tensor's identity in the graph, separate from its elements. So a graph keeps alive only what its nodes'
/// closures capture, not every activation.
#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

using Backward = std::function<std::vector<Tensor>(const Tensor& dy)>;
using AddingBackward = std::function<std::vector<Tensor>(const Tensor& dy, const Tensor& more)>;

/// How the gradient of one output becomes the gradients of the op's inputs.
struct Node {
  std::string_view name;
  std::vector<std::shared_ptr<Variable>> inputs;  ///< null if no gradient is needed
  /// Returns one gradient per input, in order and in the input's dtype (16 bits are enough for an f32 leaf that has a grad to
  /// add to); undefined if none is needed. The gradient of the result is dy + more. `more` is undefined if there is one term,
  /// and always for nodes with adds = false.
  AddingBackward backward;
  bool adds = false;  ///< whether the op adds the two terms itself while reading, which saves a pass over memory
};

struct Variable {
  bool requires_grad = false;  ///< set by the user, on leaves
  Tensor grad;                 ///< of leaves
  std::shared_ptr<Node> node;  ///< of op results; null for leaves
  ~Variable();                 ///< frees a long chain of nodes in a loop: recursion would overflow the stack
};

/// Makes y the output of an op on `inputs`, unless no input tracks gradients or recording is off. `backward` gets dy with y's
/// shape and dtype. It returns one gradient per input (undefined where input.tracks_grad() is false).
Tensor record(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, Backward backward);
/// The same for an op whose backward pass takes the gradient of y as two terms if y has two users (Node::adds).
Tensor record_adding(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, AddingBackward backward);

/// While one lives, it is called for every op of this thread before the op is recorded: lists a network's ops.
class OpObserver {
 public:
  using Seen = std::function<void(std::string_view op, const Tensor& y, const std::vector<Tensor>& inputs)>;
  explicit OpObserver(Seen seen);
  ~OpObserver();
  OpObserver(const OpObserver&) = delete;

 private:
  friend Tensor record_node(std::string_view, Tensor, const std::vector<Tensor>&, AddingBackward, bool adds);
  Seen seen_;
  OpObserver* before_;
};

/// Whether ops on this thread are recorded: false inside NoGrad.
bool recording();

/// While one lives, this thread records no ops.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace cudenza
