/// TensorBoard's files, events.out.tfevents.*, written without its libraries.
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
  std::string_view tag;  ///< "loss/train": the part before the slash groups the charts
  double value = 0;      ///< written as a float
};

/// The events of one process in a run's folder.
///
/// A resumed run opens its own file beside the earlier ones, which stay untouched. Its first event tells TensorBoard to forget
/// what was written after the step from which the run resumed. TensorBoard stops at a truncated record, so a killed process
/// leaves nothing to repair. Readers see each event at once.
class EventFile {
 public:
  struct Options {
    std::optional<int64_t> resumed_at;     ///< the last valid step; later ones are to be forgotten
    std::optional<double> wall_time = {};  ///< of every event, seconds since 1970; absent: the current time
    std::string host = {};                 ///< in the file's name; empty: this machine's name
  };
  /// Makes `RUN/events.out.tfevents.<seconds>.<host>.<number>`. Throws DataError if it cannot be written.
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

/// CRC-32C (Castagnoli) of the bytes, masked as in TFRecord: rotated right by 15 bits, plus 0xa282ead8.
uint32_t masked_crc32c(std::string_view bytes);
/// length u64, its masked crc u32, the bytes, their masked crc u32; little endian.
std::string tf_record(std::string_view bytes);

}  // namespace cudenza
