#include "engine/core/segment_pool.h"

namespace cudenza {

SegmentPool::Piece SegmentPool::take(size_t bytes) {
  const auto fit = free_.lower_bound({bytes, nullptr});
  if (fit == free_.end()) return {};
  char* const at = fit->second;
  free_.erase(fit);
  State& piece = pieces_.at(at);
  piece.is_free = false;
  const size_t rest = piece.bytes - bytes;
  if (rest >= kLeast) {
    piece.bytes = bytes;
    insert_free(at + bytes, {.bytes = rest});
  }
  return {at, piece.bytes};
}

size_t SegmentPool::give(void* at) {
  auto piece = pieces_.find(static_cast<char*>(at));
  const size_t bytes = piece->second.bytes;
  piece->second.is_free = true;
  join_next(piece);
  if (!piece->second.begins_segment && std::prev(piece)->second.is_free) {
    piece = std::prev(piece);
    free_.erase({piece->second.bytes, piece->first});
    join_next(piece);
  }
  free_.insert({piece->second.bytes, piece->first});
  return bytes;
}

/// The piece, which is not among the free ones now, takes in what is behind it if that is free and of the same segment.
void SegmentPool::join_next(Pieces::iterator piece) {
  const auto next = std::next(piece);
  if (next == pieces_.end() || next->second.begins_segment || !next->second.is_free) return;
  free_.erase({next->second.bytes, next->first});
  piece->second.bytes += next->second.bytes;
  pieces_.erase(next);
}

}  // namespace cudenza
