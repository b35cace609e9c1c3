/// Intel's matrix unit (AMX): eight tiles of up to 16 rows of 64 bytes, and products of two tiles that are added to a third.
#pragma once
#if defined(__AMX_TILE__) && defined(__AMX_INT8__) && defined(__AMX_BF16__) && defined(__linux__)
#define CUDENZA_AMX 1
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#endif

namespace cudenza::kernels {

constexpr int kTileRows = 16;
constexpr int kTileWords = 16;  ///< of 32 bits, of a row

#if CUDENZA_AMX

/// Whether the kernel lets this process use the unit: it has to be asked once, because the tiles are large to save.
inline bool amx_is_allowed() {
  constexpr long kAsk = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool allowed = syscall(SYS_arch_prctl, kAsk, kTileData) == 0;
  return allowed;
}

/// Rows, and bytes of a row, of this thread's tiles while this lives.
class TileShapes {
 public:
  struct Shape {
    int rows, words;
  };

  explicit TileShapes(const std::array<Shape, 8>& shapes) {
    for (size_t i = 0; i < shapes.size(); ++i) {
      layout_.rows[i] = static_cast<uint8_t>(shapes[i].rows);
      layout_.row_bytes[i] = static_cast<uint16_t>(4 * shapes[i].words);
    }
    _tile_loadconfig(&layout_);
  }
  ~TileShapes() { _tile_release(); }
  TileShapes(const TileShapes&) = delete;
  TileShapes& operator=(const TileShapes&) = delete;

 private:
  /// As the instruction reads it.
  struct alignas(64) Layout {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
  } layout_;
};

#else

inline bool amx_is_allowed() { return false; }

#endif

}  // namespace cudenza::kernels
