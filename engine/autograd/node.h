/// The autograd graph: which op made a tensor, and how gradients flow back through it.
///
/// A Variable is a tensor's identity in the graph, apart from its elements: a graph keeps alive only what the closures of
/// its nodes have captured, not every activation that ever passed.
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
  std::vector<std::shared_ptr<Variable>> inputs;  ///< null where no gradient is wanted
  /// One gradient for each input, in order and of its type (16 bits will do for an f32 leaf that has a grad to add to); undefined
  /// where none is wanted. `more` is a second term of the result's gradient, dy + more: undefined where there is none, and always
  /// for nodes that do not add.
  AddingBackward backward;
  bool adds = false;  ///< whether the op adds the terms as it reads them, which saves a pass over memory
};

struct Variable {
  bool requires_grad = false;  ///< set by the user, on leaves
  Tensor grad;                 ///< of leaves
  std::shared_ptr<Node> node;  ///< of op results; null for leaves
  ~Variable();                 ///< takes a long chain of nodes apart in a loop: recursion would end the stack
};

/// Makes y the output of an op on `inputs`, unless nothing there tracks gradients or recording is off. `backward` gets dy
/// with y's shape and dtype and returns one gradient for each input (undefined where input.tracks_grad() is false).
Tensor record(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, Backward backward);
/// The same for an op that takes the gradient of a y with two users as two terms (Node::adds).
Tensor record_adding(std::string_view name, Tensor y, const std::vector<Tensor>& inputs, AddingBackward backward);

/// While one lives, is told of every op of this thread that is about to be recorded: what a network does, op by op.
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

/// Whether ops on this thread are recorded: true but inside a NoGrad.
bool recording();

/// While one lives, this thread's ops record nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace cudenza
