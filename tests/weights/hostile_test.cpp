/// Files that are broken, or made to break: each is refused with a message that names it, and none gets memory beyond its own
/// size and a constant, whatever it claims.
#include <gtest/gtest.h>

#include "tests/support/content_of.h"
#include "tests/support/source_tree.h"
#include "tests/weights/hostile_case.h"

namespace cudenza::testing {
namespace {
using namespace pickled;

TEST(LittleMemory, IsLittle) {
  const auto take = [](size_t bytes) { std::string(bytes, 'x').swap(kept_alive); };
  EXPECT_EQ(in_little_memory(kConstant, [&] { take(kConstant / 2); }), "nothing");
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_EQ(in_little_memory(kConstant, [&] { take(kConstant + (1 << 20)); }), "bad_alloc");
#endif
}

std::vector<fs::path> fixtures() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(fixture("weights"))) all.push_back(entry.path());
  return all;
}

TEST_F(Hostile, TruncatedFilesAreRefused) {
  for (const fs::path& file : fixtures()) {
    const std::string whole_file = content_of(file);
    // A tar archive ends in zeros to fill its last block, and may lack them.
    const size_t needed = file.string().ends_with("tar.pth") ? whole_file.find_last_not_of('\0') : whole_file.size();
    for (size_t percent = 0; percent < 100; ++percent) {
      const size_t kept = whole_file.size() * percent / 100;
      if (kept > needed) break;
      memory_.set(std::string_view(whole_file).substr(0, kept));
      EXPECT_EQ(in_little_memory(kConstant, [&] { read_all(memory_.path()); }), "DataError")
          << file << " cut to " << percent << " %";
    }
  }
}

TEST_F(Hostile, EveryDamagedByteIsReadOrRefused) {
  for (const fs::path& file : fixtures()) {
    if (file.extension() == ".h5") continue;  // libhdf5 1.10 falls: keras_fuzz.cpp
    std::string content = content_of(file);
    const auto read_damaged = [&] {
      const size_t step = content.size() > 4096 ? 7 : 1;
      for (size_t at = 0; at < content.size(); at += step) {
        constexpr char kDamages[] = {'\x01', '\x80', '\xFF'};
        const char damage = kDamages[at % 3];
        content[at] = static_cast<char>(content[at] ^ damage);
        memory_.set(content);
        try {
          read_all(memory_.path());
        } catch (const DataError&) {}
        content[at] = static_cast<char>(content[at] ^ damage);
      }
    };
    EXPECT_EQ(in_little_memory(kConstant, read_damaged), "nothing") << file;
  }
}

// Pickles.

TEST_F(Hostile, PicklesExecuteNothing) {
  for (const char* module : {"os", "posix", "nt", "builtins", "__builtin__", "subprocess", "torch.hub", "torch"}) {
    const std::string marker = scratch_.path() / "executed";
    const std::string call = global(module, "system") + tuple(text("touch " + marker)) + "R";
    expect_says(refusal_of_value(dict("weight", call)), fmt::format("the pickle names {}.system", module));
    expect_says(refusal_of_value(call), "nothing was executed");
    EXPECT_FALSE(fs::exists(marker));
  }
}

TEST_F(Hostile, PickleInstructionsAreBounded) {
  expect_says(refusal_of_pickle(kBegin + "}"), "ends too early");
  expect_says(refusal_of_pickle("\x80\x04}."), "protocol 4");
  expect_says(refusal_of_pickle(kBegin + "i"), "instruction 0x69");
  expect_says(refusal_of_pickle(kBegin + "."), "more from its stack than there is");
  expect_says(refusal_of_pickle(kBegin + "}t."), "a mark that was not set");
  expect_says(refusal_of_pickle(kBegin + "K\1(\x86."), "more from its stack than there is");
  expect_says(refusal_of_pickle(kBegin + "h\5."), "recalls value 5");
  expect_says(refusal_of_pickle(kBegin + "j" + little(0xFFFFFFFF, 4) + "."), "recalls value 4294967295");
  expect_says(refusal_of_pickle(kBegin + "q\1."), "remembers a value where there is none");
  expect_says(refusal_of_pickle(kBegin + "K\1K\2a."), "adds to a list where there is none");
  expect_says(refusal_of_pickle(kBegin + "}(K\1u."), "a key without a value");
  expect_says(refusal_of_pickle(kBegin + "K\1)R."), "calls what is no function");
  expect_says(refusal_of_pickle(kBegin + "X" + little(0xFFFFFFFF, 4) + "x."), "should have 4294967295 more bytes");
  expect_says(refusal_of_pickle(kBegin + "c" + std::string(1000, 'a') + "\n"), "a line of more than");
}

TEST_F(Hostile, PicklesOfManyValuesAreBounded) {
  expect_says(refusal_of_pickle(kBegin + std::string(1 << 20, ']') + "."), "more than 524288 values");
  expect_says(refusal_of_pickle(kBegin + std::string(1 << 20, '(') + "."), "more than 524288 values");
  std::string recalls = kBegin + "]q\1", puts = kBegin + "]";
  for (int i = 0; i < (1 << 20); ++i) recalls += "h\1", puts += "r" + little(static_cast<uint64_t>(i), 4);
  expect_says(refusal_of_pickle(recalls + "."), "more than 524288 values");
  expect_says(refusal_of_pickle(puts + "."), "more than 524288 values");
}

TEST_F(Hostile, CirclesAreHarmless) {
  expect_says(refusal_of_value("]q\1h\1a"), "holds a list, not a state dict");
  expect_says(refusal_of_value("}q\1" + text("state_dict") + "h\1s"), "holds no state dict");
  expect_says(refusal_of_value("}q\1" + text("weight") + "h\1s"), "holds no state dict");
  std::string nested = "}";  // each holds the one before twice: 2^60 ways down
  for (int i = 0; i < 60; ++i) nested += "q\1]h\1ah\1a";
  expect_says(refusal_of_value(nested), "holds a list");
}

TEST_F(Hostile, TensorsStayWithinTheirStorage) {
  const std::string one = integer(1), four = integer(4), zero = integer(0), vast = integer(int64_t{1} << 62);
  const auto refused = [&](const std::string& offset, const std::string& sizes, const std::string& strides, int64_t count = 16) {
    return refusal_of_value(dict("w", tensor("0", count, offset, sizes, strides)));
  };
  EXPECT_NO_THROW(
      read_all(path_of(torch_zip_of(whole(dict("w", tensor("0", 16, zero, four + four, four + one))), std::string(64, 'x')))));
  expect_says(refused(one, four + four, four + one), "w: sizes [4,4], strides [4,1] and offset 1 do not fit the 16 numbers");
  expect_says(refused(integer(-1), four, one), "do not fit");
  expect_says(refused(vast, four, one), "do not fit");
  expect_says(refused(zero, integer(-4), one), "do not fit");
  expect_says(refused(zero, four, integer(-1)), "do not fit");
  expect_says(refused(zero, four, vast), "do not fit");
  expect_says(refused(zero, vast, zero), "do not fit");                // one number shown 2^62 times
  expect_says(refused(zero, vast + vast, zero + zero), "do not fit");  // whose product does not fit into 64 bits
  expect_says(refused(zero, integer(1 << 30), zero), "do not fit");    // a bomb: 4 GB of 64 bytes
  expect_says(refused(zero, four, four + one), "1 sizes and 2 strides");
  expect_says(refused(zero, std::string(9, 'N'), one), "no short list");
  expect_says(refused(zero, text("4"), one), "no integers");
  expect_says(refused(zero, four, one, 17), "should hold 17 numbers, but has 64 bytes");
  expect_says(refused(zero, four, one, int64_t{1} << 62), "should hold");
  expect_says(refused(zero, four, one, -1), "no storage");
}

TEST_F(Hostile, NamesAreNoPaths) {
  const std::string value = tensor("0", 16, integer(0), integer(4), integer(1));
  for (const std::string& name :
       {std::string("../../etc/passwd"), std::string("/etc/passwd"), std::string("a/b"), std::string(""), std::string("."),
        std::string("a\0b", 3), std::string("\x1b[2J"), std::string(1000, 'a')})
    expect_says(refusal_of_value(dict(name, value)), "a tensor whose name is");
}

TEST_F(Hostile, MessagesNeitherSteerTerminalsNorFillThem) {
  const auto refused_key = [&](const std::string& key) {
    return refusal_of_value(dict("w", tensor(key, 16, integer(0), integer(4), integer(1))));
  };
  expect_says(refused_key("\x1b[2J\x9b"), "without the member 'archive/data/?[2J?'");
  EXPECT_LT(refused_key(std::string(1 << 20, 'a')).size(), 400u);
  const std::string stream =
      torch_stream_of(whole(dict("w", tensor("\x1b[2J", 16, integer(0), integer(4), integer(1)))), whole("]"), "");
  expect_says(refusal(stream), "storage ?[2J is missing");
}

// Zip archives.

const std::string kGoodPickle = whole(dict("w", tensor("0", 16, integer(0), integer(16), integer(1))));
const std::string kGoodStorage(64, '\0');

TEST_F(Hostile, ZipArchivesOfPyTorchsKindAreRead) {
  EXPECT_NO_THROW(read_all(path_of(torch_zip_of(kGoodPickle, kGoodStorage))));
  EXPECT_NO_THROW(read_all(path_of(torch_zip_of(kGoodPickle, kGoodStorage, {{"archive/byteorder", "little"}}))));
  EXPECT_NO_THROW(
      read_all(path_of(zip_of({{"archive/data.pkl", kGoodPickle}, {"archive/data/0", kGoodStorage}}, {.zip64 = true}))));
}

TEST_F(Hostile, ZipArchivesOfOtherKindsAreRefused) {
  const ZipMember pickle{"archive/data.pkl", kGoodPickle}, storage{"archive/data/0", kGoodStorage};
  expect_says(refusal(torch_zip_of(kGoodPickle, kGoodStorage, {{"archive/byteorder", "big"}})), "big-endian");
  expect_says(refusal(torch_zip_of(kGoodPickle, kGoodStorage, {{"archive/byteorder", "middle"}})), "unknown byte order");
  expect_says(refusal(zip_of({pickle, {"archive/data/0", kGoodStorage, 8}})), "'archive/data/0' is compressed (method 8)");
  expect_says(refusal(zip_of({pickle, {"archive/data/0", kGoodStorage, 0, 1}})), "is encrypted");
  expect_says(refusal(zip_of({pickle})), "without the member 'archive/data/0'");
  expect_says(refusal(zip_of({storage})), "it has no data.pkl");
  expect_says(refusal(zip_of({pickle, storage, storage})), "names a member twice");
  expect_says(refusal(zip_of({pickle, storage, {"other/data.pkl", kGoodPickle}})), "several members called data.pkl");
  expect_says(refusal(zip_of({{"../../data.pkl", kGoodPickle}})), "without the member '../../data/0'");
}

TEST_F(Hostile, ZipArchivesThatClaimTooMuchAreRefused) {
  const std::vector<ZipMember> members{{"archive/data.pkl", kGoodPickle}, {"archive/data/0", kGoodStorage}};
  for (const bool zip64 : {false, true}) {
    expect_says(refusal(zip_of(members, {.zip64 = zip64, .more_members = 1000})), "more than its directory can hold");
    expect_says(refusal(zip_of(members, {.zip64 = zip64, .more_bytes = 1 << 30})), "cut off or corrupt");
    expect_says(refusal(zip_of(members, {.zip64 = zip64, .later = 1 << 30})), "cut off or corrupt");
    expect_says(refusal(zip_of(members, {.zip64 = zip64, .later = 1})), "wrong signature");
  }
  expect_says(refusal(zip_of(members, {.zip64 = true, .more_members = uint64_t{1} << 60})), "more than its directory can hold");
  expect_says(refusal(zip_of(members, {.zip64 = true, .more_bytes = UINT64_MAX - 8})), "cut off or corrupt");
  expect_says(refusal(zip_of(members, {.zip64 = true, .later = UINT64_MAX - 8})), "cut off or corrupt");
}

// Safetensors.

TEST_F(Hostile, SafetensorsHeadersAreBounded) {
  const std::string data(64, '\0');
  const auto refused = [&](const std::string& header) { return refusal(safetensors_of(header, data)); };
  EXPECT_NO_THROW(read_all(path_of(safetensors_of(R"({"w":{"dtype":"F32","shape":[4,4],"data_offsets":[0,64]}})", data))));
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[4,4],"data_offsets":[0,65]}})"), "outside the file");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[4,4],"data_offsets":[64,0]}})"), "outside the file");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[4,4],"data_offsets":[0]}})"), "outside the file");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,64]}})"), "does not need the 64 bytes");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[17],"data_offsets":[0,64]}})"), "do not fit");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,64]}})"),
              "absurd shape");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,64]}})"), "something beside");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,64]}})"), "something beside");
  expect_says(refused(R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,16],"data_offsets":[0,64]}})"), "something beside");
  expect_says(refused(R"({"w":{"dtype":"F8_E4M3","shape":[64],"data_offsets":[0,64]}})"), "a type that is not read");
  expect_says(refused(R"({"../w":{"dtype":"F32","shape":[16],"data_offsets":[0,64]}})"), "a tensor whose name is");
  const std::string twice = R"("w":{"dtype":"F32","shape":[16],"data_offsets":[0,64]})";
  expect_says(refused("{" + twice + "," + twice + "}"), "w twice");
  expect_says(refused(R"({"__metadata__":{"a":["b"]}})"), "something beside");
  expect_says(refused(R"({"__metadata__":{"a":"b"}})"), "holds no tensors");
  expect_says(refused(R"({"w":{)"), "no JSON");
  expect_says(refused("{" + std::string(64, '\xFF')), "no JSON");
  expect_says(refused(R"({"w":)" + std::string(1 << 20, '[')), "something beside");
  expect_says(refusal(little(1'000'000, 8) + "{}"), "should have 1000000 more bytes");
  expect_says(refusal(little(UINT64_MAX, 8) + "{}"), "claims to be");
  expect_says(refused(R"({"__metadata__":{"a":")" + std::string(15 << 20, 'a') + "\"}}"), "holds no tensors");
  expect_says(refused(R"({"__metadata__":{"a":")" + std::string(17 << 20, 'a') + "\"}}"), "claims to be");
}

// The stream.

TEST_F(Hostile, StreamsAreBounded) {
  const std::string keys = whole("]" + text("0") + "a");
  const std::string numbers = little(16, 8) + kGoodStorage;
  const auto stream = [&](const std::string& object, const std::string& key_list, const std::string& storages) {
    return torch_stream_of(object, key_list, storages);
  };
  EXPECT_NO_THROW(read_all(path_of(stream(kGoodPickle, keys, numbers))));
  expect_says(refusal(stream(kGoodPickle, keys, little(17, 8) + kGoodStorage)), "should have 17 numbers, but the file ends");
  expect_says(refusal(stream(kGoodPickle, keys, little(UINT64_MAX, 8) + kGoodStorage)), "but the file ends");
  expect_says(refusal(stream(kGoodPickle, keys, little(15, 8) + kGoodStorage)), "missing, or smaller");
  expect_says(refusal(stream(kGoodPickle, whole("]"), numbers)), "missing, or smaller");
  expect_says(refusal(stream(kGoodPickle, whole("]" + text("1") + "a"), numbers)), "a storage that no tensor uses");
  expect_says(refusal(stream(kGoodPickle, whole("](" + text("0") + text("0") + "e"), numbers + numbers)), "a storage twice");
  expect_says(refusal(stream(whole(global("os", "system")), keys, numbers)), "the pickle names os.system");
  expect_says(refusal(stream(kGoodPickle, whole(global("torch", "FloatStorage")), numbers)), "names torch.FloatStorage");
}

// Tar archives.

TEST_F(Hostile, TarArchivesAreBounded) {
  const std::string entry = whole(tuple(integer(7) + text("cpu") + global("torch", "FloatStorage")));
  const std::string storages = whole(integer(1)) + entry + little(16, 8) + kGoodStorage + whole("]");
  const std::string tensor_entry = whole(tuple(integer(3) + integer(7) + global("torch", "FloatTensor")));
  const std::string axes = little(1, 4) + little(0, 4), layout = little(16, 8) + little(1, 8) + little(0, 8);
  const std::string tensors = whole(integer(1)) + tensor_entry + axes + layout;
  const std::string object = whole(dict("w", text("3") + "Q"));
  const auto tar = [&](const std::string& s, const std::string& t, const std::string& o) {
    return tar_of({{"storages", s}, {"tensors", t}, {"pickle", o}, {"sys_info", whole(dict("little_endian", "\x88"))}});
  };
  EXPECT_NO_THROW(read_all(path_of(tar(storages, tensors, object))));
  expect_says(refusal(tar(whole(integer(int64_t{1} << 60)), tensors, object)), "a sensible count");
  expect_says(refusal(tar(whole(integer(2)) + entry + little(16, 8) + kGoodStorage, tensors, object)), "ends too early");
  expect_says(refusal(tar(whole(integer(1)) + entry + little(UINT64_MAX, 8), tensors, object)), "but the member ends");
  expect_says(refusal(tar(storages, whole(integer(1)) + tensor_entry + little(99, 4) + little(0, 4), object)), "of 99 axes");
  expect_says(refusal(tar(storages, whole(integer(1)) + tensor_entry + little(0xFFFFFFFF, 4) + little(0, 4), object)),
              "of -1 axes");
  expect_says(
      refusal(tar(storages, whole(integer(1)) + tensor_entry + axes + little(17, 8) + little(1, 8) + little(0, 8), object)),
      "do not fit the 16 numbers");
  expect_says(refusal(tar(storages, tensors, whole(dict("w", integer(4) + "Q")))), "an unknown tensor");
  expect_says(refusal(tar(storages, tensors, whole(dict("w", text("x") + "Q")))), "a key that is no number");
  expect_says(refusal(tar(storages, tensors, whole(global("os", "system")))), "the pickle names os.system");
  const std::string views = whole(integer(1)) + entry + little(16, 8) + kGoodStorage;
  expect_says(refusal(tar(views + whole("]" + tuple(integer(8) + integer(7) + integer(10) + integer(7)) + "a"), tensors, object)),
              "a view that leaves its storage");
  expect_says(refusal(tar(views + whole("]" + tuple(integer(8) + integer(6) + integer(0) + integer(1)) + "a"), tensors, object)),
              "a view of an unknown storage");
  expect_says(refusal(tar_of({{"../../storages", storages}})), "it has no member");
  const std::string big = whole(dict("little_endian", "\x89"));
  expect_says(refusal(tar_of({{"storages", storages}, {"tensors", tensors}, {"pickle", object}, {"sys_info", big}})),
              "big-endian");
  expect_says(refusal(tar_of({{"storages", storages, int64_t{1} << 32}})), "cut off or corrupt");
}

}  // namespace
}  // namespace cudenza::testing
