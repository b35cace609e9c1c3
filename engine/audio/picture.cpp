#include "engine/audio/picture.h"

#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "engine/core/dispatch.h"
#include "kernels/resize/resize.h"

namespace cudenza {
namespace {

constexpr double kImagenetMean[] = {0.485, 0.456, 0.406}, kImagenetStd[] = {0.229, 0.224, 0.225};

/// Calls f<T, U>(where) for spectrograms of T and pictures of U.
template <class F> void dispatch_picture(Device device, DType from, DType to, F&& f) {
  on_device(device, [&](auto where) {
    if constexpr (std::is_same_v<decltype(where), kernels::Cpu>) {
      if (from == DType::f64) return f.template operator()<double, double>(kernels::Reference{});
    }
    if (to == DType::bf16) f.template operator()<float, bf16>(where);
    else if (to == DType::f16) f.template operator()<float, f16>(where);
    else f.template operator()<float, float>(where);
  });
}

/// Resize tables of one axis, on a device.
struct Axis {
  int in, out, taps;
  Tensor first, weights;

  Axis(const kernels::ResizeTable& table, DType dtype, Device device)
      : in(table.in),
        out(table.out),
        taps(table.taps),
        first(Tensor::from(table.first, {table.out}, device)),
        weights(Tensor::from(table.weights, {table.out, table.taps}).to(dtype).to(device)) {}

  template <class T> kernels::ResizeAxis<T> as() const { return {in, out, taps, first.data<int32_t>(), weights.data<T>()}; }
};

}  // namespace

struct Picture::Tables {
  Axis rows, columns;
  Tensor maps;  // [bands, 2] from the training set; undefined without statistics
};

struct Picture::Cache {
  std::mutex mutex;
  std::map<std::tuple<int, int, DType>, Tables> tables;
};

Picture::Picture(const PictureSpec& spec, Normalize normalize, const MelStatistics* statistics, Device device)
    : spec_(spec),
      normalize_(normalize),
      statistics_(statistics ? *statistics : MelStatistics()),
      device_(device),
      cache_(std::make_unique<Cache>()) {
  require(spec.height > 0 && spec.width > 0, "picture: {} x {} pixels are none; both must be positive", spec.height, spec.width);
  require(spec.channels >= 1 && spec.channels <= kernels::PicturePlan<float>::kMaxChannels,
          "picture: {} channels; choose 1 to {}", spec.channels, int{kernels::PicturePlan<float>::kMaxChannels});
  require(spec.dtype == DType::f32 || spec.dtype == DType::bf16 || spec.dtype == DType::f16,
          "picture: pictures are f32, bf16 or f16, not {}", spec.dtype);
  require(normalize != Normalize::imagenet || spec.channels == 3, "picture: imagenet normalisation is for 3 channels, not {}",
          spec.channels);
  const bool needs_statistics = normalize == Normalize::global || normalize == Normalize::bin;
  require(!needs_statistics || statistics_.clips() > 0, "picture: {} normalisation needs the training set's statistics",
          name_of(normalize));
}

Picture::~Picture() = default;

Picture::Tables Picture::make_tables(int bands, int frames, DType dtype) const {
  Tables tables{{kernels::make_resize_table(bands, spec_.height, spec_.antialias, spec_.low_at_bottom), dtype, device_},
                {kernels::make_resize_table(frames, spec_.width, spec_.antialias, false), dtype, device_},
                {}};
  if (normalize_ != Normalize::global && normalize_ != Normalize::bin) return tables;
  const bool per_bin = normalize_ == Normalize::bin;
  require(!per_bin || statistics_.mean().size() == static_cast<size_t>(bands),
          "picture: the training set had {} mel bands, these spectrograms have {}", statistics_.mean().size(), bands);
  std::vector<double> maps;
  for (size_t b = 0; b < static_cast<size_t>(bands); ++b) {
    const double mean = per_bin ? statistics_.mean()[b] : statistics_.global_mean();
    const double sigma = std::sqrt(per_bin ? statistics_.variance()[b] : statistics_.global_variance());
    const double scale = sigma > 0 ? 1 / sigma : 0;  // a constant band carries no information
    maps.push_back(scale);
    maps.push_back(-mean * scale);
  }
  tables.maps = Tensor::from(maps, {bands, 2}).to(dtype).to(device_);
  return tables;
}

const Picture::Tables& Picture::tables(int bands, int frames, DType dtype) const {
  std::lock_guard lock(cache_->mutex);
  auto& known = cache_->tables;
  const std::tuple key{bands, frames, dtype};
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, make_tables(bands, frames, dtype)).first->second;
}

template <class T, class U, class Where>
void Picture::run(Where where, const LogMel::Unclamped& in, const Tables& tables, const Tensor& y) const {
  using Map = kernels::Affine<T>;
  const int64_t clips = in.mel_db.size(0), bands = in.mel_db.size(1), frames = in.mel_db.size(2);
  kernels::PicturePlan<T> plan{.rows = tables.rows.as<T>(), .columns = tables.columns.as<T>(), .channels = spec_.channels};
  plan.floor = in.floor.defined() ? in.floor.data<T>() : nullptr;
  if (tables.maps.defined()) plan.row_maps = reinterpret_cast<const Map*>(tables.maps.data<T>());
  Tensor moments, maps;  // per clip
  if (normalize_ == Normalize::clip || normalize_ == Normalize::imagenet) {
    moments = Tensor::empty({clips, bands, 4}, dtype_of<T>, device_);
    maps = Tensor::empty({clips, bands, 2}, dtype_of<T>, device_);
    auto* const measured = reinterpret_cast<kernels::Moments<T>*>(moments.data<T>());
    auto* const row_maps = reinterpret_cast<Map*>(maps.data<T>());
    const auto kind = normalize_ == Normalize::clip ? kernels::ClipMap::standard : kernels::ClipMap::unit;
    kernels::row_moments(where, in.mel_db.data<T>(), plan.floor, measured, clips, bands, frames);
    kernels::clip_maps(where, kind, measured, row_maps, clips, bands, frames);
    plan.row_maps = row_maps;
    plan.row_map_stride = bands;
  }
  if (normalize_ == Normalize::imagenet) {
    for (int c = 0; c < 3; ++c)
      plan.channel_maps[c] = {static_cast<T>(1 / kImagenetStd[c]), static_cast<T>(-kImagenetMean[c] / kImagenetStd[c])};
  }
  kernels::picture(where, plan, in.mel_db.data<T>(), y.data<U>(), clips);
}

Tensor Picture::operator()(const LogMel::Unclamped& in) const {
  const Tensor& x = in.mel_db;
  require(x.shape().rank() == 3 && x.numel() > 0, "picture: spectrograms must be [B, bands, frames], but the tensor is {}",
          x.shape());
  require(x.device() == device_, "picture: the spectrograms are on {}, pictures are made on {}; move them with .to()", x.device(),
          device_);
  require(x.dtype() == DType::f32 || (x.dtype() == DType::f64 && device_.is_cpu()),
          "picture: spectrograms must be f32 (or f64 on the CPU), but are {}", x.dtype());
  const DType dtype = x.dtype() == DType::f64 ? DType::f64 : spec_.dtype;
  const Tensor y = Tensor::empty({x.size(0), spec_.height, spec_.width, spec_.channels}, dtype, device_);
  const Tables& sized = tables(static_cast<int>(x.size(1)), static_cast<int>(x.size(2)), x.dtype());
  dispatch_picture(device_, x.dtype(), dtype, [&]<class T, class U>(auto where) { run<T, U>(where, in, sized, y); });
  return y;
}

Tensor mel_picture(const LogMel& log_mel, const Picture& picture, const Tensor& pcm) { return picture(log_mel.unclamped(pcm)); }

}  // namespace cudenza
