/// A sound after it was an mp3: what the encoder took away is gone.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace cudenza {

/// Why mp3 cannot be written here: libsndfile was built without it. Empty if it can.
std::string why_no_mp3();

/// The sound at `rate` Hz, encoded at a constant bit rate (LAME, through libsndfile) and decoded (libmpg123), as long as it was
/// and without the encoder's delay; LAME also takes 0.45 dB off at low bit rates. Between 8 and 48 kHz mp3 knows nine rates: a
/// sound of another is resampled to the next higher one (above 48 kHz to 48 kHz) and back. Rates below 16 kHz have 64 kbit/s at
/// most, those below 32 kHz 160. Throws UsageError with why_no_mp3(), or if the encoder made another bit rate.
std::vector<float> through_mp3(std::span<const float> x, int rate, int kbit_per_s);

}  // namespace cudenza
