/// Every picture goes once through the layers that do not train: what they make of it is kept in memory and serves all epochs.
#pragma once
#include <functional>
#include <vector>

#include "engine/core/ranks.h"
#include "engine/train/input.h"

namespace cudenza {

class KeptInput : public Input {
 public:
  /// Part of a network: pictures [B,H,W,C] to maps [B,…], each from its picture alone.
  using Layers = std::function<Tensor(const Tensor& pictures)>;
  struct Choice {
    std::vector<int64_t> training;  ///< rows that training() will be asked for: all of them, or none
    std::vector<int64_t> plain;     ///< rows whose plain pictures are kept; others are computed when they are asked for
    int draws = 8;                  ///< of augmentation for each row of training: epoch e sees draw e mod draws
    int64_t batch_size = 16;        ///< pictures at once
    Ranks* ranks = nullptr;         ///< each computes its share, and they give it to each other; null: a process alone
    /// Called after each batch with the pictures done and all, of this rank. Returning false makes keep() throw Stopped.
    std::function<bool(int64_t done, int64_t total)> progress = {};

    /// How many are kept.
    int64_t pictures(int views) const {
      return static_cast<int64_t>(training.size()) * draws + static_cast<int64_t>(plain.size()) * views;
    }
  };

  /// `pictures` must outlive it. At first everything passes through.
  explicit KeptInput(Input& pictures) : pictures_(pictures) {}

  /// From now on it gives what `layers` make of the pictures: what is kept, and else it computes them.
  void keep(Layers layers, const Choice&);
  /// From now on it gives pictures again.
  void release();
  /// Bytes of what the layers make of one picture.
  int64_t bytes_of_picture(const Layers&, int64_t row);

  int64_t rows() const override { return pictures_.rows(); }
  int views() const override { return pictures_.views(); }
  Device device() const override { return pictures_.device(); }
  void prepare(std::span<const int64_t> rows, uint32_t epoch) override;
  Tensor training(const Batch&) override;
  Tensor plain(std::span<const int64_t> rows) override;
  Tensor variants(std::span<const int64_t> rows, int n) override;

 private:
  /// Maps of numbered pictures.
  struct Table {
    Tensor maps;                 ///< [kept,…]
    std::vector<int64_t> first;  ///< by number: where a picture's maps begin; -1 if they are not kept
    Tensor first_on_device;      ///< i64 [numbers]
    int draws = 1;               ///< maps of each picture
  };
  /// Pictures to make maps of: `numbers` out of 0 … all - 1, `unit` neighbours at least together.
  struct Wanted {
    std::span<const int64_t> numbers;
    int64_t all, unit;
    int draws;
    int64_t batch_size;
    Ranks* ranks;

    bool shares() const { return ranks && !ranks->is_alone() && std::ssize(numbers) / unit >= ranks->size(); }
    Share own() const;  ///< that this rank computes
  };
  Table kept(const Wanted&, const std::function<Tensor(std::span<const int64_t> numbers, uint32_t draw)>& maps_of) const;
  bool keeps_training() const { return layers_ && training_.maps.defined(); }
  Tensor taken(const Table&, const Tensor& numbers, const Tensor& epoch) const;

  Input& pictures_;
  Layers layers_;
  Table training_, plain_;
};

}  // namespace cudenza
