#include "engine/data/examination.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "engine/audio/sound_file.h"
#include "engine/data/pictures.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr double kMostClipped = 1 / 200.0;  // GTZAN's loudest clip has one sample in 243 at full scale

/// What the system says before the content is read. Root may read everything, so permission errors show only to other users.
bool is_there(const fs::path& path, Examination& found) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  const auto add = [&](Problem problem, std::string reason) {
    found.problems.emplace_back(problem, std::move(reason));
    return false;
  };
  if (!fs::exists(status)) return add(Problem::missing, fs::is_symlink(path, error) ? "is a link to nothing" : "is not there");
  if (!fs::is_regular_file(status)) return add(Problem::unreadable, "is no regular file");
  if (access(path.c_str(), R_OK) != 0) return add(Problem::unreadable, fmt::format("cannot be read: {}", std::strerror(errno)));
  found.facts.bytes = static_cast<int64_t>(fs::file_size(path, error));
  if (found.facts.bytes == 0) return add(Problem::empty, "is empty (0 bytes)");
  return true;
}

void examine_sound(const fs::path& path, Examination& found) {
  const SoundFacts facts = examine(path);
  const auto add = [&](Problem problem, std::string reason) { found.problems.emplace_back(problem, std::move(reason)); };
  found.facts.usable = facts.usable();
  found.facts.format = facts.info.format;
  found.facts.seconds = facts.seconds();
  found.facts.sample_rate = facts.info.sample_rate;
  found.facts.channels = facts.info.channels;
  if (!facts.usable()) {
    const bool has_none = facts.frames == 0 && facts.error.find("no samples") != std::string::npos;
    add(facts.non_finite > 0                  ? Problem::not_finite
        : facts.truncated && facts.frames > 0 ? Problem::truncated
        : has_none                            ? Problem::empty
                                              : Problem::corrupt,
        facts.error);
  }
  if (!facts.info.remark.empty()) add(Problem::wrong_extension, facts.info.remark);
  for (const std::string& what : facts.unheard) add(Problem::unheard, what);
  if (facts.frames == 0 || facts.non_finite > 0) return;
  if (facts.silent || facts.cancels_out) {
    const std::string level =
        facts.mono_peak > 0 ? fmt::format("never gets above {:.0f} dBFS", 20 * std::log10(facts.mono_peak)) : "is all zero";
    add(Problem::silent, facts.cancels_out ? level + " when its channels are mixed: they cancel each other out" : level);
    if (facts.silent) return;  // all silent files are alike
  }
  if (facts.far_beyond) add(Problem::clipped, fmt::format("holds samples up to {:.0f} times full scale", facts.peak));
  else if (facts.clipped_fraction > kMostClipped)
    add(Problem::clipped,
        fmt::format("{:.1f} % of its samples are at {}", 100 * facts.clipped_fraction,
                    facts.clipped_at > 1 ? fmt::format("its peak, {:.1f} times full scale", facts.clipped_at) : "full scale"));
  if (facts.usable()) found.samples = facts.sound_hash;
  found.print = fingerprint_of(path);
}

/// The pixels within the border, by which pictures are compared.
ContentHash hash_of_box(const Pixels& pixels, const PictureBox& box) {
  ContentHasher hasher;
  const int size[] = {box.height, box.width};
  hasher.add(std::as_bytes(std::span(size)));
  for (int y = box.top; y < box.top + box.height; ++y) {
    const uint8_t* const row = pixels.at(y, box.left).data();
    hasher.add(std::as_bytes(std::span(row, static_cast<size_t>(box.width) * static_cast<size_t>(pixels.channels))));
  }
  return hasher.finish();
}

bool is_plain(const Pixels& pixels, const PictureBox& box) {
  const auto colour = pixels.at(box.top, box.left);
  for (int y = box.top; y < box.top + box.height; ++y) {
    for (int x = box.left; x < box.left + box.width; ++x) {
      if (!std::ranges::equal(pixels.at(y, x), colour)) return false;
    }
  }
  return true;
}

void examine_picture(const fs::path& path, Examination& found) {
  found.facts.format = "png";
  try {
    const Pixels pixels = read_png(path);
    const PictureBox box = content_box(pixels);
    found.facts.usable = true;
    found.facts.height = pixels.height;
    found.facts.width = pixels.width;
    if (is_plain(pixels, box)) found.problems.emplace_back(Problem::silent, "is of one colour");
    else found.samples = hash_of_box(pixels, box);
  } catch (const DataError& e) {
    // Only the reason: the file is named separately.
    const std::string text = e.what(), prefix = path.string() + ": ";
    found.problems.emplace_back(Problem::corrupt, text.starts_with(prefix) ? text.substr(prefix.size()) : text);
  }
}

}  // namespace

bool Examination::is_silent() const {
  return std::ranges::any_of(problems, [](const auto& one) { return one.first == Problem::silent; });
}

Examination examine_file(Media media, const fs::path& path) {
  Examination found;
  if (!is_there(path, found)) return found;
  try {
    if (media == Media::sound) examine_sound(path, found);
    else examine_picture(path, found);
    found.bytes = hash_of_file(path);
  } catch (const DataError& e) {  // deleted, or the disk fails, while it is read
    found.problems.emplace_back(Problem::unreadable, e.what());
    found.facts.usable = false;
  }
  return found;
}

}  // namespace cudenza
