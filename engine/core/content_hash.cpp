#include "engine/core/content_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "engine/core/regular_file.h"

namespace cudenza {
namespace {

constexpr uint64_t kC1 = 0x87c37b91114253d5, kC2 = 0x4cf5ad432745937f;

uint64_t mixed1(uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
uint64_t mixed2(uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

/// Every bit of k changes about half of the result's.
uint64_t avalanche(uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccd;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

uint64_t word(const std::byte* bytes) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t value;
  std::memcpy(&value, bytes, 8);
  return value;
}

void mix(uint64_t& h1, uint64_t& h2, const std::byte* block) {
  h1 = (std::rotl(h1 ^ mixed1(word(block)), 27) + h2) * 5 + 0x52dce729;
  h2 = (std::rotl(h2 ^ mixed2(word(block + 8)), 31) + h1) * 5 + 0x38495ab5;
}

}  // namespace

std::string ContentHash::text() const { return fmt::format("{:016x}{:016x}", high, low); }

void ContentHasher::add_block(const std::byte* block) { mix(h1_, h2_, block); }

void ContentHasher::add(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const size_t waiting = length_ % rest_.size();
  length_ += bytes.size();
  if (waiting > 0) {
    const size_t taken = std::min(bytes.size(), rest_.size() - waiting);
    std::memcpy(rest_.data() + waiting, bytes.data(), taken);
    bytes = bytes.subspan(taken);
    if (waiting + taken < rest_.size()) return;
    add_block(rest_.data());
  }
  for (; bytes.size() >= rest_.size(); bytes = bytes.subspan(rest_.size())) add_block(bytes.data());
  std::memcpy(rest_.data(), bytes.data(), bytes.size());
}

ContentHash ContentHasher::finish() const {
  std::array<std::byte, 16> last{};  // the rest, and zeros
  std::memcpy(last.data(), rest_.data(), length_ % rest_.size());
  uint64_t h1 = h1_ ^ mixed1(word(last.data())) ^ length_, h2 = h2_ ^ mixed2(word(last.data() + 8)) ^ length_;
  h1 += h2;
  h2 += h1;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h1 += h2;
  return {h1, h2 + h1};
}

ContentHash hash_of(std::span<const std::byte> bytes) {
  ContentHasher hasher;
  hasher.add(bytes);
  return hasher.finish();
}

ContentHash striped_hash_of(std::span<const std::byte> bytes) {
  constexpr size_t kStripes = 4, kBlock = 16;
  const size_t length = bytes.size() / (kStripes * kBlock) * kBlock;
  std::array<uint64_t, kStripes> h1{}, h2{};
  for (size_t at = 0; at < length; at += kBlock) {
    for (size_t i = 0; i < kStripes; ++i) mix(h1[i], h2[i], bytes.data() + i * length + at);
  }
  const uint64_t size = bytes.size();
  ContentHasher all;
  all.add(std::as_bytes(std::span(h1)));
  all.add(std::as_bytes(std::span(h2)));
  all.add(bytes.subspan(kStripes * length));
  all.add(std::as_bytes(std::span(&size, 1)));
  return all.finish();
}

ContentHash hash_of_file(const std::filesystem::path& path) {
  RegularFile file(path);
  std::vector<std::byte> block(size_t{1} << 18);
  ContentHasher hasher;
  while (const size_t count = file.read(block)) hasher.add({block.data(), count});
  return hasher.finish();
}

}  // namespace cudenza
