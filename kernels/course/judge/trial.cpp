#include "kernels/course/judge/trial.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

namespace cudenza::course {
namespace {

// Arrays stand so far apart that a thread that leaves one does not come into the next. The system gives pages when they are
// touched, so that the distance costs nothing.
constexpr size_t kGap = 1 << 20, kPage = 4096, kElement = 4;

/// "[3,5]"
std::string index_text(size_t index, const std::vector<int>& dims) {
  std::string text;
  for (size_t k = dims.size(); k-- > 0;) {
    const size_t size = as_index(dims[k]);
    text.insert(0, std::to_string(index % size) + (text.empty() ? "]" : ","));
    index /= size;
  }
  return '[' + text;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

const Trial* current = nullptr;

}  // namespace

Trial::Trial(Watch& watch) : watch_(watch) {
  current = this;
  simt::watch_work([](bool begins) { current->open(begins); });
}

Trial::~Trial() {
  simt::watch_work(nullptr);
  open(true);
}

void Trial::open(bool is_open) const {
  for (const Array& array : arrays_) mprotect(array.begin, array.pages, is_open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void* Trial::make(const std::string& name, std::vector<int> dims) {
  const size_t bytes = count_of(dims) * kElement, pages = (bytes + kPage - 1) / kPage * kPage;
  std::unique_ptr<void, void (*)(void*)> memory(std::aligned_alloc(kPage, 2 * kGap + pages), std::free);
  if (!memory) throw std::bad_alloc();
  void* begin = static_cast<char*>(memory.get()) + kGap;
  std::memset(begin, 0xFF, bytes);  // NaNs
  watch_.add(name, begin, bytes, kElement);
  simt::tell_new_memory(begin, bytes, simt::Space::global);
  arrays_.push_back({name, std::move(dims), std::move(memory), begin, pages});
  return begin;
}

const float* Trial::input(const std::string& name, const std::vector<float>& values) {
  void* p = make(name, {static_cast<int>(values.size())});
  std::ranges::copy(values, static_cast<float*>(p));
  simt::tell_wrote(p, values.size() * kElement);
  mprotect(p, arrays_.back().pages, PROT_NONE);
  return static_cast<const float*>(p);
}

float* Trial::output(const std::string& name, std::vector<int> dims) {
  void* p = make(name, std::move(dims));
  mprotect(p, arrays_.back().pages, PROT_NONE);
  return static_cast<float*>(p);
}

int* Trial::integers(const std::string& name, std::vector<int> dims) {
  return reinterpret_cast<int*>(output(name, std::move(dims)));  // of as many bytes
}

Fault Trial::fault_at(const Array& array, size_t index, const std::string& is, const std::string& right) const {
  const Watch::Writer writer = watch_.writer_of(static_cast<const char*>(array.begin) + index * kElement);
  const std::string element = array.name + index_text(index, array.dims);
  if (writer.place == 0) return {Fault::Kind::missing, "nothing wrote " + element + ", which should be " + right};
  return {Fault::Kind::value, line_of(writer.place) + ": " + text_of(writer.position) + " wrote " + is + " to " + element +
                                  ", where " + right + " is right"};
}

template <class T, class IsRight> void Trial::check(const T* y, size_t count, IsRight is_right) const {
  open(true);
  const auto array =
      std::ranges::find(arrays_, static_cast<const void*>(y), [](const Array& a) -> const void* { return a.begin; });
  size_t wrong = 0, first = 0;
  for (size_t i = count; i-- > 0;) {
    if (is_right(i, nullptr)) continue;
    ++wrong;
    first = i;
  }
  if (wrong == 0) return;
  std::string right;
  is_right(first, &right);
  Fault fault = fault_at(*array, first, number_text(static_cast<double>(y[first])), right);
  if (wrong > 1) fault.text += "; of " + std::to_string(count) + " elements " + std::to_string(wrong) + " are wrong";
  throw WrongResult{fault};
}

void Trial::expect(const float* y, const std::vector<double>& want, double tolerance) const {
  check(y, want.size(), [&](size_t i, std::string* right) {
    if (right) *right = number_text(want[i]);
    return std::abs(static_cast<double>(y[i]) - want[i]) <= tolerance * (1 + std::abs(want[i]));  // false for NaN
  });
}

void Trial::expect(const int* y, const std::vector<int>& want) const {
  check(y, want.size(), [&](size_t i, std::string* right) {
    if (right) *right = std::to_string(want[i]);
    return y[i] == want[i];
  });
}

size_t count_of(const std::vector<int>& dims) {
  size_t count = 1;
  for (const int dim : dims) count *= as_index(dim);
  return count;
}

std::vector<float> numbers(size_t count, float low, float high, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = low + (high - low) * (static_cast<float>(random() % 65536) / 65535.0f);
  return values;
}

std::string shape_text(const std::string& name, const std::vector<int>& dims) {
  std::string text;
  for (const int dim : dims) text += (text.empty() ? "" : ",") + std::to_string(dim);
  return name + " [" + text + ']';
}

}  // namespace cudenza::course
