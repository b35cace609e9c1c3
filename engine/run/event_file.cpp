#include "engine/run/event_file.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

// CRC-32C.

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    table[i] = crc;
  }
  return table;
}

uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = make_crc_table();
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff] ^ crc >> 8;
  return ~crc;
}

// Protocol buffers: a field is its number and type as a varint, then its value.

std::string fixed(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xff);
  return out;
}

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

enum Kind : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
std::string key(uint64_t field, Kind kind) { return varint(field << 3 | kind); }

std::string integer_field(uint64_t field, int64_t value) { return key(field, kVarint) + varint(static_cast<uint64_t>(value)); }
std::string double_field(uint64_t field, double value) { return key(field, kFixed64) + fixed(std::bit_cast<uint64_t>(value), 8); }
std::string float_field(uint64_t field, float value) { return key(field, kFixed32) + fixed(std::bit_cast<uint32_t>(value), 4); }
std::string bytes_field(uint64_t field, std::string_view value) {
  return key(field, kBytes) + varint(value.size()) + std::string(value);
}

// The parts of event.proto and summary.proto that are needed.

std::string version_of_file() { return bytes_field(3, "brain.Event:2"); }
std::string session_start() { return bytes_field(7, integer_field(1, /*SessionLog::START*/ 1)); }
std::string summary(std::string_view values) { return bytes_field(5, values); }
std::string summary_value(std::string_view tag, std::string_view content) {
  return bytes_field(1, bytes_field(1, tag) + std::string(content));
}

double clock_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] ? name : "localhost";
}

}  // namespace

uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

std::string tf_record(std::string_view bytes) {
  const std::string length = fixed(bytes.size(), 8);
  return length + fixed(masked_crc32c(length), 4) + std::string(bytes) + fixed(masked_crc32c(bytes), 4);
}

EventFile::EventFile(const fs::path& run, const Options& options) : wall_time_(options.wall_time) {
  std::error_code error;
  fs::create_directories(run, error);
  const auto seconds = static_cast<int64_t>(wall_time_.value_or(clock_seconds()));
  const std::string stem =
      fmt::format("events.out.tfevents.{:010}.{}", seconds, options.host.empty() ? host_name() : options.host);
  // TensorBoard reads a folder's files in order of their names.
  int status = EEXIST;
  for (int number = 0; status == EEXIST; ++number) {
    path_ = run / fmt::format("{}.{:03}", stem, number);
    status = file_.create(path_);
  }
  check(status);
  write(0, version_of_file());
  if (options.resumed_at) write(*options.resumed_at + 1, session_start());  // forgets that step and later ones
}

void EventFile::scalars(int64_t step, std::span<const Scalar> all) {
  std::string values;
  for (const Scalar& one : all) values += summary_value(one.tag, float_field(2, static_cast<float>(one.value)));
  write(step, summary(values));
}

void EventFile::write(int64_t step, std::string_view what) {
  std::string event = double_field(1, wall_time_.value_or(clock_seconds()));
  if (step != 0) event += integer_field(2, step);  // a 0 is the default and is left out
  const std::string record = tf_record(event.append(what));
  check(file_.write(written_, std::as_bytes(std::span(record))));
  written_ += record.size();
}

void EventFile::check(int status) const {
  if (status != 0) throw DataError(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(status)));
}

}  // namespace cudenza
