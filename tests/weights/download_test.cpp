#include "weights/download.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "tests/support/content_of.h"
#include "tests/support/http_server.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class Download : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (std::system("curl --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs curl";
  }

  Download() {
    for (int i = 0; i < 200'000; ++i) content_ += static_cast<char>(i * 31 >> 3);
    Sha256 sha;
    sha.update(std::as_bytes(std::span(content_)));
    whole_ = sha.hex();
    prefix_ = whole_.substr(0, 8);
    server_.serve("small-0.pth", content_);
  }

  OfficialWeights row() const {
    return {.arch = "small",
            .variant = "V1",
            .url = "https://example.invalid/small-0.pth",
            .sha256_prefix = prefix_,
            .bytes = content_.size(),
            .top1 = std::nullopt};
  }
  DownloadOptions options() const { return {.folder = scratch_.path() / "new folder", .base_url = server_.url()}; }
  fs::path part() const { return scratch_.path() / "new folder/small-0.pth.part"; }
  std::string refusal(const OfficialWeights& wanted) {
    return message_of<DataError>([&] { download(wanted, options()); });
  }

  std::string content_, whole_, prefix_;
  HttpServer server_;
  const ScratchFolder scratch_;
};

TEST_F(Download, BringsAndChecksAFile) {
  const fs::path path = download(row(), options());
  EXPECT_EQ(path.filename(), "small-0.pth");
  EXPECT_EQ(content_of(path), content_);
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_EQ(download(row(), options()), path);  // there already
  EXPECT_EQ(server_.starts(), std::vector<size_t>{0});
}

TEST_F(Download, GoesOnWhereATransferBrokeOff) {
  server_.cut_next_answer_after(70'000);
  expect_says(refusal(row()), "the transfer broke off after 70000 bytes; the same command goes on from there");
  EXPECT_EQ(content_of(download(row(), options())), content_);
  EXPECT_EQ(server_.starts(), (std::vector<size_t>{0, 70'000}));
}

TEST_F(Download, BeginsAnewWhereTheServerCannotGoOn) {
  server_.allow_ranges(false);
  server_.cut_next_answer_after(70'000);
  expect_says(refusal(row()), "broke off");
  EXPECT_EQ(content_of(download(row(), options())), content_);
}

TEST_F(Download, BeginsAnewWhenThePartIsNoPart) {
  fs::create_directories(part().parent_path());
  std::ofstream(part()) << std::string(content_.size() + 5, 'x');
  EXPECT_EQ(content_of(download(row(), options())), content_);
}

TEST_F(Download, KeepsAWholePart) {
  fs::create_directories(part().parent_path());
  std::ofstream(part(), std::ios::binary) << content_;
  EXPECT_EQ(content_of(download(row(), options())), content_);
  EXPECT_TRUE(server_.starts().empty());
}

TEST_F(Download, RefusesAnotherFileThanPromised) {
  OfficialWeights other = row();
  other.sha256_prefix = "00000000";
  const std::string message = refusal(other);
  expect_says(message, "small-0.pth: what came is not the official file: 200000 bytes, SHA-256 " + prefix_);
  expect_says(message, "and not 00000000…; it was removed");
  OfficialWeights longer = row();
  longer.bytes = content_.size() + 1;
  expect_says(refusal(longer), "what came is not the official file");
  EXPECT_TRUE(fs::is_empty(scratch_.path() / "new folder"));
}

TEST_F(Download, ChecksAllDigitsThatAreKnown) {
  OfficialWeights known = row();
  known.sha256 = whole_;
  EXPECT_EQ(content_of(download(known, options())), content_);
  fs::remove_all(part().parent_path());
  const std::string begins_alike = prefix_ + std::string(56, '0');
  known.sha256 = begins_alike;
  expect_says(refusal(known), "and not " + begins_alike);
  EXPECT_TRUE(fs::is_empty(part().parent_path()));
}

TEST_F(Download, EndlessAnswersEnd) {
  for (const size_t said_length : {size_t{0}, content_.size(), size_t{1} << 40}) {  // not said; the right one; too long
    for (const bool has_size : {true, false}) {
      SCOPED_TRACE(fmt::format("{} bytes said, size {}", said_length, has_size ? "known" : "not known"));
      server_.serve_endless("small-0.pth", std::string(1 << 16, 'x'), said_length);
      OfficialWeights wanted = row();
      if (!has_size) wanted.bytes = std::nullopt;
      DownloadOptions bounded = options();
      bounded.limits.most_bytes = content_.size();
      const std::string message = message_of<DataError>([&] { download(wanted, bounded); });
      if (said_length == content_.size()) expect_says(message, "what came is not the official file");
      else expect_says(message, "the server sends more than the 200000 bytes that the file may have; what came was removed");
      EXPECT_TRUE(fs::is_empty(part().parent_path()));
    }
  }
}

TEST_F(Download, SlowAnswersEnd) {
  DownloadOptions hasty = options();
  hasty.limits.slow_seconds = 1;
  server_.slow_down(100);
  const auto message = [&] { return message_of<DataError>([&] { download(row(), hasty); }); };
  expect_says(message(), "the server is too slow: less than 10000 bytes a second for 1 s");
  hasty.limits = {.fewest_bytes_per_s = 1, .slow_seconds = 1, .most_seconds = 1};
  expect_says(message(), "or not done after 1 s");
}

TEST_F(Download, CirclesOfRedirectionsEnd) {
  server_.redirect("small-0.pth", server_.url());
  expect_says(refusal(row()), "the server sends elsewhere more than 5 times");
}

TEST_F(Download, WritesThroughNoLink) {
  fs::create_directories(part().parent_path());
  std::ofstream(scratch_.path() / "mine") << "mine";
  fs::create_symlink(scratch_.path() / "mine", part());
  expect_says(refusal(row()), "small-0.pth.part: is no file that a transfer left");
  EXPECT_EQ(content_of(scratch_.path() / "mine"), "mine");
}

TEST_F(Download, RefusesToReplaceAForeignFile) {
  fs::create_directories(part().parent_path());
  std::ofstream(part().parent_path() / "small-0.pth") << "mine";
  expect_says(refusal(row()), "is there, but is not the official file");
}

TEST_F(Download, SaysWhatFailed) {
  OfficialWeights missing = row();
  missing.url = "https://example.invalid/other-0.pth";
  expect_says(refusal(missing), "/other-0.pth: the server answers 404");
  const auto from = [&](const std::string& base) {
    return message_of<DataError>([&] { download(row(), {.folder = scratch_.path(), .base_url = base}); });
  };
  expect_says(from("http://127.0.0.1:1"), "http://127.0.0.1:1/small-0.pth: the server cannot be reached; is there a network?");
  expect_says(from("file:///etc"), "curl failed");  // http and https alone
}

TEST_F(Download, SaysThatThereIsNoCurl) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  const std::string message = refusal(row());
  setenv("PATH", path.c_str(), 1);
  expect_says(message, "curl was not found: install it, or download http://127.0.0.1");
}

}  // namespace
}  // namespace cudenza::testing
