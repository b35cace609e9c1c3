#include "engine/core/segment_pool.h"

namespace cudenza {

void SegmentPool::add(void* segment, size_t bytes) { add_free(static_cast<char*>(segment), bytes, true); }

SegmentPool::Piece SegmentPool::take(size_t bytes) {
  const auto fit = free_.lower_bound({bytes, nullptr});
  if (fit == free_.end()) return {};
  char* const at = fit->second;
  State& piece = pieces_.at(at);
  const size_t rest = piece.bytes - bytes;
  if (rest >= kLeast) {
    add_free(at + bytes, rest, false);
    piece.bytes = bytes;
  }
  piece.entry = free_.extract(fit);
  return {at, piece.bytes};
}

size_t SegmentPool::give(void* at) noexcept {
  auto piece = pieces_.find(static_cast<char*>(at));
  const size_t bytes = piece->second.bytes;
  join_next(piece);
  if (!piece->second.begins_segment && std::prev(piece)->second.is_free()) {
    const auto before = std::prev(piece);
    before->second.entry = free_.extract({before->second.bytes, before->first});
    before->second.bytes += piece->second.bytes;
    pieces_.erase(piece);
    piece = before;
  }
  set_free(piece);
  return bytes;
}

void SegmentPool::add_free(char* at, size_t bytes, bool begins_segment) {
  const auto entry = free_.insert({bytes, at}).first;
  try {
    pieces_.emplace(at, State{.bytes = bytes, .begins_segment = begins_segment});
  } catch (...) {
    free_.erase(entry);
    throw;
  }
}

void SegmentPool::set_free(Pieces::iterator piece) noexcept {
  FreeSet::node_type entry = std::move(piece->second.entry);
  entry.value() = {piece->second.bytes, piece->first};
  free_.insert(std::move(entry));
}

/// Merges the piece, which must not be in the free set, with the next one if that is free and in the same segment.
void SegmentPool::join_next(Pieces::iterator piece) noexcept {
  const auto next = std::next(piece);
  if (next == pieces_.end() || next->second.begins_segment || !next->second.is_free()) return;
  free_.erase({next->second.bytes, next->first});
  piece->second.bytes += next->second.bytes;
  pieces_.erase(next);
}

}  // namespace cudenza
