#include "engine/run/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/core/error.h"

namespace cudenza::testing {
namespace {

// As statsmodels' proportion_confint(k, n, method="wilson") gives them; 176 and 158 of 199 are the study's ResNet50 and AlexNet.
TEST(Metrics, WilsonIntervals) {
  struct Case {
    int64_t successes, n;
    double low, high;
  };
  // 0 of n: [0, z²/(n+z²)]; n of n: [n/(n+z²), 1]; z² = 3.841458820694124.
  for (const Case& c :
       {Case{0, 10, 0, 3.841458820694124 / 13.841458820694124}, Case{10, 10, 10 / 13.841458820694124, 1},
        Case{5, 10, 0.2365930905125639, 0.7634069094874361}, Case{176, 199, 0.8325451782690045, 0.9217384917929796},
        Case{158, 199, 0.7324656208069941, 0.8443395386521703}, Case{0, 0, 0, 1}}) {
    const Interval interval = wilson_interval(c.successes, c.n);
    EXPECT_NEAR(interval.low, c.low, 1e-14) << c.successes << " of " << c.n;
    EXPECT_NEAR(interval.high, c.high, 1e-14) << c.successes << " of " << c.n;
  }
}

// Six clips, three classes. Rows sum to 1; predicted 0 0 1 1 2 0.
const std::vector<double> kProbabilities = {0.7, 0.2, 0.1, 0.5, 0.4, 0.1, 0.2, 0.6, 0.2,
                                            0.1, 0.8, 0.1, 0.1, 0.3, 0.6, 0.4, 0.3, 0.3};
const std::vector<int64_t> kLabels = {0, 1, 1, 2, 2, 2};
const Scored kSix{kProbabilities, kLabels, 3};

TEST(Metrics, ConfusionCountsRowsByActualClass) {
  const ConfusionMatrix matrix = confusion_matrix(kLabels, predicted_classes(kSix), 3);
  const int64_t expected[3][3] = {{1, 0, 0}, {1, 1, 0}, {1, 1, 1}};
  for (int64_t a = 0; a < 3; ++a) {
    for (int64_t p = 0; p < 3; ++p) EXPECT_EQ(matrix.at(a, p), expected[a][p]) << a << ' ' << p;
  }
  EXPECT_EQ(matrix.accuracy().successes, 3);
  EXPECT_EQ(matrix.accuracy().count, 6);
  EXPECT_EQ(accuracy(kSix).value(), 0.5);
}

TEST(Metrics, ClassScores) {
  const auto scores = class_scores(confusion_matrix(kLabels, predicted_classes(kSix), 3));
  const double precision[] = {1.0 / 3, 1.0 / 2, 1}, recall[] = {1, 1.0 / 2, 1.0 / 3}, f1[] = {0.5, 0.5, 0.5};
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_DOUBLE_EQ(scores[c].precision.value(), precision[c]) << c;
    EXPECT_DOUBLE_EQ(scores[c].recall.value(), recall[c]) << c;
    EXPECT_DOUBLE_EQ(scores[c].f1, f1[c]) << c;
    EXPECT_EQ(scores[c].recall.count, static_cast<int64_t>(c + 1)) << "support of " << c;
  }
  EXPECT_DOUBLE_EQ(macro_f1(scores), 0.5);
}

TEST(Metrics, AClassNeverSeenNorPredictedHasNoScore) {
  const auto scores = class_scores(confusion_matrix(std::vector<int64_t>{0, 0}, std::vector<int64_t>{0, 1}, 3));
  EXPECT_TRUE(std::isnan(scores[1].recall.value()));  // predicted, never there
  EXPECT_EQ(scores[1].f1, 0);
  EXPECT_TRUE(std::isnan(scores[2].f1));
  EXPECT_DOUBLE_EQ(macro_f1(scores), (2.0 / 3 + 0) / 2);
}

TEST(Metrics, MostConfusedFirstAndTiesInOrder) {
  const auto matrix = confusion_matrix(std::vector<int64_t>{0, 0, 2, 2, 2, 1, 1}, std::vector<int64_t>{1, 1, 0, 0, 2, 0, 1}, 3);
  EXPECT_EQ(most_confused(matrix), (std::vector<Confusion>{{0, 1, 2}, {2, 0, 2}, {1, 0, 1}}));
  EXPECT_EQ(most_confused(matrix, 2).size(), 2u);
}

TEST(Metrics, TopLosses) {
  const auto top = top_losses(kSix, 2);
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[0].clip, 3);  // 0.1 for its class
  EXPECT_EQ(top[0].predicted, 1);
  EXPECT_EQ(top[0].probability, 0.8);
  EXPECT_DOUBLE_EQ(top[0].loss, -std::log(0.1));
  EXPECT_EQ(top[1].clip, 5);
  EXPECT_EQ(top_losses(kSix, 100).size(), 6u);
}

TEST(Metrics, NegativeLogLikelihood) {
  EXPECT_DOUBLE_EQ(negative_log_likelihood(kSix), -std::log(0.7 * 0.4 * 0.6 * 0.1 * 0.6 * 0.3) / 6);
  // A probability of 0 costs much, not infinitely.
  EXPECT_NEAR(negative_log_likelihood({std::vector<double>{1, 0}, std::vector<int64_t>{1}, 2}), 38 * std::log(10), 1e-9);
}

TEST(Metrics, TopKCountsTiesAgainstTheLabel) {
  EXPECT_EQ(top_k_accuracy(kSix, 1).successes, 3);
  EXPECT_EQ(top_k_accuracy(kSix, 2).successes, 4);  // clip 1 comes second; clips 3 and 5 share the last place
  EXPECT_EQ(top_k_accuracy(kSix, 3).successes, 6);
}

TEST(Metrics, ReliabilityAndEce) {
  // Highest probabilities 0.7 0.5 0.6 0.8 0.6 0.4, right yes no yes no yes no, in four bins closed above.
  const auto table = reliability(kSix, 4);
  EXPECT_EQ(table[0].count, 0);
  EXPECT_TRUE(std::isnan(table[0].confidence));
  EXPECT_EQ(table[1].count, 2);  // 0.4 and 0.5, neither right
  EXPECT_EQ(table[1].correct, 0);
  EXPECT_EQ(table[2].count, 3);  // 0.7 0.6 0.6, all right
  EXPECT_EQ(table[2].correct, 3);
  EXPECT_DOUBLE_EQ(table[2].confidence, 1.9 / 3);
  EXPECT_EQ(table[3].count, 1);
  // (2/6) |0 - 0.45| + (3/6) |1 - 1.9/3| + (1/6) |0 - 0.8|
  EXPECT_NEAR(expected_calibration_error(table), (0.9 + 1.1 + 0.8) / 6, 1e-12);
}

TEST(Metrics, SoftmaxAndItsLogsUndoEachOther) {
  const std::vector<double> logits = {1000, 1001, 0, 0};
  const auto p = softmax({logits, std::vector<int64_t>{0, 0}, 2});
  EXPECT_NEAR(p[0], 1 / (1 + M_E), 1e-12);
  EXPECT_EQ(p[2], 0.5);
  const auto logs = logs_of(kSix);
  const auto again = softmax({logs, kLabels, 3});
  for (size_t i = 0; i < again.size(); ++i) EXPECT_NEAR(again[i], kProbabilities[i], 1e-15);
  EXPECT_NEAR(at_temperature(kSix, 0.5)[0], 0.49 / 0.54, 1e-15);  // p² / sum p²
}

// Two classes, logits (2, 0), ten clips, eight of them class 0: the cross entropy is lowest where sigmoid(2 / T) = 0.8.
TEST(Metrics, TemperatureIsWhereTheCrossEntropyIsLowest) {
  std::vector<double> logits;
  std::vector<int64_t> labels;
  for (int n = 0; n < 10; ++n) {
    logits.insert(logits.end(), {2, 0});
    labels.push_back(n < 8 ? 0 : 1);
  }
  EXPECT_NEAR(fit_temperature({logits, labels, 2}), 2 / std::log(4), 1e-8);
  const auto logs = logs_of(kSix);
  const double fitted = fit_temperature({logs, kLabels, 3});
  const auto loss = [](double t) {
    const auto p = at_temperature(kSix, t);
    return negative_log_likelihood({p, kLabels, 3});
  };
  EXPECT_LT(loss(fitted), loss(fitted * 1.01));
  EXPECT_LT(loss(fitted), loss(fitted / 1.01));
}

TEST(Metrics, TemperatureOfTheExtremes) {
  const std::vector<double> right = {3, 0, 0, 2}, wrong = {0, 3, 2, 0}, alike = {1, 1, 1, 1};
  const std::vector<int64_t> labels = {0, 1};
  EXPECT_EQ(fit_temperature({right, labels, 2}), 1);   // any lower T would be better still
  EXPECT_EQ(fit_temperature({wrong, labels, 2}), 50);  // any higher T would be
  EXPECT_EQ(fit_temperature({alike, labels, 2}), 1);   // none matters
  EXPECT_EQ(fit_temperature({{}, {}, 2}), 1);
}

TEST(Metrics, SaysWhatDoesNotFit) {
  EXPECT_THROW(accuracy({std::vector<double>{1, 2, 3}, std::vector<int64_t>{0, 1}, 2}), UsageError);
  EXPECT_THROW(accuracy({std::vector<double>{1, 2}, std::vector<int64_t>{2}, 2}), UsageError);
  EXPECT_THROW(accuracy({std::vector<double>{1, NAN}, std::vector<int64_t>{0}, 2}), UsageError);
  EXPECT_THROW(confusion_matrix(std::vector<int64_t>{0}, std::vector<int64_t>{-1}, 2), UsageError);
}

TEST(Metrics, OfNothingIsNotANumber) {
  const Scored none{{}, {}, 3};
  EXPECT_TRUE(std::isnan(accuracy(none).value()));
  EXPECT_TRUE(std::isnan(negative_log_likelihood(none)));
  EXPECT_TRUE(std::isnan(expected_calibration_error(reliability(none))));
}

}  // namespace
}  // namespace cudenza::testing
