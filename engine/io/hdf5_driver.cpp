#include "engine/io/hdf5_driver.h"

#include <hdf5.h>
#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace cudenza::hdf5 {

/// libhdf5's record of an open file. The first member is libhdf5's own.
struct Opened : H5FD_t {
  DrivenFile* file = nullptr;  // null once its owner is gone
  haddr_t allocated = 0;       // end of what libhdf5 has allocated
  haddr_t end = 0;             // end of the file, including writes only reported as done
};

namespace {

Opened& opened_of(H5FD_t* file) { return *static_cast<Opened*>(file); }

/// Puts the system's reason on the error stack, where last_reason() finds it.
herr_t failed(int status, hid_t minor) {
  H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_IO, minor, "%s", std::strerror(status));
  return -1;
}

}  // namespace

/// The callbacks of libhdf5, in the order of a file's life.
struct Driver {
  static H5FD_t* open(const char*, unsigned, hid_t access, haddr_t) {
    const auto* const info = static_cast<DrivenFile* const*>(H5Pget_driver_info(access));
    uint64_t size = 0;
    if (!info) return nullptr;
    DrivenFile& file = **info;
    // An external file that this one refers to would be opened with the same options.
    int status = file.opened_ ? EBUSY : file.posix.size(size);
    Opened* const opened = status == 0 ? new (std::nothrow) Opened() : nullptr;  // no exception may pass through libhdf5
    if (status == 0 && !opened) status = ENOMEM;
    if (status != 0) return failed(status, H5E_CANTOPENFILE), nullptr;
    file.opened_ = opened;
    file.opened_->file = &file;
    file.opened_->end = size;
    return file.opened_;
  }

  static herr_t close(H5FD_t* file) {
    Opened* const opened = &opened_of(file);
    if (opened->file) opened->file->opened_ = nullptr;
    delete opened;
    return 0;
  }

  static herr_t query(const H5FD_t*, unsigned long* flags) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA;
    return 0;
  }

  static haddr_t allocated(const H5FD_t* file, H5FD_mem_t) { return static_cast<const Opened*>(file)->allocated; }
  static herr_t allocate(H5FD_t* file, H5FD_mem_t, haddr_t end) {
    opened_of(file).allocated = end;
    return 0;
  }
  static haddr_t end(const H5FD_t* file, H5FD_mem_t) { return static_cast<const Opened*>(file)->end; }

  static herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, void* buffer) {
    const Opened& opened = opened_of(file);
    const std::span to(static_cast<std::byte*>(buffer), size);
    size_t got = 0;
    const int status = opened.file ? opened.file->posix.read(at, to, got) : EBADF;
    if (status != 0) return failed(status, H5E_READERROR);
    std::ranges::fill(to.subspan(got), std::byte{0});  // allocated, but not written yet
    return 0;
  }

  static herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t at, size_t size, const void* buffer) {
    Opened& opened = opened_of(file);
    opened.end = std::max<haddr_t>(opened.end, at + size);
    if (!opened.file || opened.file->status_ != 0) return 0;
    opened.file->status_ = opened.file->posix.write(at, {static_cast<const std::byte*>(buffer), size});
    return 0;
  }

  static herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
    Opened& opened = opened_of(file);
    const bool differs = opened.end != opened.allocated;
    opened.end = opened.allocated;
    if (differs && opened.file && opened.file->status_ == 0) opened.file->status_ = opened.file->posix.resize(opened.end);
    return 0;
  }

  /// Members are set by name: other libhdf5 versions have more members, in another order.
  static H5FD_class_t make() {
    H5FD_class_t driver{};
#ifdef H5FD_CLASS_VERSION
    driver.version = H5FD_CLASS_VERSION;
    driver.value = static_cast<H5FD_class_value_t>(300);  // in 256 to 511, the range for drivers of applications
#endif
    driver.name = "cudenza";
    driver.maxaddr = (haddr_t{1} << 62) - 1;
    driver.fc_degree = H5F_CLOSE_STRONG;
    driver.fapl_size = sizeof(DrivenFile*);
    driver.open = open;
    driver.close = close;
    driver.query = query;
    driver.get_eoa = allocated;
    driver.set_eoa = allocate;
    driver.get_eof = end;
    driver.read = read;
    driver.write = write;
    driver.truncate = truncate;
    const H5FD_mem_t kinds[] = H5FD_FLMAP_DICHOTOMY;
    std::ranges::copy(kinds, driver.fl_map);
    return driver;
  }

  static Id id() {
    static const H5FD_class_t driver = make();
    static const Id id = H5FDregister(&driver);
    return id;
  }
};

DrivenFile::DrivenFile() = default;

DrivenFile::~DrivenFile() {
  if (opened_) opened_->file = nullptr;
}

Handle DrivenFile::access() {
  Handle options(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  DrivenFile* const self = this;
  H5Pset_driver(options.get(), Driver::id(), &self);
  return options;
}

void DrivenFile::abandon() {
  if (status_ == 0) status_ = ECANCELED;
}

}  // namespace cudenza::hdf5
