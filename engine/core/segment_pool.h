/// Large pieces of memory, cut from segments and merged when freed.
#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace cudenza {

/// Best-fit allocator. A request takes the smallest free piece that fits and leaves its rest free; a freed piece merges with
/// its free neighbours. So memory of one array can serve arrays of any size, which pools of fixed sizes do not allow. Not
/// thread-safe.
class SegmentPool {
 public:
  struct Piece {
    char* at = nullptr;  ///< null: no free piece is large enough
    size_t bytes = 0;
  };

  // add() and take() throw std::bad_alloc if there is no memory for the pool's own records, and change nothing then.

  /// Adds a segment; all of it is free.
  void add(void* segment, size_t bytes);
  /// Takes at least `bytes`, a multiple of 64: slightly more if the rest would be too small to use.
  Piece take(size_t bytes);
  /// Frees a piece from take() and returns its size. Allocates nothing: it must succeed when memory has run out.
  size_t give(void* at) noexcept;

  /// Removes every segment that is completely free and calls f(segment, bytes) for each.
  template <class F> void release(F f) {
    for (auto piece = pieces_.begin(); piece != pieces_.end();) {
      const auto next = std::next(piece);
      const bool is_whole = piece->second.begins_segment && (next == pieces_.end() || next->second.begins_segment);
      if (is_whole && piece->second.is_free()) {
        free_.erase({piece->second.bytes, piece->first});
        f(piece->first, piece->second.bytes);
        pieces_.erase(piece);
      }
      piece = next;
    }
  }

 private:
  static constexpr size_t kLeast = size_t{1} << 20;  ///< smallest rest that becomes a free piece

  using FreeSet = std::set<std::pair<size_t, char*>>;
  struct State {
    size_t bytes;
    bool begins_segment = false;
    FreeSet::node_type entry = {};  ///< the piece's place in free_, kept here while it is not free

    bool is_free() const { return entry.empty(); }
  };
  using Pieces = std::map<char*, State>;

  void add_free(char* at, size_t bytes, bool begins_segment);
  void set_free(Pieces::iterator piece) noexcept;
  void join_next(Pieces::iterator piece) noexcept;

  Pieces pieces_;  ///< all, free or not, by address: neighbours in a segment are adjacent
  FreeSet free_;   ///< smallest first
};

}  // namespace cudenza
