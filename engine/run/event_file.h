/// What TensorBoard reads: events.out.tfevents.* files, written without its libraries.
///
/// A file is a sequence of TFRecords, each holding one Event in protocol buffer encoding. Sources: tensorflow's
/// tsl/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/core/posix_file.h"

namespace cudenza {

struct Scalar {
  std::string_view tag;  ///< "loss/train": what stands before the slash groups the charts
  double value = 0;      ///< written as a float
};

/// The events of one process in a run's folder.
///
/// A resumed run opens a file of its own, beside those of the run so far, which stay untouched. Its first event tells
/// TensorBoard to forget what was written after the step the run was resumed from, and TensorBoard stops at a record that was
/// cut short, so a killed process leaves nothing to repair. What is written is seen at once, also by a reader that watches.
class EventFile {
 public:
  struct Options {
    std::optional<int64_t> resumed_at;     ///< the last step that holds; later ones are to be forgotten
    std::optional<double> wall_time = {};  ///< seconds since 1970 of every event; absent: the clock's
    std::string host = {};                 ///< in the file's name; empty: this machine's name
  };
  /// Makes RUN/events.out.tfevents.<seconds>.<host>.<number>. Throws DataError if it cannot be written.
  EventFile(const std::filesystem::path& run, const Options&);
  explicit EventFile(const std::filesystem::path& run) : EventFile(run, Options{}) {}

  const std::filesystem::path& path() const { return path_; }

  void scalars(int64_t step, std::span<const Scalar>);  ///< as one event
  void scalar(int64_t step, std::string_view tag, double value) { scalars(step, std::array{Scalar{tag, value}}); }

 private:
  void write(int64_t step, std::string_view what);
  void check(int status) const;  ///< throws DataError unless this errno is 0

  std::filesystem::path path_;
  PosixFile file_;
  uint64_t written_ = 0;  ///< bytes of whole records
  std::optional<double> wall_time_;
};

/// CRC-32C (Castagnoli) of the bytes, masked as TFRecords want it: rotated right by 15 bits, plus 0xa282ead8.
uint32_t masked_crc32c(std::string_view bytes);
/// length u64, its masked crc u32, the bytes, their masked crc u32; little endian.
std::string tf_record(std::string_view bytes);

}  // namespace cudenza
