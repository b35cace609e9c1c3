/// Graphs in cudnn-frontend's terms. cuDNN's extents are always [N,C,H,W]; strides express our layouts, NHWC and KRSC.
#include "engine/libraries/cudnn/graph.h"

#include <cudnn_frontend.h>

#include <algorithm>

#include "engine/core/error.h"

namespace cudenza::cudnn {
namespace {

namespace fe = cudnn_frontend;
using Attributes = fe::graph::Tensor_attributes;
using TensorPtr = std::shared_ptr<Attributes>;

fe::DataType_t type_of(DType t) {
  switch (t) {
    case DType::f32: return fe::DataType_t::FLOAT;
    case DType::bf16: return fe::DataType_t::BFLOAT16;
    case DType::f16: return fe::DataType_t::HALF;
    default: throw UsageError(fmt::format("conv2d: {} is not supported on a GPU; use f32, bf16 or f16", t));
  }
}

std::string_view name_of(Function f) {
  switch (f) {
    case Function::forward: return "forward";
    case Function::backward_data: return "backward_data";
    case Function::backward_weights: return "backward_weights";
    case Function::forward_stats: return "forward+stats";
  }
  return "?";
}

/// A cudnn-frontend graph that exposes its list of plans: the engines' notes have no accessor.
class FrontendGraph : public fe::graph::Graph {
 public:
  const fe::graph::Execution_plan_list& list() const { return plans; }
};

/// Builds the cudnn-frontend graph of a Graph.
class GraphBuilder {
 public:
  GraphBuilder(const Graph& graph, FrontendGraph& out) : graph_(graph), s_(graph.shape), out_(out), type_(type_of(s_.dtype)) {
    out_.set_io_data_type(type_).set_intermediate_data_type(fe::DataType_t::FLOAT).set_compute_data_type(fe::DataType_t::FLOAT);
  }

  void build() {
    switch (graph_.function) {
      case Function::forward: return forward();
      case Function::backward_data: return finish(gradient_of_input(), Slot::dx);
      case Function::backward_weights: return backward_weights();
      case Function::forward_stats: return with_stats(convolution(x(Slot::x)));
    }
  }

 private:
  /// An array [n,h,w,c] as cuDNN sees it.
  Attributes nhwc(Slot slot, int64_t n, int64_t h, int64_t w, int64_t c) const {
    return Attributes()
        .set_uid(static_cast<int64_t>(slot))
        .set_name(std::to_string(static_cast<int64_t>(slot)))
        .set_dim({n, c, h, w})
        .set_stride({h * w * c, 1, w * c, c})
        .set_alignment(graph_.alignment)
        .set_data_type(type_);
  }
  TensorPtr x(Slot slot) { return out_.tensor(nhwc(slot, s_.batch, s_.height, s_.width, s_.in_channels)); }
  TensorPtr y(Slot slot) { return out_.tensor(nhwc(slot, s_.batch, s_.out_height(), s_.out_width(), s_.out_channels)); }
  TensorPtr w() { return out_.tensor(filter(Slot::w)); }
  Attributes filter(Slot slot) const { return nhwc(slot, s_.out_channels, s_.kernel_h, s_.kernel_w, s_.in_channels); }
  TensorPtr vector(Slot slot, int64_t channels, fe::DataType_t type = fe::DataType_t::FLOAT) {
    return out_.tensor(nhwc(slot, 1, 1, 1, channels).set_data_type(type));
  }

  template <class Operation> Operation as_convolution(Operation operation) const {
    return operation.set_padding({s_.pad, s_.pad}).set_stride({s_.stride, s_.stride}).set_dilation({1, 1});
  }
  TensorPtr pointwise(fe::PointwiseMode_t mode, const TensorPtr& a, const TensorPtr& b) {
    return out_.pointwise(a, b, fe::graph::Pointwise_attributes().set_mode(mode));
  }
  TensorPtr relu(const TensorPtr& a) {
    return out_.pointwise(a, fe::graph::Pointwise_attributes().set_mode(fe::PointwiseMode_t::RELU_FWD));
  }

  /// Marks a result. It has the graph's dtype and alignment.
  void finish(const TensorPtr& result, Slot slot) {
    result->set_output(true).set_uid(static_cast<int64_t>(slot)).set_alignment(graph_.alignment).set_data_type(type_);
  }
  void finish_vector(const TensorPtr& result, Slot slot) {
    finish(result, slot);
    result->set_data_type(fe::DataType_t::FLOAT);
  }

  TensorPtr convolution(const TensorPtr& input) {
    return out_.conv_fprop(input, w(), as_convolution(fe::graph::Conv_fprop_attributes()));
  }

  void forward() {
    TensorPtr sum = convolution(x(Slot::x));
    // In this order, and with the bias in the arrays' dtype, precompiled engines do it all; else cuDNN compiles at run time.
    if (graph_.residual) sum = pointwise(fe::PointwiseMode_t::ADD, sum, y(Slot::residual));
    if (graph_.bias) sum = pointwise(fe::PointwiseMode_t::ADD, sum, vector(Slot::bias, s_.out_channels, type_));
    if (graph_.relu) sum = relu(sum);
    finish(sum, Slot::y);
  }

  void with_stats(const TensorPtr& result) {
    finish(result, Slot::y);
    auto [sum, sum_of_squares] = out_.genstats(result, fe::graph::Genstats_attributes());
    finish_vector(sum, Slot::sum);
    finish_vector(sum_of_squares, Slot::sum_of_squares);
  }

  TensorPtr gradient_of_input() {
    const TensorPtr dx = out_.conv_dgrad(y(Slot::dy), w(), as_convolution(fe::graph::Conv_dgrad_attributes()));
    const Attributes like_x = nhwc(Slot::dx, s_.batch, s_.height, s_.width, s_.in_channels);
    dx->set_dim(like_x.get_dim()).set_stride(like_x.get_stride());  // dy alone does not fix x's extents if stride > 1
    return dx;
  }

  void backward_weights() {
    const TensorPtr dw = out_.conv_wgrad(y(Slot::dy), x(Slot::x), as_convolution(fe::graph::Conv_wgrad_attributes()));
    const Attributes like_w = filter(Slot::dw);
    dw->set_dim(like_w.get_dim()).set_stride(like_w.get_stride());
    finish(dw, Slot::dw);
  }

  const Graph& graph_;
  const ConvShape& s_;
  FrontendGraph& out_;
  fe::DataType_t type_;
};

std::shared_ptr<const fe::DeviceProperties> properties_of(const Card& card) {
  auto properties = std::make_shared<fe::DeviceProperties>();
  auto status = properties->deserialize({card.properties.begin(), card.properties.end()});
  if (status.is_bad()) throw UsageError("cudnn: these are not a card's properties: " + status.get_message());
  return properties;
}

bool has(const std::vector<fe::NumericalNote_t>& notes, fe::NumericalNote_t note) {
  return std::find(notes.begin(), notes.end(), note) != notes.end();
}

/// Whether the engine's arithmetic is exact enough for the graph.
bool is_allowed(const Graph& graph, const std::vector<fe::NumericalNote_t>& notes) {
  using Note = fe::NumericalNote_t;
  if (has(notes, Note::DOWN_CONVERT_INPUTS) || has(notes, Note::REDUCED_PRECISION_REDUCTION)) return false;
  if (graph.deterministic && has(notes, Note::NONDETERMINISTIC)) return false;
  const bool tf32 = graph.shape.dtype == DType::f32 && has(notes, Note::TENSOR_CORE);
  return graph.tf32 || !tf32;
}

/// A reason not to ask cuDNN, or empty. If channels are not multiples of 8, its engines for training fusions do not refuse
/// but write out of bounds (seen with 9.19 and DgradDreluBNBwdWeight of 3 channels on sm_80 and sm_100).
std::string why_not_to_ask(const Graph& graph) {
  const bool is_fusion = graph.function >= Function::forward_stats;
  const bool in_eights = graph.shape.in_channels % 8 == 0 && graph.shape.out_channels % 8 == 0;
  return is_fusion && !in_eights ? "the training fusions want channels in multiples of 8" : "";
}

}  // namespace

std::string Graph::text() const {
  const auto& s = shape;
  return fmt::format("{} {}{}{}{} x[{},{},{},{}] w[{},{},{},{}] stride {} pad {}{}{}{}", s.dtype, name_of(function),
                     bias ? "+bias" : "", residual ? "+residual" : "", relu ? "+relu" : "", s.batch, s.height, s.width,
                     s.in_channels, s.out_channels, s.kernel_h, s.kernel_w, s.in_channels, s.stride, s.pad,
                     s.dtype == DType::f32 ? (tf32 ? " tf32" : " no tf32") : "", deterministic ? " deterministic" : "",
                     alignment == 16 ? "" : fmt::format(" alignment {}", alignment));
}

struct Candidates::Answer {
  FrontendGraph graph;
  std::vector<int> allowed;  ///< positions in the frontend's list
  std::string why_none;

  void ask(const Graph& question, const Card& card, Source source) {
    const auto mode = source == Source::heuristics ? fe::HeurMode_t::A : fe::HeurMode_t::FALLBACK;
    auto status = graph.validate();
    if (status.is_good()) status = graph.build_operation_graph(static_cast<cudnnHandle_t>(card.handle));
    // Do not set the multiprocessor count beside the properties: sm_90 engines then find "more than the card has".
    if (status.is_good()) status = graph.create_execution_plans({mode});
    if (status.is_bad()) {
      why_none = status.get_message();
      return;
    }
    for (int i = 0; i < static_cast<int>(graph.list().numeric_notes.size()); ++i) {
      if (is_allowed(question, graph.list().numeric_notes[i])) allowed.push_back(i);
    }
    if (allowed.empty()) why_none = "every engine's arithmetic is less exact than asked for";
  }
};

Candidates::Candidates(const Graph& graph, const Card& card, Source source) : answer_(std::make_unique<Answer>()) {
  answer_->why_none = why_not_to_ask(graph);
  if (!answer_->why_none.empty()) return;
  if (!card.handle) answer_->graph.set_device_properties(properties_of(card));
  GraphBuilder(graph, answer_->graph).build();
  answer_->ask(graph, card, source);
}

Candidates::~Candidates() = default;

int Candidates::count() const { return static_cast<int>(answer_->allowed.size()); }
const std::string& Candidates::why_none() const { return answer_->why_none; }

std::string Candidates::engine(int i) const {
  std::string name;
  auto status = answer_->graph.get_plan_name_at_index(answer_->allowed.at(i), name);
  if (status.is_bad()) throw DeviceError("cudnn: an engine without a name: " + status.get_message());
  return name;
}

bool Candidates::is_compiled_at_run_time(int i) const {
  const auto& notes = answer_->graph.list().behavior_notes.at(answer_->allowed.at(i));
  return std::find(notes.begin(), notes.end(), fe::BehaviorNote_t::RUNTIME_COMPILATION) != notes.end();
}

std::optional<Plan> Candidates::build(int i, std::string* why_not) const {
  const int position = answer_->allowed.at(i);
  auto status = answer_->graph.build_plan_at_index(position);
  if (status.is_bad()) {
    if (why_not) *why_not = status.get_message();
    return std::nullopt;
  }
  const auto& built = answer_->graph.list().execution_plans.at(position);
  return Plan(built, built->get_raw_desc(), engine(i));  // the frontend's plan owns the descriptor
}

bool needs_a_card_to_load(const std::string& why_not) {
  return why_not.find("cuLibraryLoadData returned error") != std::string::npos;
}

}  // namespace cudenza::cudnn
