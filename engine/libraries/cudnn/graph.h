/// What the engine asks cuDNN to compute (Graph), and cuDNN's answer (Candidates). Only graph.cpp includes cudnn-frontend,
/// because it is slow to compile.
///
/// cuDNN can be asked without a GPU: given only a GPU's properties (Card::described), it returns engines, workspace sizes and
/// serialised plans of precompiled engines. Engines compiled at run time are generated, but load only on a GPU.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/libraries/conv.h"
#include "engine/libraries/cudnn/plan.h"

namespace cudenza::cudnn {

/// The functions that have a graph. All sums are f32; sum and sum_of_squares reduce all axes but the channel: [K] in f32.
enum class Function : uint8_t {
  forward,           ///< y = conv(x, w) (+ bias) (+ residual), then relu; the graph selects the parts
  backward_data,     ///< dx
  backward_weights,  ///< dw
  forward_stats,     ///< y = conv(x, w), with sum and sum_of_squares of y for the batch norm that follows
};

struct Graph {
  Function function = Function::forward;
  ConvShape shape;                                    ///< of the convolution, f32, bf16 or f16
  bool bias = false, residual = false, relu = false;  ///< of `forward`; bias has the arrays' dtype
  bool tf32 = true;                                   ///< f32 inputs may be rounded to TF32 (MathMode)
  bool deterministic = false;
  int alignment = 16;  ///< of the least aligned array, in bytes; below 16, many engines are excluded

  bool operator==(const Graph&) const = default;
  /// "f16 forward+bias+relu x[64,56,56,64] w[64,3,3,64] stride 1 pad 1". Also the key in the plan cache.
  std::string text() const;
};

/// The GPU that a graph is for: present, or described by its properties.
struct Card {
  void* handle = nullptr;  ///< cudnnHandle_t of a GPU in this machine
  std::string properties;  ///< or: cuDNN's JSON of a GPU's properties
  static Card present(void* handle) { return {.handle = handle, .properties = {}}; }
  static Card described(std::string properties) { return {.handle = nullptr, .properties = std::move(properties)}; }
};

/// cuDNN's two lists of engines: those its heuristics recommend, and a few for graphs where those fail.
enum class Source : uint8_t { heuristics, fallback };

/// cuDNN's engines for a graph, the best first. Engines that accumulate in less than f32 or do what the graph forbids (TF32,
/// nondeterminism) are left out.
class Candidates {
 public:
  Candidates(const Graph&, const Card&, Source = Source::heuristics);
  ~Candidates();
  Candidates(const Candidates&) = delete;
  Candidates& operator=(const Candidates&) = delete;

  int count() const;
  const std::string& why_none() const;  ///< cuDNN's message when count() is 0
  std::string engine(int i) const;      ///< "eng62_k2=3_k13=1": engine and its tuning knobs
  bool is_compiled_at_run_time(int i) const;
  /// Builds candidate i. Compiling it at run time may take a second. nullopt if cuDNN refuses; `why_not` gets its message.
  std::optional<Plan> build(int i, std::string* why_not = nullptr) const;

 private:
  struct Answer;
  std::unique_ptr<Answer> answer_;
};

/// Whether build() failed only because there is no GPU to load the compiled kernel.
bool needs_a_card_to_load(const std::string& why_not);

}  // namespace cudenza::cudnn
