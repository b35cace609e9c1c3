#include "engine/core/content_hash.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <new>
#include <vector>

#include "engine/core/regular_file.h"

namespace cudenza {
namespace {
ContentHash hash_from(XXH128_hash_t hash) { return {hash.high64, hash.low64}; }
}  // namespace

std::string ContentHash::text() const { return fmt::format("{:016x}{:016x}", high, low); }

ContentHasher::ContentHasher() : state_(XXH3_createState()) {
  if (!state_) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}
void ContentHasher::Release::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }
void ContentHasher::add(std::span<const std::byte> bytes) { XXH3_128bits_update(state_.get(), bytes.data(), bytes.size()); }
ContentHash ContentHasher::finish() const { return hash_from(XXH3_128bits_digest(state_.get())); }

ContentHash hash_of(std::span<const std::byte> bytes) { return hash_from(XXH3_128bits(bytes.data(), bytes.size())); }

ContentHash hash_of_file(const std::filesystem::path& path) {
  RegularFile file(path);
  std::vector<std::byte> block(size_t{1} << 18);
  ContentHasher hasher;
  while (const size_t count = file.read(block)) hasher.add({block.data(), count});
  return hasher.finish();
}

}  // namespace cudenza
