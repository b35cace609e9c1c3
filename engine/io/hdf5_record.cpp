#include "engine/io/hdf5_record.h"

#include "engine/io/hdf5_handle.h"

namespace cudenza::hdf5 {
namespace {

ContentHash hash_of_tensor(const Tensor& host) {
  return hash_of({static_cast<const std::byte*>(host.raw()), static_cast<size_t>(host.numel()) * size_of(host.dtype())});
}

/// Hashes each text with its zero byte, which no text contains, so that "ab", "c" differ from "a", "bc".
ContentHash hash_of_texts(std::span<const std::string> texts) {
  ContentHasher hasher;
  for (const std::string& text : texts) hasher.add(std::as_bytes(std::span(text.c_str(), text.size() + 1)));
  return hasher.finish();
}

template <class T> ContentHash hash_of_values(const std::vector<T>& values) { return hash_of(std::as_bytes(std::span(values))); }
template <class T> ContentHash hash_of_values(const T& value) { return hash_of(std::as_bytes(std::span(&value, 1))); }
ContentHash hash_of_values(const std::string& text) { return hash_of_texts({&text, 1}); }
ContentHash hash_of_values(const std::vector<std::string>& texts) { return hash_of_texts(texts); }

ContentHash hash_of_attribute(const Hdf5Attribute& value) {
  return std::visit([](const auto& v) { return hash_of_values(v); }, value);
}

void require_same(const ContentHash& meant, const ContentHash& read, const Hdf5File& file, std::string_view name) {
  if (meant != read) fail(file.path(), "cannot be written: '{}' does not come back as it was meant", name);
}

}  // namespace

void WriteRecord::add(std::string_view name, const Tensor& host) {
  whole_.insert_or_assign(std::string(name), hash_of_tensor(host));
}

void WriteRecord::add_rows(std::string_view name, int64_t first, const Tensor& host) {
  const int64_t end = first + host.size(0);
  std::vector<Rows>& rows = rows_[std::string(name)];
  std::erase_if(rows, [&](const Rows& r) { return r.first < end && first < r.first + r.count; });
  rows.push_back({first, host.size(0), hash_of_tensor(host)});
}

void WriteRecord::add_texts(std::string_view name, std::span<const std::string> texts) {
  texts_.insert_or_assign(std::string(name), hash_of_texts(texts));
}

void WriteRecord::add_attribute(std::string_view object, std::string_view name, const Hdf5Attribute& value) {
  attributes_.insert_or_assign({std::string(object), std::string(name)}, hash_of_attribute(value));
}

void WriteRecord::check(const Hdf5File& file) const {
  for (const auto& [name, hash] : whole_) require_same(hash, hash_of_tensor(file.read(name)), file, name);
  for (const auto& [name, pieces] : rows_) {
    for (const Rows& r : pieces) require_same(r.hash, hash_of_tensor(file.read_rows(name, r.first, r.count)), file, name);
  }
  for (const auto& [name, hash] : texts_) require_same(hash, hash_of_texts(file.read_texts(name)), file, name);
  for (const auto& [place, hash] : attributes_)
    require_same(hash, hash_of_attribute(file.attribute(place.first, place.second)), file, place.second);
}

}  // namespace cudenza::hdf5
