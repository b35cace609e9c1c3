/// Spectrogram pictures from PNG files, resized for a network.
#pragma once
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/io/png.h"

namespace cudenza {

struct PictureBox {
  int top = 0, left = 0, height = 0, width = 0;
  bool operator==(const PictureBox&) const = default;
};

/// The area within the plain border that plotting programs leave: rows and columns of one colour. All four sides must have one,
/// so that a spectrogram's own silence is not cut off; otherwise, or if nothing would remain, the whole picture.
PictureBox content_box(const Pixels&);

struct PictureSize {
  int height = 224, width = 224;
  bool antialias = true;  ///< when shrinking, as Pillow's BILINEAR; false: two neighbours, as PyTorch's bilinear
};

/// A part of a picture at another size, u8 [height, width, 3]. Throws UsageError for an invalid size.
Tensor resized(const Pixels&, const PictureBox&, const PictureSize&);

struct PictureBatch {
  Tensor pictures;                  ///< [N, height, width, 3] of the good files: u8, or f32 in 0 … 1
  std::vector<int> index;           ///< of each picture: index into the paths
  std::vector<std::string> errors;  ///< files that could not be read, each with its reason
};

/// Pictures without their border, resized, in the order of the paths. Files are read in parallel; bad ones are left out.
/// `on_file` is called after each file, one call at a time, from any thread; `threads` 0: one per core. Throws UsageError for an
/// invalid size and for a dtype other than u8 and f32.
PictureBatch load_pictures(std::span<const std::filesystem::path>, const PictureSize&, DType = DType::u8, int threads = 0,
                           const std::function<void(size_t done, size_t total)>& on_file = {});

}  // namespace cudenza
