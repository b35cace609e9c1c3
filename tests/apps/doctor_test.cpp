#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/data/synth/folder.h"
#include "tests/data/bad_inputs.h"
#include "tests/data/files.h"
#include "tests/support/program.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::json;

Ran doctor(const fs::path& data, const std::string& arguments = "") {
  return run_program(fmt::format("doctor '{}' {}", data.string(), arguments));
}

TEST(DoctorVerb, HealthyDataIsZero) {
  const ScratchFolder folder;
  write_synth_folder(folder.path(), {.clips = 2, .seconds = 2});
  const Ran text = doctor(folder.path()), ran = doctor(folder.path(), "--json");
  EXPECT_EQ(text.status, 0) << text.out << text.err;
  EXPECT_TRUE(has(text.out, "20 sounds in 10 classes, 20 usable")) << text.out;
  EXPECT_TRUE(has(text.out, "nothing is wrong")) << text.out;
  EXPECT_EQ(text.err, "");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json["ok"], true);
  EXPECT_EQ(json["media"], "sound");
  EXPECT_EQ(json["files"], 20);
  EXPECT_EQ(json["usable"], 20);
  EXPECT_EQ(json["imbalance"], 1);
  EXPECT_EQ(json["classes"][9], Json({{"name", "rock"}, {"files", 2}, {"usable", 2}, {"seconds", 4}}));
  EXPECT_EQ(json["totals"]["sample_rates"], Json({{"22050", 20}}));
  EXPECT_EQ(json["totals"]["channels"], Json({{"1", 20}}));
  EXPECT_EQ(json["totals"]["formats"], Json({{"wav", 20}}));
  EXPECT_EQ(json["totals"]["seconds"], 40);
  EXPECT_TRUE(json["problems"].empty());
  EXPECT_TRUE(json["duplicates"].empty());
}

TEST(DoctorVerb, EverythingThatIsWrongIsThree) {
  const ScratchFolder folder;
  make_bad_inputs(folder.path(), 0.1);
  const Ran text = doctor(folder.path()), ran = doctor(folder.path(), "--json");
  EXPECT_EQ(text.status, 3);
  EXPECT_TRUE(has(text.out, "\ntruncated: 2\n")) << text.out;
  EXPECT_TRUE(has(text.out, "bad/text.wav")) << text.out;
  EXPECT_TRUE(has(text.out, "bad/copy_of_2.wav = good/2.wav  under different labels!")) << text.out;
  EXPECT_TRUE(has(text.out, "bad/part_of_5.wav in good/5.wav")) << text.out;
  EXPECT_TRUE(has(text.err, "9 of 35 files cannot be used")) << text.err;
  ASSERT_EQ(ran.status, 3) << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["counts"]["truncated"], 2);
  EXPECT_EQ(json["counts"]["odd_size"], 0);
  EXPECT_EQ(json["counts"].size(), 18u);
  EXPECT_EQ(json["counts"]["duplicates"], json["duplicates"].size());
  EXPECT_EQ(json["problems"][0],
            Json({{"problem", "missing"}, {"file", "bad/link_to_nothing.wav"}, {"reason", "is a link to nothing"}}));
  EXPECT_EQ(json["duplicates"][0], Json({{"likeness", "bytes"},
                                         {"files", {"bad/copy_of_2.wav", "good/2.wav"}},
                                         {"labels_differ", true},
                                         {"shared_seconds", nullptr}}));
}

TEST(DoctorVerb, NamesThatAreNotUtf8AreReported) {
  const ScratchFolder folder;
  write_file(folder / "a/\xFF\xFE.wav", "x");
  const Ran ran = doctor(folder.path(), "--json");
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(Json::parse(ran.out)["files"], 1);
}

TEST(DoctorVerb, WhatIsNoDataSetIsThree) {
  const Ran ran = doctor("/nowhere");
  EXPECT_EQ(ran.status, 3);
  EXPECT_TRUE(has(ran.err, "/nowhere: there is no such folder or file")) << ran.err;
  EXPECT_EQ(run_program("doctor").status, 2);
}

}  // namespace
}  // namespace cudenza::testing
