#include "engine/io/hdf5_file.h"

#include <hdf5.h>

#include <cerrno>
#include <cstring>

#include "engine/io/atomic_file.h"
#include "engine/io/hdf5_attribute.h"
#include "engine/io/hdf5_checksum.h"
#include "engine/io/hdf5_data_set.h"
#include "engine/io/hdf5_driver.h"
#include "engine/io/hdf5_names.h"
#include "engine/io/hdf5_record.h"

namespace cudenza {
namespace fs = std::filesystem;
using hdf5::absolute;
using hdf5::DataSet;
using hdf5::Entered;
using hdf5::exists;
using hdf5::fail;
using hdf5::Handle;
using hdf5::last_reason;
using hdf5::link_options;
using hdf5::space_of;
using hdf5::types_of;
using hdf5::with_rows;

struct Hdf5File::Impl {
  fs::path path;            ///< as messages name it
  hdf5::DrivenFile driven;  ///< outlives `file`
  Handle file;
  std::unique_ptr<hdf5::WriteRecord> record;  ///< in a file that is written

  explicit Impl(const fs::path& p) : path(p) {}

  void make() {
    const Entered library;
    const Handle options(H5Pcreate(H5P_FILE_CREATE), H5Pclose), access = driven.access();
    H5Pset_userblock(options.get(), hdf5::kChecksumBlock);
    file = Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, options.get(), access.get()), H5Fclose);
    if (!file) fail(path, "cannot be written: {}", last_reason());
    record = std::make_unique<hdf5::WriteRecord>();
  }
  void open() {
    const Entered library;
    const Handle access = driven.access();
    file = Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), H5Fclose);
    if (!file) fail(path, "cannot be read as HDF5: {}", last_reason());
  }
  void check_written() const { check(driven.status()); }
  void check(int status) const {
    if (status != 0) fail(path, "cannot be written: {}", std::strerror(status));
  }
};

namespace {

double bytes_of(const Shape& shape, DType t) { return static_cast<double>(shape.numel()) * static_cast<double>(size_of(t)); }

/// The tensor on the CPU in a dtype that HDF5 has.
Tensor storable(const Tensor& t) {
  const Tensor host = t.to(Device::cpu());
  return host.dtype() == DType::bf16 || host.dtype() == DType::f16 ? host.to(DType::f32) : host;
}

/// Whether a file claims to be one of ours that have a checksum.
bool is_to_be_sealed(const Hdf5File& file) {
  constexpr int64_t kFirstSealedVersion = 2;
  return file.attribute_or<std::string>("/", "format", "").starts_with("cudenza") &&
         file.attribute_or<int64_t>("/", "format_version", 0) >= kFirstSealedVersion;
}

}  // namespace

Hdf5File::Hdf5File(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;

Hdf5File::~Hdf5File() {
  if (!impl_) return;
  if (impl_->record) impl_->driven.abandon();  // an unfinished file is thrown away
  if (!impl_->file) return;                    // libhdf5 may never have been entered
  const Entered library;
  impl_.reset();
}

Hdf5File::Hdf5File(const fs::path& path) : Hdf5File(std::make_unique<Impl>(path)) {
  const int status = impl_->driven.posix.open(path);
  if (status == ENOENT || status == ENOTDIR) fail(path, "there is no such file");
  if (status == EINVAL) fail(path, "is not a file");
  if (status != 0) fail(path, "cannot be read: {}", std::strerror(status));
  const hdf5::Seal seal = hdf5::verify_seal(impl_->driven.posix, path);
  impl_->open();
  if (seal == hdf5::Seal::none && is_to_be_sealed(*this))
    fail(path,
         "lacks the checksum that it was written with: it is damaged, or another program has changed it; take another copy");
}

void Hdf5File::create(const fs::path& path, const std::function<void(Hdf5File&)>& fill) {
  write_atomically(path, [&](const fs::path& beside) {
    Hdf5File file(std::make_unique<Impl>(path));
    file.impl_->check(file.impl_->driven.posix.create(beside));
    file.impl_->make();
    fill(file);
    file.finish();
  });
}

/// Reads everything back: nothing counts as written before that.
void Hdf5File::finish() {
  {
    const Entered library;
    if (!impl_->file.close()) fail(path(), "cannot be written: {}", last_reason());
  }
  impl_->check_written();
  impl_->driven.posix.begin_sync();
  const std::unique_ptr<hdf5::WriteRecord> meant = std::move(impl_->record);
  impl_->open();
  meant->check(*this);
  {
    const Entered library;
    impl_->file.close();
  }
  hdf5::seal(impl_->driven.posix, path());
  impl_->check(impl_->driven.posix.sync());
  impl_->check(impl_->driven.posix.close());
}

const fs::path& Hdf5File::path() const { return impl_->path; }

std::vector<std::string> Hdf5File::names(std::string_view group) const {
  const Entered library;
  const std::string at = absolute(group);
  if (!exists(impl_->file.get(), at)) fail(path(), "has no group '{}'", group);
  return hdf5::data_set_names(path(), impl_->file.get(), at);
}

bool Hdf5File::has_texts(std::string_view name) const {
  const Entered library;
  return hdf5::is_data_set_of_texts(impl_->file.get(), absolute(name));
}

bool Hdf5File::contains(std::string_view name) const {
  const Entered library;
  return exists(impl_->file.get(), absolute(name));
}

Hdf5File::Extent Hdf5File::extent(std::string_view name) const {
  const Entered library;
  const DataSet set(path(), impl_->file.get(), name);
  return {set.shape(), set.dtype()};
}

void Hdf5File::check_held(std::string_view name) const {
  const Entered library;
  const DataSet set(path(), impl_->file.get(), name);
  set.check_stored(bytes_of(set.shape(), set.dtype()));
}

Tensor Hdf5File::read(std::string_view name) const {
  const Entered library;
  const DataSet set(path(), impl_->file.get(), name);
  const Shape shape = set.shape();
  const DType dtype = set.dtype();
  if (!impl_->record) set.check_stored(bytes_of(shape, dtype));
  const Tensor t = Tensor::empty(shape, dtype);
  if (t.numel() > 0) set.read(types_of(dtype).memory, H5S_ALL, H5S_ALL, t.raw());
  return t;
}

Tensor Hdf5File::read_rows(std::string_view name, int64_t first, int64_t count) const {
  const Entered library;
  const DataSet set(path(), impl_->file.get(), name);
  const DType dtype = set.dtype();
  const Handle selection = set.row_selection(first, count);
  const Shape part = with_rows(set.shape(), count);
  if (!impl_->record) set.check_stored(bytes_of(part, dtype));
  const Tensor t = Tensor::empty(part, dtype);
  const Handle memory = space_of(part);
  if (t.numel() > 0) set.read(types_of(dtype).memory, memory.get(), selection.get(), t.raw());
  return t;
}

std::vector<std::string> Hdf5File::read_texts(std::string_view name) const {
  const Entered library;
  return DataSet(path(), impl_->file.get(), name).read_texts();
}

void Hdf5File::write(std::string_view name, const Tensor& values) {
  const Tensor host = storable(values);
  const Entered library;
  DataSet set = DataSet::make(path(), impl_->file.get(), name, host.shape(), host.dtype());
  if (host.numel() > 0) set.write(types_of(host.dtype()).memory, H5S_ALL, H5S_ALL, host.raw());
  set.close();
  impl_->check_written();
  impl_->record->add(name, host);
}

void Hdf5File::reserve(std::string_view name, const Shape& shape, DType dtype) {
  const Entered library;
  DataSet::make(path(), impl_->file.get(), name, shape, dtype).close();
  impl_->check_written();
}

void Hdf5File::write_rows(std::string_view name, int64_t first, const Tensor& rows) {
  const Tensor host = storable(rows);
  const Entered library;
  DataSet set(path(), impl_->file.get(), name);
  const Shape shape = set.shape();
  require(host.shape().rank() == shape.rank() && shape.rank() > 0 && with_rows(shape, host.size(0)) == host.shape(),
          "{}: {} are no rows of '{}', which is {}", path().string(), host.shape(), name, shape);
  const Handle selection = set.row_selection(first, host.size(0)), memory = space_of(host.shape());
  if (host.numel() == 0) return;
  set.write(types_of(host.dtype()).memory, memory.get(), selection.get(), host.raw());
  set.close();
  impl_->check_written();
  impl_->record->add_rows(name, first, host);
}

void Hdf5File::write_texts(std::string_view name, std::span<const std::string> texts) {
  const Entered library;
  DataSet::write_texts(path(), impl_->file.get(), name, texts);
  impl_->check_written();
  impl_->record->add_texts(name, texts);
}

void Hdf5File::set_attribute(std::string_view object, std::string_view name, const Hdf5Attribute& value) {
  const Entered library;
  const std::string at = absolute(object);
  const hid_t file = impl_->file.get();
  if (!exists(file, at)) {
    const Handle links = link_options();
    Handle group(H5Gcreate2(file, at.c_str(), links.get(), H5P_DEFAULT, H5P_DEFAULT), H5Gclose);
    if (!group || !group.close()) fail(path(), "group '{}' cannot be made: {}", object, last_reason());
  }
  hdf5::write_attribute(path(), file, at, std::string(name), value);
  impl_->check_written();
  impl_->record->add_attribute(object, name, value);
}

bool Hdf5File::has_attribute(std::string_view object, std::string_view name) const {
  const Entered library;
  const std::string at = absolute(object);
  return exists(impl_->file.get(), at) &&
         H5Aexists_by_name(impl_->file.get(), at.c_str(), std::string(name).c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> Hdf5File::attribute_names(std::string_view object) const {
  const Entered library;
  return hdf5::attribute_names(path(), impl_->file.get(), absolute(object));
}

Hdf5Attribute Hdf5File::attribute(std::string_view object, std::string_view name) const {
  const Entered library;
  return hdf5::read_attribute(path(), impl_->file.get(), absolute(object), std::string(name));
}

template <class T> T Hdf5File::attribute(std::string_view object, std::string_view name) const {
  const Hdf5Attribute value = attribute(object, name);
  const auto converted = hdf5::attribute_as<T>(value);
  if (!converted) fail(path(), "attribute '{}' of '{}' is of another kind than expected", name, object);
  return *converted;
}
template int64_t Hdf5File::attribute(std::string_view, std::string_view) const;
template double Hdf5File::attribute(std::string_view, std::string_view) const;
template std::string Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<int64_t> Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<double> Hdf5File::attribute(std::string_view, std::string_view) const;
template std::vector<std::string> Hdf5File::attribute(std::string_view, std::string_view) const;

}  // namespace cudenza
