/// What cuDNN answers, without a GPU, to the graphs that the engine makes. bench/results/cudnn_plans.md has all of it; here the
/// cheap questions are asked of every convolution, the dear ones (0.1 s each) of a sample.
#include <gtest/gtest.h>

#include "tests/support/network_convs.h"
#include "tests/support/offline_cards.h"

namespace cudenza::testing {
namespace {

using cudnn::Candidates;
using cudnn::Function;
using cudnn::Graph;
using cudnn::Source;

constexpr DType kTypes[] = {DType::f32, DType::bf16, DType::f16};
/// One of each kind: a stem, 3x3 with stride 1 and 2, 1x1 wider and narrower, and a strided shortcut.
constexpr size_t kSample[] = {14, 15, 16, 26, 30, 40};

class CudnnGraph : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = make_cudnn_answer(); !why.empty()) GTEST_SKIP() << "cuDNN cannot be asked: " << why;
  }
};

/// Whether some engine can serve the graph; a precompiled one that comes first is built to prove it.
bool is_served(const Graph& graph, const cudnn::Card& card) {
  for (const Source source : {Source::heuristics, Source::fallback}) {
    const Candidates candidates(graph, card, source);
    for (int i = 0; i < candidates.count(); ++i) {
      if (candidates.is_compiled_at_run_time(i) || candidates.build(i)) return true;
    }
  }
  return false;
}

Graph epilogue_graph(const ConvShape& shape) {
  return {.function = Function::forward, .shape = shape, .bias = true, .residual = true, .relu = true};
}

/// The sampled convolutions of the networks for which a card has an engine, in their order.
std::vector<size_t> served_of_sample(Function function, DType dtype, const OfflineCard& card) {
  std::vector<size_t> served;
  for (const size_t i : kSample) {
    if (is_served({.function = function, .shape = kNetworkConvs[i].shape(dtype, 64)}, card.card)) served.push_back(i);
  }
  return served;
}

TEST_F(CudnnGraph, EveryPlainConvolutionOfTheNetworksHasAnEngineOnEveryCard) {
  for (const OfflineCard& card : offline_cards()) {
    for (const NetworkConv& conv : kNetworkConvs) {
      for (const DType dtype : kTypes) {
        for (const Function function : {Function::forward, Function::backward_data, Function::backward_weights}) {
          const Graph graph{.function = function, .shape = conv.shape(dtype, 64)};
          EXPECT_TRUE(is_served(graph, card.card)) << card.name << ": " << graph.text();
        }
      }
    }
  }
}

TEST_F(CudnnGraph, LargeBatchesHaveEnginesToo) {
  for (const OfflineCard& card : offline_cards()) {
    for (const size_t i : kSample) {
      for (const DType dtype : kTypes) {
        for (const Function function : {Function::forward, Function::backward_data, Function::backward_weights}) {
          const Graph graph{.function = function, .shape = kNetworkConvs[i].shape(dtype, 256)};
          EXPECT_TRUE(is_served(graph, card.card)) << card.name << ": " << graph.text();
        }
      }
    }
  }
}

// Precompiled ones: those that are compiled at first use take a second each, and were slower on an H100.
TEST_F(CudnnGraph, AnEpilogueWithABiasIsOnePrecompiledEngineOnEveryCard) {
  for (const OfflineCard& card : offline_cards()) {
    for (const size_t i : {size_t{15}, size_t{26}}) {
      for (const DType dtype : kTypes) {
        for (const int parts : {0, 2, 4, 6}) {
          Graph graph = epilogue_graph(kNetworkConvs[i].shape(dtype, 64));
          graph.residual = parts & 2;
          graph.relu = parts & 4;
          const Candidates candidates(graph, card.card);
          ASSERT_GT(candidates.count(), 0) << card.name << ": " << graph.text() << candidates.why_none();
          EXPECT_FALSE(candidates.is_compiled_at_run_time(0)) << card.name << ": " << graph.text();
        }
      }
    }
  }
}

TEST_F(CudnnGraph, PartsOfTheEpilogueAreOneEngineOnAnH200) {
  const OfflineCard h200 = offline_cards()[3];
  for (const DType dtype : kTypes) {
    for (int parts = 1; parts < 7; ++parts) {
      Graph graph{.function = Function::forward, .shape = kNetworkConvs[15].shape(dtype, 64)};
      graph.bias = parts & 1;
      graph.residual = parts & 2;
      graph.relu = parts & 4;
      EXPECT_TRUE(is_served(graph, h200.card)) << graph.text();
    }
  }
}

// The stem's 3 channels are no multiple of 8: the training fusions cannot take them on any card. B200 has no engine with the
// norm in front (cuDNN 9.19).
TEST_F(CudnnGraph, StatisticsExistInF16WhereTheTableSaysSo) {
  const std::vector<size_t> all_but_the_stem{15, 16, 26, 30, 40};
  for (const OfflineCard& card : offline_cards()) {
    SCOPED_TRACE(card.name);
    EXPECT_EQ(served_of_sample(Function::forward_stats, DType::f16, card), all_but_the_stem);
  }
}

TEST_F(CudnnGraph, StatisticsExistInF16Alone) {
  for (const OfflineCard& card : offline_cards()) {
    for (const DType dtype : {DType::bf16, DType::f32}) {
      const Graph graph{.function = Function::forward_stats, .shape = kNetworkConvs[15].shape(dtype, 64)};
      EXPECT_FALSE(is_served(graph, card.card)) << card.name << ": " << graph.text();
    }
  }
}

// A regression of cuDNN 9.19: asked for a fusion of 3 channels, an engine of sm_80 and sm_100 writes past its memory.
TEST_F(CudnnGraph, FusionsOfOddChannelsAreNotEvenAskedFor) {
  const Candidates candidates({.function = Function::forward_stats, .shape = kNetworkConvs[0].shape(DType::f16, 64)},
                              offline_cards()[0].card);
  EXPECT_EQ(candidates.count(), 0);
  EXPECT_NE(candidates.why_none().find("multiples of 8"), std::string::npos);
}

TEST_F(CudnnGraph, OddChannelsAndMisalignedArraysHaveEngines) {
  ConvShape shape{.batch = 2,
                  .height = 9,
                  .width = 7,
                  .in_channels = 5,
                  .out_channels = 7,
                  .kernel_h = 3,
                  .kernel_w = 3,
                  .stride = 2,
                  .pad = 1};
  for (const OfflineCard& card : offline_cards()) {
    for (const DType dtype : kTypes) {
      shape.dtype = dtype;
      for (const Function function : {Function::forward, Function::backward_data, Function::backward_weights}) {
        for (const int alignment : {16, static_cast<int>(size_of(dtype))}) {
          const Graph graph{.function = function, .shape = shape, .alignment = alignment};
          EXPECT_TRUE(is_served(graph, card.card)) << card.name << ": " << graph.text();
        }
      }
    }
  }
}

TEST_F(CudnnGraph, FullF32NarrowsTheChoiceButLeavesOne) {
  for (const OfflineCard& card : offline_cards()) {
    for (const size_t i : kSample) {
      for (const Function function : {Function::forward, Function::backward_data, Function::backward_weights}) {
        Graph graph{.function = function, .shape = kNetworkConvs[i].shape(DType::f32, 64)};
        const int with_tf32 = Candidates(graph, card.card).count();
        graph.tf32 = false;
        EXPECT_LT(Candidates(graph, card.card).count(), with_tf32) << card.name << ": " << graph.text();
        EXPECT_TRUE(is_served(graph, card.card)) << card.name << ": " << graph.text();
      }
    }
  }
}

TEST_F(CudnnGraph, EveryFunctionHasADeterministicEngine) {
  for (const OfflineCard& card : offline_cards()) {
    for (const size_t i : kSample) {
      for (const DType dtype : kTypes) {
        for (const Function function : {Function::forward, Function::backward_data, Function::backward_weights}) {
          const Graph graph{
              .function = function, .shape = kNetworkConvs[i].shape(dtype, 64), .tf32 = false, .deterministic = true};
          EXPECT_TRUE(is_served(graph, card.card)) << card.name << ": " << graph.text();
        }
      }
    }
  }
}

TEST_F(CudnnGraph, RunTimeEnginesAreGeneratedAndCompiledAndOnlyLackACard) {
  Graph graph = epilogue_graph(kNetworkConvs[15].shape(DType::bf16, 64));
  graph.bias = false;
  const Candidates candidates(graph, offline_cards()[3].card);
  ASSERT_GT(candidates.count(), 0) << candidates.why_none();
  ASSERT_TRUE(candidates.is_compiled_at_run_time(0));
  std::string why_not;
  EXPECT_TRUE(candidates.build(0, &why_not).has_value() || cudnn::needs_a_card_to_load(why_not)) << why_not;
}

TEST_F(CudnnGraph, WhatIsNoCardIsRefusedWithTheReason) {
  const Graph graph{.function = Function::forward, .shape = kNetworkConvs[15].shape(DType::f16, 64)};
  EXPECT_THROW(Candidates(graph, cudnn::Card::described("{}")), UsageError);
  EXPECT_THROW(
      Candidates({.function = Function::forward, .shape = kNetworkConvs[15].shape(DType::f64, 64)}, offline_cards()[3].card),
      UsageError);
}

TEST_F(CudnnGraph, TextTellsGraphsApart) {
  Graph graph{.function = Function::forward, .shape = kNetworkConvs[14].shape(DType::f16, 64), .bias = true, .relu = true};
  EXPECT_EQ(graph.text(), "f16 forward+bias+relu x[64,224,224,3] w[64,7,7,3] stride 2 pad 3");
  graph = {.function = Function::backward_weights,
           .shape = kNetworkConvs[14].shape(DType::f32, 2),
           .tf32 = false,
           .deterministic = true,
           .alignment = 4};
  EXPECT_EQ(graph.text(), "f32 backward_weights x[2,224,224,3] w[64,7,7,3] stride 2 pad 3 no tf32 deterministic alignment 4");
}

}  // namespace
}  // namespace cudenza::testing
