#include "weights/manifest.h"

#include <gtest/gtest.h>

#include <set>

#include "models/registry.h"

namespace cudenza::testing {
namespace {

TEST(Manifest, KnowsEveryNetwork) {
  for (const std::string_view arch : network_names()) EXPECT_NE(find_official(arch), nullptr) << arch;
  EXPECT_EQ(find_official("resnet51"), nullptr);
}

TEST(Manifest, RowsAgreeWithThemselves) {
  std::set<std::string_view> prefixes;
  for (const OfficialWeights& row : official_weights()) {
    EXPECT_EQ(hash_in_name(row.file()), row.sha256_prefix);
    EXPECT_TRUE(prefixes.insert(row.sha256_prefix).second) << row.file();
    EXPECT_EQ(find_official(row.arch, row.variant), &row);
    EXPECT_EQ(find_official_by_file(row.file()), &row);
    const std::string begins_alike = std::string(row.sha256_prefix) + std::string(56, '0');
    if (row.sha256.empty()) {
      EXPECT_EQ(find_official_by_hash(begins_alike), &row);
    } else {
      EXPECT_EQ(row.sha256.size(), 64u);
      EXPECT_TRUE(row.sha256.starts_with(row.sha256_prefix));
      EXPECT_EQ(find_official_by_hash(row.sha256), &row);
      EXPECT_EQ(find_official_by_hash(begins_alike), nullptr);
    }
    EXPECT_TRUE(row.url.starts_with("https://"));
  }
}

TEST(Manifest, TheFirstRowOfANetworkIsItsOwn) {
  EXPECT_EQ(find_official("resnet50")->file(), "resnet50-0676ba61.pth");
  EXPECT_EQ(find_official("resnet50", "V2")->file(), "resnet50-11ad3fa6.pth");
  EXPECT_EQ(find_official("resnet50", "V3"), nullptr);
}

TEST(Manifest, HashesAreReadFromNames) {
  EXPECT_EQ(hash_in_name("alexnet-owt-7be5be79.pth"), "7be5be79");
  EXPECT_EQ(hash_in_name("resnetrs50_ema-6b53758b.pth"), "6b53758b");
  EXPECT_EQ(hash_in_name("model.safetensors"), "");
  EXPECT_EQ(hash_in_name("resnet50-best.pth"), "");
  EXPECT_EQ(hash_in_name("resnet50-abc.pth"), "");
  EXPECT_EQ(hash_in_name("7be5be79.pth"), "");
  EXPECT_EQ(hash_in_name("best-20240131.pth"), "");
  EXPECT_EQ(hash_in_name("best-20241331.pth"), "20241331");
}

}  // namespace
}  // namespace cudenza::testing
