#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "engine/io/hdf5_file.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

template <class T> Tensor counted(const Shape& shape) {
  std::vector<T> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i % 120);
  return Tensor::from(values, shape);
}

template <class T> void expect_same(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  ASSERT_EQ(a.dtype(), b.dtype());
  EXPECT_TRUE(std::ranges::equal(a.span<T>(), b.span<T>()));
}

template <class T> void expect_round_trip(const fs::path& path, const Shape& shape) {
  const Tensor t = counted<T>(shape);
  Hdf5File::create(path, [&](Hdf5File& file) { file.write("a/b.c/t", t); });
  const Hdf5File file(path);
  const auto [stored_shape, dtype] = file.extent("a/b.c/t");
  EXPECT_EQ(stored_shape, shape);
  EXPECT_EQ(dtype, dtype_of<T>);
  expect_same<T>(file.read("/a/b.c/t"), t);
}

TEST(Hdf5, EveryTypeComesBack) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  expect_round_trip<float>(path, {3, 5});
  expect_round_trip<double>(path, {7});
  expect_round_trip<int64_t>(path, {2, 3, 4});
  expect_round_trip<int32_t>(path, {1});
  expect_round_trip<uint32_t>(path, {5});
  expect_round_trip<int16_t>(path, {4, 1});
  expect_round_trip<uint8_t>(path, {2, 1, 1, 1, 1, 2});
  expect_round_trip<float>(path, {});
  expect_round_trip<float>(path, {0, 4});
}

TEST(Hdf5, HalvesAreStoredAsFloats) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  const Tensor t = Tensor::from(std::vector<float>{1.5f, -0.25f, 3}, {3});
  Hdf5File::create(path, [&](Hdf5File& file) {
    file.write("bf16", t.to(DType::bf16));
    file.write("f16", t.to(DType::f16));
  });
  const Hdf5File file(path);
  expect_same<float>(file.read("bf16"), t);
  expect_same<float>(file.read("f16"), t);
}

TEST(Hdf5, NamesAreListedRecursively) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  Hdf5File::create(path, [](Hdf5File& file) {
    for (const char* name : {"layer1.0.weight", "optimizer/m/fc", "optimizer/v/fc", "clip/blues.00000"})
      file.write(name, counted<float>({2}));
  });
  const Hdf5File file(path);
  EXPECT_EQ(file.names(), (std::vector<std::string>{"clip/blues.00000", "layer1.0.weight", "optimizer/m/fc", "optimizer/v/fc"}));
  EXPECT_EQ(file.names("optimizer/v"), std::vector<std::string>{"optimizer/v/fc"});
  EXPECT_TRUE(file.contains("optimizer"));
  EXPECT_TRUE(file.contains("/optimizer/m/fc"));
  EXPECT_FALSE(file.contains("optimizer/m/fc/deeper"));
  EXPECT_FALSE(file.contains("nothing/here"));
}

TEST(Hdf5, RowsAreWrittenAndReadPieceByPiece) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  const Tensor whole = counted<float>({6, 4, 5});
  Hdf5File::create(path, [&](Hdf5File& file) {
    file.reserve("x", {6, 4, 5}, DType::f32);
    file.write_rows("x", 4, whole.slice(80, {2, 4, 5}));
    file.write_rows("x", 0, whole.slice(0, {4, 4, 5}));
    file.reserve("zeros", {3}, DType::i64);
    EXPECT_THROW(file.write_rows("x", 5, whole.slice(0, {2, 4, 5})), UsageError);
    EXPECT_THROW(file.write_rows("x", 0, whole.slice(0, {4, 5})), UsageError);
  });
  const Hdf5File file(path);
  expect_same<float>(file.read("x"), whole);
  expect_same<float>(file.read_rows("x", 3, 2), whole.slice(60, {2, 4, 5}));
  expect_same<int64_t>(file.read("zeros"), Tensor::zeros({3}, DType::i64));
  EXPECT_THROW(file.read_rows("x", 5, 2), UsageError);
}

TEST(Hdf5, AttributesComeBack) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  const std::vector<std::string> classes{"blues", "rock'n'roll", "müsic", ""};
  Hdf5File::create(path, [&](Hdf5File& file) {
    file.set_attribute("/", "arch", "resnet50");
    file.set_attribute("/", "arch", "alexnet");  // replaces
    file.set_attribute("/", "version", 3);
    file.set_attribute("trainer/state", "rate", 0.125);
    file.set_attribute("trainer/state", "classes", classes);
    file.set_attribute("trainer/state", "none", std::vector<std::string>{});
    file.set_attribute("/", "mean", std::vector<double>{0.485, 0.456, 0.406});
    file.write("x", counted<float>({2}));
    file.set_attribute("x", "counts", std::vector<int64_t>{1, int64_t{1} << 60});
  });
  const Hdf5File file(path);
  EXPECT_EQ(file.attribute<std::string>("/", "arch"), "alexnet");
  EXPECT_EQ(file.attribute<int64_t>("/", "version"), 3);
  EXPECT_EQ(file.attribute<double>("/", "version"), 3.0);
  EXPECT_EQ(file.attribute<double>("trainer/state", "rate"), 0.125);
  EXPECT_EQ(file.attribute<std::vector<double>>("trainer/state", "rate"), std::vector<double>{0.125});
  EXPECT_EQ(file.attribute<std::vector<std::string>>("trainer/state", "classes"), classes);
  EXPECT_EQ(file.attribute<std::vector<std::string>>("trainer/state", "none"), std::vector<std::string>{});
  EXPECT_EQ(file.attribute<std::vector<double>>("/", "mean"), (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(file.attribute<std::vector<int64_t>>("x", "counts"), (std::vector<int64_t>{1, int64_t{1} << 60}));
  EXPECT_EQ(file.attribute_names("/"), (std::vector<std::string>{"arch", "mean", "version"}));
  EXPECT_EQ(file.attribute_or<int64_t>("nowhere", "epoch", 7), 7);
  expect_says(message_of<DataError>([&] { file.attribute<double>("/", "arch"); }), "of another kind");
  expect_says(message_of<DataError>([&] { file.attribute("/", "missing"); }), "'missing'");
}

/// More than an attribute could hold, and bytes that are no UTF-8.
TEST(Hdf5, TextsComeBack) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  const std::vector<std::string> odd{"", "müsic", "a/b \"c\" # \n", "\xff\xfe", std::string(70000, 'x')};
  std::vector<std::string> many;
  for (int i = 0; i < 20000; ++i) many.push_back(fmt::format("genre/clip.{:05}.wav", i));
  Hdf5File::create(path, [&](Hdf5File& file) {
    file.write_texts("odd", odd);
    file.write_texts("a/many", many);
    file.write_texts("none", {});
    file.write("x", counted<float>({2}));
    EXPECT_THROW(file.write_texts("zero", std::vector<std::string>{std::string("a\0b", 3)}), UsageError);
  });
  const Hdf5File file(path);
  EXPECT_EQ(file.read_texts("odd"), odd);
  EXPECT_EQ(file.read_texts("/a/many"), many);
  EXPECT_TRUE(file.read_texts("none").empty());
  expect_says(message_of<DataError>([&] { file.read_texts("x"); }), "'x' does not hold texts");
  expect_says(message_of<DataError>([&] { file.read("odd"); }), "'odd' does not hold numbers");
}

TEST(Hdf5, FileIsWholeOrAbsent) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  const auto half = [](Hdf5File& file) {
    file.write("x", counted<float>({2}));
    throw DataError("no more");
  };
  EXPECT_THROW(Hdf5File::create(path, half), DataError);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

TEST(Hdf5, MessagesNameFileAndReason) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  expect_says(message_of<DataError>([&] { Hdf5File{path}; }), "t.h5: there is no such file");
  expect_says(message_of<DataError>([&] { Hdf5File{scratch.path()}; }), "is not a file");
  std::ofstream(path) << "PK\3\4 but not HDF5 at all";
  expect_says(message_of<DataError>([&] { Hdf5File{path}; }), "t.h5: cannot be read as HDF5: ");
  Hdf5File::create(path, [&](Hdf5File& file) {
    file.write("x", counted<float>({2}));
    expect_says(message_of<DataError>([&] { file.write("x", counted<float>({2})); }), "t.h5: 'x' cannot be made");
    expect_says(message_of<UsageError>([&] { file.write("a//x", counted<float>({2})); }), "'a//x' cannot name");
  });
  const Hdf5File file(path);
  expect_says(message_of<DataError>([&] { file.read("y"); }), "t.h5: has no data set 'y'");
  expect_says(message_of<DataError>([&] { file.read("/"); }), "cannot be opened as a data set");
}

TEST(Hdf5, TruncatedFilesAreRefused) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  Hdf5File::create(path, [](Hdf5File& file) {
    for (const char* name : {"a", "b/c", "b/d"}) file.write(name, counted<float>({50}));
  });
  const auto size = fs::file_size(path);
  for (int percent = 99; percent >= 0; --percent) {
    fs::resize_file(path, size * static_cast<uintmax_t>(percent) / 100);
    EXPECT_THROW(Hdf5File{path}, DataError) << percent << " %";
  }
}

/// A few hundred bytes can claim any number of elements; reading them must not ask for the memory.
TEST(Hdf5, ClaimsBeyondTheFileAreRefused) {
  const ScratchFolder scratch;
  const fs::path path = scratch.path() / "t.h5";
  Hdf5File::create(path, [](Hdf5File& file) {
    file.write("x", counted<float>({50}));
    file.reserve("vast", {int64_t{1} << 40}, DType::u8);
  });
  const Hdf5File file(path);
  EXPECT_EQ(file.extent("vast").shape, (Shape{int64_t{1} << 40}));
  expect_says(message_of<DataError>([&] { file.read("vast"); }), "more than the file can hold");
  expect_same<float>(file.read("x"), counted<float>({50}));
}

TEST(Hdf5, ThreadsMayShareTheLibrary) {
  const ScratchFolder scratch;
  const auto work = [&](int id) {
    const fs::path path = scratch.path() / fmt::format("{}.h5", id);
    for (int i = 0; i < 20; ++i) {
      Hdf5File::create(path, [](Hdf5File& file) { file.write("x", counted<float>({100})); });
      expect_same<float>(Hdf5File(path).read("x"), counted<float>({100}));
    }
  };
  std::vector<std::thread> threads;
  for (int id = 0; id < 4; ++id) threads.emplace_back(work, id);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace cudenza::testing
