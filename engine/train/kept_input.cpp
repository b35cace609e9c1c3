#include "engine/train/kept_input.h"

#include <algorithm>

#include "engine/autograd/node.h"
#include "engine/core/dispatch.h"
#include "engine/train/evaluate.h"
#include "kernels/kept_rows/kept_rows.h"

namespace cudenza {
namespace {

Shape with_first(const Shape& shape, int64_t extent) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  extents[0] = extent;
  return Shape(extents);
}

Tensor numbers_on(std::span<const int64_t> numbers, Device device) {
  return Tensor::from(numbers, {static_cast<int64_t>(numbers.size())}).to(device);
}

}  // namespace

Share KeptInput::Wanted::own() const {
  if (!shares()) return {0, std::ssize(numbers)};
  const Share units = ranks->share(std::ssize(numbers) / unit);
  return {units.begin * unit, units.count * unit};
}

KeptInput::Table KeptInput::kept(const Wanted& wanted,
                                 const std::function<Tensor(std::span<const int64_t>, uint32_t)>& maps_of) const {
  const auto& [numbers, all, unit, draws, batch_size, ranks] = wanted;
  Table table{.maps = {}, .first = std::vector<int64_t>(static_cast<size_t>(all), -1), .first_on_device = {}, .draws = draws};
  const auto count = static_cast<int64_t>(numbers.size());
  for (int64_t i = 0; i < count; ++i) table.first.at(static_cast<size_t>(numbers[static_cast<size_t>(i)])) = i * draws;
  const Share own = wanted.own();
  for (int64_t begin = own.begin; begin < own.begin + own.count; begin += batch_size) {
    const int64_t end = std::min(begin + batch_size, own.begin + own.count);
    const auto batch = numbers.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    for (int draw = 0; draw < draws; ++draw) {
      const Tensor maps = maps_of(batch, static_cast<uint32_t>(draw));
      if (!table.maps.defined()) table.maps = Tensor::empty(with_first(maps.shape(), count * draws), maps.dtype(), maps.device());
      const int64_t size = maps.numel() / maps.size(0);
      const Shape one = with_first(maps.shape(), 1);
      for (int64_t i = begin; i < end; ++i)
        table.maps.slice((i * draws + draw) * size, one).copy_from(maps.slice((i - begin) * size, one));
    }
  }
  if (wanted.shares()) ranks->gather(table.maps.view({count / unit, unit * table.maps.numel() / count}));
  table.first_on_device = numbers_on(table.first, device());
  return table;
}

void KeptInput::keep(Layers layers, const Choice& choice) {
  release();
  const NoGrad no_grad;
  std::vector<int64_t> plain;  // a picture's number is row · views + view
  for (const int64_t row : choice.plain) {
    for (int view = 0; view < views(); ++view) plain.push_back(row * views() + view);
  }
  const Wanted of_training{choice.training, rows(), 1, choice.draws, choice.batch_size, choice.ranks};
  const int64_t rows_at_once = std::max<int64_t>(1, choice.batch_size / views());
  const Wanted of_plain{plain, rows() * views(), views(), 1, rows_at_once * views(), choice.ranks};
  const int64_t total = of_training.own().count * choice.draws + of_plain.own().count;
  int64_t done = 0;
  const auto told = [&](const Tensor& maps) {
    done += maps.size(0);
    if (choice.progress && !choice.progress(done, total)) throw Stopped("it was stopped while features were computed");
    return maps;
  };
  Table training = kept(of_training, [&](auto rows, uint32_t draw) {
    const Tensor epoch = Tensor::from(std::vector{draw}, {1}).to(device());
    pictures_.prepare(rows, draw);
    return told(layers(pictures_.training({numbers_on(rows, device()), epoch})));
  });
  plain_ = kept(of_plain, [&](std::span<const int64_t> numbers, uint32_t) {
    std::vector<int64_t> rows;
    for (size_t i = 0; i < numbers.size(); i += static_cast<size_t>(views())) rows.push_back(numbers[i] / views());
    return told(layers(pictures_.plain(rows)));
  });
  training_ = std::move(training);
  layers_ = std::move(layers);
}

void KeptInput::release() {
  layers_ = {};
  training_ = plain_ = {};
}

int64_t KeptInput::bytes_of_picture(const Layers& layers, int64_t row) {
  const NoGrad no_grad;
  const Tensor maps = layers(pictures_.plain(std::span(&row, 1)));
  return maps.numel() / views() * static_cast<int64_t>(size_of(maps.dtype()));
}

Tensor KeptInput::taken(const Table& table, const Tensor& numbers, const Tensor& epoch) const {
  const Tensor y = Tensor::empty(with_first(table.maps.shape(), numbers.numel()), table.maps.dtype(), device());
  const kernels::KeptRows spec{.known = table.first_on_device.numel(),
                               .batch = numbers.numel(),
                               .row_size = table.maps.numel() / table.maps.size(0),
                               .views = table.draws};
  dispatch_kernel("kept_rows", device(), y.dtype(), [&]<class T>(auto where) {
    kernels::kept_rows(where, spec, table.maps.data<T>(), table.first_on_device.data<int64_t>(), numbers.data<int64_t>(),
                       epoch.defined() ? epoch.data<uint32_t>() : nullptr, y.data<T>());
  });
  return y;
}

void KeptInput::prepare(std::span<const int64_t> rows, uint32_t epoch) {
  if (!keeps_training()) pictures_.prepare(rows, epoch);
}

Tensor KeptInput::training(const Batch& batch) {
  if (keeps_training()) return taken(training_, batch.rows, batch.epoch);
  const Tensor pictures = pictures_.training(batch);
  return layers_ ? layers_(pictures) : pictures;
}

Tensor KeptInput::plain(std::span<const int64_t> rows) {
  if (!layers_) return pictures_.plain(rows);
  std::vector<int64_t> numbers;
  for (const int64_t row : rows) {
    for (int view = 0; view < views(); ++view) numbers.push_back(row * views() + view);
  }
  const auto is_kept = [&](int64_t number) { return plain_.first.at(static_cast<size_t>(number)) >= 0; };
  return std::ranges::all_of(numbers, is_kept) ? taken(plain_, numbers_on(numbers, device()), {})
                                               : layers_(pictures_.plain(rows));
}

Tensor KeptInput::variants(std::span<const int64_t> rows, int n) {
  const Tensor pictures = pictures_.variants(rows, n);
  return layers_ ? layers_(pictures) : pictures;
}

}  // namespace cudenza
