/// Large pieces of memory, cut from segments and joined again.
#pragma once
#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace cudenza {

/// Knows which parts of some segments are free. A request gets the smallest free piece that holds it and leaves the rest of that
/// free; a piece given back joins its free neighbours. So what one array leaves serves others of any size, where pieces of fixed
/// sizes would wait for arrays like theirs. Not for threads at the same time.
class SegmentPool {
 public:
  struct Piece {
    char* at = nullptr;  ///< null: no free piece is large enough
    size_t bytes = 0;
  };

  // add() and take() throw std::bad_alloc where there is no memory for what the pool must note, and have then changed nothing.

  /// A new segment, all of it free.
  void add(void* segment, size_t bytes);
  /// At least `bytes`, a multiple of 64; somewhat more where the rest would be too small to be of use.
  Piece take(size_t bytes);
  /// What take() gave. Returns its size. Needs no memory: it must succeed where there is none left.
  size_t give(void* at) noexcept;

  /// Forgets every segment that is wholly free, and calls f(segment, bytes) for each.
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
  static constexpr size_t kLeast = size_t{1} << 20;  ///< that is left as a piece of its own

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

  Pieces pieces_;  ///< all, free or not: neighbours in a segment stand side by side
  FreeSet free_;   ///< smallest first
};

}  // namespace cudenza
