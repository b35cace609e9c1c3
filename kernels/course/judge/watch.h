/// Holds the threads of a kernel to the arrays that they were given, and knows who wrote what.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernels/course/judge/fault.h"
#include "kernels/simt/tracer.h"

namespace cudenza::course {

/// "thread 5 of block 3"; by two or three numbers where the block or the grid has as many dimensions.
std::string text_of(const simt::Position&);
/// "07_transpose.cu:34"
std::string line_of(uintptr_t place);

/// A thread that would touch what lies in no array stops before it does, so that even a wild address harms nothing. Reads of the
/// program's own constants are let pass.
class Watch : public simt::Tracer {
 public:
  struct Array {
    std::string name;  ///< empty: shared memory, whose arrays have none here
    uintptr_t begin, end;
    size_t element;  ///< bytes of one
  };
  struct Writer {
    uintptr_t place = 0;  ///< 0: nobody
    simt::Position position = {};
  };
  /// An access of threads 0 and 1 of block 0, the first of each at a place.
  struct Pair {
    std::optional<uintptr_t> first, second;
  };

  void add(const std::string& name, const void* p, size_t bytes, size_t element);
  /// Who wrote the element at p last.
  Writer writer_of(const void* p) const;
  /// What stopped the first thread that was stopped.
  std::optional<Fault> fault() const;
  const std::map<uintptr_t, Pair>& pairs() const { return pairs_; }

  void begin_block() override;
  void access(const simt::Access&) override;
  void new_memory(const void*, size_t bytes, simt::Space) override;

 private:
  struct Stop {
    Fault::Kind kind;
    uintptr_t place;
    std::string text;
  };
  void stop(Fault::Kind, const simt::Access&, const std::string& what);
  std::string outside_text(const simt::Access&) const;
  void note_pair(const simt::Access&);

  std::vector<Array> arrays_;  ///< the kernel's arguments first, then shared ones of the block
  size_t arguments_ = 0;
  std::unordered_map<uintptr_t, Writer> writers_;  ///< by the address of a word
  std::map<uintptr_t, Pair> pairs_;                ///< by place
  std::optional<Stop> stopped_;
};

}  // namespace cudenza::course
