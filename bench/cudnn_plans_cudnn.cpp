/// cudnn_plans: what cuDNN answers, without a GPU, to every graph that the engine makes of the five networks, on five
/// generations of cards. Prints the Markdown of bench/results/cudnn_plans.md:
///
///   build/bin/cudnn_plans [batch] > bench/results/cudnn_plans.md
///   build/bin/cudnn_plans --ask < calls.json       # of any convolutions, as JSON: see answered(); bench/predict.py asks so
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/libraries/versions.h"
#include "tests/support/network_convs.h"
#include "tests/support/offline_cards.h"

namespace cudenza::testing {
namespace {

/// A kind of graph, for one element type.
struct Kind {
  const char* title;
  DType dtype;
  cudnn::Function function;
  bool epilogue = false;  ///< bias, residual and ReLU
};

using cudnn::Function;
constexpr Kind kKinds[] = {
    {"f16 forward", DType::f16, Function::forward},
    {"f16 forward + bias + residual + ReLU", DType::f16, Function::forward, true},
    {"f16 backward, data", DType::f16, Function::backward_data},
    {"f16 backward, weights", DType::f16, Function::backward_weights},
    {"f16 forward + statistics", DType::f16, Function::forward_stats},
    {"bf16 forward", DType::bf16, Function::forward},
    {"bf16 forward + bias + residual + ReLU", DType::bf16, Function::forward, true},
    {"bf16 backward, data", DType::bf16, Function::backward_data},
    {"bf16 backward, weights", DType::bf16, Function::backward_weights},
    {"bf16 forward + statistics", DType::bf16, Function::forward_stats},
    {"f32 (TF32) forward", DType::f32, Function::forward},
    {"f32 (TF32) forward + bias + residual + ReLU", DType::f32, Function::forward, true},
    {"f32 (TF32) backward, data", DType::f32, Function::backward_data},
    {"f32 (TF32) backward, weights", DType::f32, Function::backward_weights},
};

enum class Verdict { precompiled, run_time, none };

struct Answer {
  Verdict verdict = Verdict::none;
  std::string engine;
  double workspace_bytes = 0;  ///< of a precompiled engine

  std::string text() const {
    if (verdict == Verdict::none) return "none";
    return verdict == Verdict::run_time ? engine + " run-time" : fmt::format("{} {:.1f} MB", engine, workspace_bytes / 1e6);
  }
};

/// The engine that a card would start with, its tuning knobs left out.
Answer answer_of(const cudnn::Graph& graph, const cudnn::Card& card) {
  for (const auto source : {cudnn::Source::heuristics, cudnn::Source::fallback}) {
    const cudnn::Candidates candidates(graph, card, source);
    for (int i = 0; i < candidates.count(); ++i) {
      const std::string engine = candidates.engine(i).substr(0, candidates.engine(i).find('_'));
      if (candidates.is_compiled_at_run_time(i)) return {.verdict = Verdict::run_time, .engine = engine};
      if (const auto plan = candidates.build(i))
        return {Verdict::precompiled, engine, static_cast<double>(plan->workspace_bytes())};
    }
  }
  return {};
}

cudnn::Graph graph_of(const Kind& kind, const NetworkConv& conv, int64_t batch) {
  return {.function = kind.function,
          .shape = conv.shape(kind.dtype, batch),
          .bias = kind.epilogue,
          .residual = kind.epilogue,
          .relu = kind.epilogue};
}

std::string row_name(const NetworkConv& c) {
  return fmt::format("{}: {}x{}, {} to {}, {}x{}{}", c.network, c.size, c.size, c.in_channels, c.out_channels, c.kernel, c.kernel,
                     c.stride > 1 ? fmt::format(" / {}", c.stride) : "");
}

/// The answers to one kind: a row a convolution, a column a card; and how many convolutions fall under each verdict.
struct Table {
  std::string markdown;
  std::vector<std::map<Verdict, int>> counts;
};

Table table_of(const Kind& kind, const std::vector<OfflineCard>& cards, int64_t batch) {
  Table table{.markdown = {}, .counts = std::vector<std::map<Verdict, int>>(cards.size())};
  for (const NetworkConv& conv : kNetworkConvs) {
    table.markdown += "| " + row_name(conv);
    for (size_t i = 0; i < cards.size(); ++i) {
      const Answer answer = answer_of(graph_of(kind, conv, batch), cards[i].card);
      ++table.counts[i][answer.verdict];
      table.markdown += " | " + answer.text();
    }
    table.markdown += " |\n";
  }
  return table;
}

/// A ResNet's first convolution with its 3 channels padded by zeros.
std::string stem_rows(const std::vector<OfflineCard>& cards, int64_t batch) {
  std::string rows;
  for (const DType dtype : {DType::f16, DType::bf16}) {
    for (const Function function : {Function::forward, Function::backward_weights}) {
      for (const int64_t channels : {3, 4, 8}) {
        const NetworkConv stem{"ResNet", 224, channels, 64, 7, 2, 3};
        rows +=
            fmt::format("| {} {}, {} channels", dtype, function == Function::forward ? "forward" : "backward, weights", channels);
        for (const OfflineCard& card : cards)
          rows += " | " + answer_of({.function = function, .shape = stem.shape(dtype, batch)}, card.card).text();
        rows += " |\n";
      }
    }
  }
  return rows;
}

std::string header(const char* first, const std::vector<OfflineCard>& cards) {
  std::string names = fmt::format("| {} |", first), rule = "| --- |";
  for (const OfflineCard& card : cards) {
    names += fmt::format(" sm_{} {} |", card.sm, card.name);
    rule += " --- |";
  }
  return names + "\n" + rule + "\n";
}

void print(int64_t batch) {
  const auto cards = offline_cards();
  std::string summary, tables;
  for (const Kind& kind : kKinds) {
    const Table table = table_of(kind, cards, batch);
    summary += fmt::format("| {}", kind.title);
    for (auto counts : table.counts)
      summary += fmt::format(" | {} / {} / {}", counts[Verdict::precompiled], counts[Verdict::run_time], counts[Verdict::none]);
    summary += " |\n";
    tables += fmt::format("\n## {}\n\n{}{}", kind.title, header("convolution", cards), table.markdown);
  }
  std::string versions;
  for (const auto& [name, version] : cuda_libraries()) {
    if (!name.starts_with("CUDA")) versions += fmt::format("{}{} {}", versions.empty() ? "" : ", ", name, version);
  }
  fmt::print(
      "# What cuDNN has for the five networks\n\n"
      "Printed by `cudnn_plans {}`: {}; batch {}, 224x224 pixels. No GPU was asked: cuDNN answered for the cards described in\n"
      "`tests/gpu` (public figures). Each cell is the first engine of its heuristics that the engine would take, with its "
      "workspace.\n"
      "`run-time` engines are generated and compiled on the card at first use, and then read from the plan cache. Engines that "
      "sum\n"
      "in less than f32 are left out, and so, without a card, are those that hand over to cuBLASLt (1x1 convolutions).\n\n"
      "Fusions with statistics are f16 alone and want channels in multiples of 8. For sm_89 cuDNN builds them here although its\n"
      "documentation leaves 8.9 out: to be tried on a card.\n\n"
      "## Summary\n\nConvolutions (of {}) served by a precompiled engine / a run-time compiled one / none. Where a fused forward "
      "has none, the\n"
      "convolution runs plain with our pointwise kernels behind it; where a training fusion has none, its steps run one by "
      "one.\n\n{}{}\n"
      "## The stem, padded\n\nThree channels make cuDNN copy arrays into its workspace; padding them to 8 is the "
      "remedy.\n\n{}{}{}",
      batch, versions, batch, std::size(kNetworkConvs), header("graph", cards), summary, header("7x7 / 2 stem", cards),
      stem_rows(cards, batch), tables);
}

/// `calls`: [{"function": "forward", "bias": true, "residual": false, "n": 256, "h": 56, "w": 56, "c": 64, "k": 64, "r": 3,
/// "s": 3, "stride": 1, "pad": 1}, …], all f16; the other functions are "forward_stats", "backward_data", "backward_weights".
/// Returns for each {"80": {"engine": "eng47", "workspace_bytes": 0}, …} with a compute capability as key; null where cuDNN has
/// none.
nlohmann::json answered(const nlohmann::json& calls) {
  const std::map<std::string, Function> functions{{"forward", Function::forward},
                                                  {"forward_stats", Function::forward_stats},
                                                  {"backward_data", Function::backward_data},
                                                  {"backward_weights", Function::backward_weights}};
  const auto cards = offline_cards();
  nlohmann::json all = nlohmann::json::array();
  for (const auto& call : calls) {
    const cudnn::Graph graph{.function = functions.at(call.at("function")),
                             .shape = {.dtype = DType::f16,
                                       .batch = call.at("n"),
                                       .height = call.at("h"),
                                       .width = call.at("w"),
                                       .in_channels = call.at("c"),
                                       .out_channels = call.at("k"),
                                       .kernel_h = call.at("r"),
                                       .kernel_w = call.at("s"),
                                       .stride = call.at("stride"),
                                       .pad = call.at("pad")},
                             .bias = call.value("bias", false),
                             .residual = call.value("residual", false),
                             .relu = call.value("bias", false)};
    nlohmann::json& of_call = all.emplace_back();
    for (const OfflineCard& card : cards) {
      const Answer answer = answer_of(graph, card.card);
      nlohmann::json& told = of_call[std::to_string(card.sm)];
      if (answer.verdict != Verdict::none) told = {{"engine", answer.engine}, {"workspace_bytes", answer.workspace_bytes}};
    }
  }
  return all;
}

}  // namespace
}  // namespace cudenza::testing

int main(int argc, char** argv) {
  if (const std::string why = cudenza::testing::make_cudnn_answer(); !why.empty()) {
    std::cerr << "cudnn_plans: " << why << '\n';
    return 4;
  }
  if (argc > 1 && std::string_view(argv[1]) == "--ask") {
    std::cout << cudenza::testing::answered(nlohmann::json::parse(std::cin)).dump(1) << '\n';
    return 0;
  }
  cudenza::testing::print(argc > 1 ? std::atoll(argv[1]) : 64);
}
