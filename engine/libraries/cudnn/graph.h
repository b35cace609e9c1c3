/// What the engine asks cuDNN to compute, in one kernel if it has one; and what cuDNN answers. No header of cuDNN is needed
/// here: graph.cpp alone sees cudnn-frontend, whose headers are slow to compile.
///
/// cuDNN can be asked without a GPU: for a card that only its properties describe (Card::described), engines, workspace and
/// the serialised plans of precompiled engines are had; run-time compiled ones are generated, but load only on a card.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/libraries/conv.h"
#include "engine/libraries/cudnn/plan.h"

namespace cudenza::cudnn {

/// The functions that have a graph. In all, sums are f32; sum and sum_of_squares are over all but the channel, [K] in f32.
enum class Function : uint8_t {
  forward,           ///< y = conv(x, w) (+ bias) (+ residual), then relu, parts as the graph says
  backward_data,     ///< dx
  backward_weights,  ///< dw
  forward_stats,     ///< y = conv(x, w), with sum and sum_of_squares of y: what the batch norm behind it needs
};

struct Graph {
  Function function = Function::forward;
  ConvShape shape;                                    ///< of the convolution, f32, bf16 or f16
  bool bias = false, residual = false, relu = false;  ///< of `forward`; bias is of the arrays' type
  bool tf32 = true;                                   ///< f32 inputs may be rounded to TF32 (MathMode)
  bool deterministic = false;
  int alignment = 16;  ///< of the least aligned array, in bytes; below 16 many engines fall away

  bool operator==(const Graph&) const = default;
  /// "f16 forward+bias+relu x[64,56,56,64] w[64,3,3,64] stride 1 pad 1": names the graph in the plan cache, too.
  std::string text() const;
};

/// Whom a graph is asked of.
struct Card {
  void* handle = nullptr;  ///< cudnnHandle_t of a card in this machine
  std::string properties;  ///< or: cuDNN's JSON of a card's properties
  static Card present(void* handle) { return {.handle = handle, .properties = {}}; }
  static Card described(std::string properties) { return {.handle = nullptr, .properties = std::move(properties)}; }
};

/// Two lists of engines that cuDNN has for a graph: those its heuristics recommend, and a few that work where they do not.
enum class Source : uint8_t { heuristics, fallback };

/// cuDNN's answer: engines for a graph, the best first. Engines that sum in less than f32, or do what the graph forbids (TF32,
/// run-to-run differences), are left out.
class Candidates {
 public:
  Candidates(const Graph&, const Card&, Source = Source::heuristics);
  ~Candidates();
  Candidates(const Candidates&) = delete;
  Candidates& operator=(const Candidates&) = delete;

  int count() const;
  const std::string& why_none() const;  ///< cuDNN's words when count() is 0
  std::string engine(int i) const;      ///< "eng62_k2=3_k13=1": engine and its tuning knobs
  bool is_compiled_at_run_time(int i) const;
  /// Finishes candidate i, which may take a second where it is compiled at run time. None where cuDNN refuses.
  std::optional<Plan> build(int i, std::string* why_not = nullptr) const;

 private:
  struct Answer;
  std::unique_ptr<Answer> answer_;
};

/// Whether build() failed only because no card is there to load the compiled kernel.
bool needs_a_card_to_load(const std::string& why_not);

}  // namespace cudenza::cudnn
