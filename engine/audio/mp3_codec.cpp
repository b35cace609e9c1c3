#include "engine/audio/mp3_codec.h"

#include <sndfile.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "engine/audio/mp3_decoder.h"
#include "engine/audio/mp3_frames.h"
#include "engine/audio/resample.h"
#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr int kRates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};

/// A file in memory alone.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("cudenza", MFD_CLOEXEC)) {
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), "through_mp3: no file in memory");
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int descriptor() const { return file_; }

 private:
  int file_;
};

SF_INFO mp3_info(int rate) {
  SF_INFO info = {};
  info.samplerate = rate;
  info.channels = 1;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  return info;
}

/// libsndfile takes a bit rate as a "compression" from 0, the highest of the sampling rate's version of MPEG, to 1, the lowest.
double compression_of(int rate, int kbit_per_s) {
  const double highest = rate >= 32000 ? 320 : rate >= 16000 ? 160 : 64, lowest = rate >= 32000 ? 32 : 8;
  require(kbit_per_s >= lowest && kbit_per_s <= highest, "through_mp3: {} kbit/s at {} Hz; choose {} to {}", kbit_per_s, rate,
          lowest, highest);
  return (highest - kbit_per_s) / (highest - lowest);
}

void encode(std::span<const float> x, int rate, int kbit_per_s, int file) {
  SF_INFO info = mp3_info(rate);
  SNDFILE* const sound = sf_open_fd(file, SFM_WRITE, &info, SF_FALSE);
  require(sound != nullptr, "through_mp3: no encoder for {} Hz: {}", rate, sf_strerror(nullptr));
  int mode = SF_BITRATE_MODE_CONSTANT;
  double compression = compression_of(rate, kbit_per_s);
  sf_command(sound, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
  sf_command(sound, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
  const auto count = static_cast<sf_count_t>(x.size());
  const bool is_written = sf_write_float(sound, x.data(), count) == count;
  sf_close(sound);
  require(is_written, "through_mp3: {} samples could not be encoded", x.size());
}

std::vector<float> decode(int file, size_t samples, int rate, int kbit_per_s) {
  const FileStretch stretch = FileStretch::whole(file);
  const Mp3Index index = index_of_mp3(stretch);
  const Mp3Header made = index.parts.empty() ? Mp3Header{} : index.parts[0].header;
  require(index.parts.size() == 1 && made.bit_rate == kbit_per_s && made.sample_rate == rate,
          "through_mp3: the encoder made {} kbit/s at {} Hz where {} at {} were asked for", made.bit_rate, made.sample_rate,
          kbit_per_s, rate);
  const auto decoder = mp3_parts(stretch).parts.at(0).open();
  std::vector<double> y(samples);
  for (size_t done = 0; done < samples;) {
    const int64_t count = decoder->read(y.data() + done, static_cast<int64_t>(samples - done));
    if (count <= 0) break;  // the last samples stay silent
    done += static_cast<size_t>(count);
  }
  return {y.begin(), y.end()};
}

}  // namespace

std::string why_no_mp3() {
  const SF_INFO info = mp3_info(44100);
  return sf_format_check(&info) ? "" : "this libsndfile writes no mp3; install one that was built with LAME";
}

std::vector<float> through_mp3(std::span<const float> x, int rate, int kbit_per_s) {
  require(why_no_mp3().empty(), "through_mp3: {}", why_no_mp3());
  const auto* const next = std::ranges::lower_bound(kRates, rate);
  const int own = next == std::end(kRates) ? kRates[std::size(kRates) - 1] : *next;
  if (own != rate) {
    std::vector<float> y = resample(through_mp3(resample(x, rate, own), own, kbit_per_s), own, rate);
    y.resize(x.size());
    return y;
  }
  if (x.empty()) return {};
  const MemoryFile file;
  encode(x, rate, kbit_per_s, file.descriptor());
  return decode(file.descriptor(), x.size(), rate, kbit_per_s);
}

}  // namespace cudenza
