#include "engine/run/event_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/core/error.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/raw_file.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

const EventFile::Options kFixed{.resumed_at = std::nullopt, .wall_time = 1700000000.25, .host = "here"};

std::string bytes_of(const fs::path& path) {
  const std::vector<char> bytes = read_raw<char>(path);
  return {bytes.begin(), bytes.end()};
}

// RFC 3720, B.4: CRC-32C of 32 zero bytes is 8a9136aa, of 32 bytes of ff 62a8ab43; then rotated and shifted.
TEST(EventFile, ChecksumsAreMaskedCastagnoli) {
  const auto masked = [](uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; };
  EXPECT_EQ(masked_crc32c(std::string(32, '\0')), masked(0x8a9136aau));
  EXPECT_EQ(masked_crc32c(std::string(32, '\xff')), masked(0x62a8ab43u));
}

// The fixture is written by the tensorboard package: tests/fixtures/make_event_fixture.py.
TEST(EventFile, IsByteForByteWhatTensorBoardWrites) {
  const ScratchFolder scratch;
  EventFile::Options options = kFixed;
  options.resumed_at = 300;
  EventFile file(scratch.path(), options);
  file.scalar(0, "loss/train", 2.5);
  file.scalars(300, std::array<Scalar, 2>{{{"loss/train", 1.25}, {"accuracy/valid", 0.8844221}}});
  file.scalar(5000000000, "loss/train", 0.5);
  EXPECT_EQ(bytes_of(file.path()), bytes_of(fixture("train/events.bin")));
}

TEST(EventFile, AResumedRunWritesAFileOfItsOwnThatSortsAfter) {
  const ScratchFolder scratch;
  EventFile first(scratch.path(), kFixed);
  first.scalar(1, "loss", 3);
  const std::string before = bytes_of(first.path());
  EventFile::Options options = kFixed;
  options.resumed_at = 1;
  const EventFile second(scratch.path(), options);
  EXPECT_EQ(first.path().filename(), "events.out.tfevents.1700000000.here.000");
  EXPECT_EQ(second.path().filename(), "events.out.tfevents.1700000000.here.001");
  EXPECT_EQ(bytes_of(first.path()), before);
}

TEST(EventFile, AWriteThatFailsIsSaid) {
  const ScratchFolder scratch;
  EventFile file(scratch.path(), kFixed);
  const FileSizeLimit limit(4096);
  EXPECT_NO_THROW(file.scalar(1, std::string(1000, 'x'), 0));
  EXPECT_THROW(file.scalar(2, std::string(10000, 'x'), 0), DataError);
}

TEST(EventFile, NamesTheFileThatCannotBeWritten) {
  const ScratchFolder scratch;
  std::ofstream(scratch.path() / "file") << "x";
  EXPECT_THROW(EventFile(scratch.path() / "file" / "run", kFixed), DataError);
}

}  // namespace
}  // namespace cudenza::testing
