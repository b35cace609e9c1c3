#include "kernels/course/judge/watch.h"

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/simt/source_lines.h"

namespace cudenza::course {
namespace {

constexpr uintptr_t kWord = 4;        // of every element here
constexpr uintptr_t kNear = 1 << 20;  // what lies further from an array was hardly meant for it

std::string text_of(dim3 at, dim3 size) {
  std::string text = std::to_string(at.x);
  if (size.y * size.z > 1) text += ',' + std::to_string(at.y);
  if (size.z > 1) text += ',' + std::to_string(at.z);
  return size.y * size.z > 1 ? '(' + text + ')' : text;
}

bool is_of_program(uintptr_t address) {
  Dl_info info;
  return dladdr(reinterpret_cast<void*>(address), &info) != 0;  // NOLINT(performance-no-int-to-ptr): as it is meant
}

uintptr_t distance(const Watch::Array& array, uintptr_t address) {
  return address < array.begin ? array.begin - address : address >= array.end ? address - array.end : 0;
}

}  // namespace

std::string text_of(const simt::Position& at) {
  return "thread " + text_of(at.thread, at.block_size) + " of block " + text_of(at.block, at.grid_size);
}

std::string line_of(uintptr_t place) { return simt::source_lines({place}).at(place).text(); }

void Watch::add(const std::string& name, const void* p, size_t bytes, size_t element) {
  const auto begin = reinterpret_cast<uintptr_t>(p);
  arrays_.resize(arguments_);
  arrays_.push_back({name, begin, begin + bytes, element});
  arguments_ = arrays_.size();
}

void Watch::begin_block() { arrays_.resize(arguments_); }

void Watch::new_memory(const void* p, size_t bytes, simt::Space space) {
  const auto begin = reinterpret_cast<uintptr_t>(p);
  if (space == simt::Space::shared) arrays_.push_back({"", begin, begin + bytes, 0});
}

Watch::Writer Watch::writer_of(const void* p) const {
  const auto found = writers_.find(reinterpret_cast<uintptr_t>(p));
  return found == writers_.end() ? Writer{} : found->second;
}

std::optional<Fault> Watch::fault() const {
  if (!stopped_) return std::nullopt;
  return Fault{stopped_->kind, line_of(stopped_->place) + ": " + stopped_->text};
}

std::string Watch::outside_text(const simt::Access& access) const {
  const auto nearest = std::ranges::min_element(arrays_, {}, [&](const Array& array) { return distance(array, access.address); });
  if (nearest == arrays_.end() || distance(*nearest, access.address) > kNear) return "memory far from every array";
  const size_t element = nearest->element > 0 ? nearest->element : access.bytes;
  const auto offset = static_cast<std::ptrdiff_t>(access.address - nearest->begin);
  const auto index = static_cast<std::ptrdiff_t>(std::floor(static_cast<double>(offset) / static_cast<double>(element)));
  const size_t count = (nearest->end - nearest->begin) / element;
  const std::string name = nearest->name.empty() ? "a shared array" : nearest->name;
  const std::string pack = access.bytes > element ? " and the " + std::to_string(access.bytes / element - 1) + " after it" : "";
  return "element " + std::to_string(index) + pack + " of " + name + ", which has " + std::to_string(count) +
         (count == 1 ? " element" : " elements");
}

void Watch::stop(Fault::Kind kind, const simt::Access& access, const std::string& what) {
  if (!stopped_) stopped_ = Stop{kind, access.place, text_of(simt::here()) + (access.writes ? " writes " : " reads ") + what};
  simt::stop_thread(std::make_exception_ptr(std::logic_error("stopped")));
}

void Watch::note_pair(const simt::Access& access) {
  const simt::Position at = simt::here();
  if (at.linear > 1 || at.block.x + at.block.y + at.block.z > 0) return;
  auto& seen = at.linear == 0 ? pairs_[access.place].first : pairs_[access.place].second;
  if (!seen) seen = access.address;
}

void Watch::access(const simt::Access& access) {
  const uintptr_t end = access.address + access.bytes;
  const bool is_inside = std::ranges::any_of(
      arrays_, [&](const Array& array) { return access.address >= array.begin && end <= array.end && end > access.address; });
  if (!is_inside) {
    if (!access.writes && is_of_program(access.address)) return;
    return stop(Fault::Kind::outside, access, outside_text(access));
  }
  if (access.bytes > 1 && access.bytes <= 16 && (access.bytes & (access.bytes - 1)) == 0 && access.address % access.bytes != 0) {
    return stop(Fault::Kind::misaligned, access,
                std::to_string(access.bytes) + " bytes at once, " + std::to_string(access.address % access.bytes) +
                    " bytes after a multiple of " + std::to_string(access.bytes));
  }
  note_pair(access);
  if (!access.writes) return;
  for (uintptr_t word = access.address; word < end; word += kWord) writers_[word] = {access.place, simt::here()};
}

}  // namespace cudenza::course
