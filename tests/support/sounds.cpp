#include "tests/support/sounds.h"

#include <sndfile.h>

#include <algorithm>

#include "engine/audio/decode.h"

namespace cudenza::testing {

bool write_sound(const std::filesystem::path& path, int format, int rate, int channels, const std::vector<float>& interleaved) {
  SF_INFO info = {};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_format_check(&info) ? sf_open(path.c_str(), SFM_WRITE, &info) : nullptr;
  if (!file) return false;
  sf_command(file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  const auto frames = static_cast<sf_count_t>(interleaved.size()) / channels;
  sf_count_t done = 0;                   // piece by piece: some versions' Vorbis encoder overflows its stack on long ones
  const auto pcm = to_pcm(interleaved);  // 16 bits by our own rounding: libsndfile's differs from format to format
  while (done < frames) {
    const auto count = std::min<sf_count_t>(4096, frames - done);
    done += (format & SF_FORMAT_SUBMASK) == SF_FORMAT_PCM_16 ? sf_writef_short(file, pcm.data() + done * channels, count)
                                                             : sf_writef_float(file, interleaved.data() + done * channels, count);
  }
  return sf_close(file) == 0;
}

}  // namespace cudenza::testing
