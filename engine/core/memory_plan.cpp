#include "engine/core/memory_plan.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "engine/core/storage.h"

namespace cudenza {
namespace {

constexpr size_t kAlignment = 64;
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kServes = false;  // arrays of their own, so that AddressSanitizer sees every overrun
#else
constexpr bool kServes = true;
#endif

thread_local MemoryPlan* active_plan = nullptr;

}  // namespace

MemoryPlan* MemoryPlan::active() { return active_plan; }

MemoryPlan::Run::Run(MemoryPlan& plan) : plan_(plan), outer_(active_plan) {
  plan.begin();
  active_plan = &plan;
}

MemoryPlan::Run::~Run() {
  active_plan = outer_;
  plan_.end();
}

void MemoryPlan::begin() {
  // An array that somebody has kept from the last run would be overwritten: this run does without the block.
  const bool kept = block_ && block_->living > 0;
  if (state_ == State::serving && !kept) {
    if (!block_ && bytes_ > 0) {
      MemoryPlan* const outer = std::exchange(active_plan, nullptr);
      block_ = std::make_shared<PlannedBlock>();
      block_->memory = std::make_unique<Storage>(bytes_, Device::cpu());
      active_plan = outer;
    }
    next_ = 0;
    return;
  }
  state_ = kept ? State::astray : State::noting;
  arrays_.clear(), noted_.clear();
  clock_ = 0;
}

void MemoryPlan::end() noexcept {
  if (state_ == State::noting) {
    noted_.clear();
    try {
      choose_places();
      if (kServes) state_ = State::serving;
    } catch (const std::bad_alloc&) {
      state_ = State::noting;
    }
  } else if (state_ == State::astray) {
    state_ = State::noting;
    block_.reset();
  }
}

void* MemoryPlan::take(size_t bytes, std::shared_ptr<PlannedBlock>& block) {
  if (state_ != State::serving) return nullptr;
  if (next_ == arrays_.size() || arrays_[next_].bytes != bytes) {
    state_ = State::astray;
    return nullptr;
  }
  const Array& array = arrays_[next_++];
  if (array.end == kNever) return nullptr;
  block = block_;
  ++block_->living;
  return static_cast<char*>(block_->memory->data()) + array.at;
}

void MemoryPlan::made(void* p, size_t bytes) noexcept {
  if (state_ != State::noting) return;
  try {
    arrays_.push_back({.bytes = bytes, .begin = clock_++});
    noted_[p] = arrays_.size() - 1;
  } catch (const std::bad_alloc&) {
    state_ = State::astray;
  }
}

void MemoryPlan::let_go(void* p) noexcept {
  if (state_ != State::noting) return;
  const auto found = noted_.find(p);
  if (found == noted_.end()) return;
  arrays_[found->second].end = clock_++;
  noted_.erase(found);
}

/// The largest first, each at the lowest place where no array lies that is there at the same time.
void MemoryPlan::choose_places() {
  std::vector<size_t> order(arrays_.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](size_t i) { return arrays_[i].end == kNever; });
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return arrays_[a].bytes > arrays_[b].bytes; });
  const auto room = [](const Array& array) { return (array.bytes + kAlignment - 1) / kAlignment * kAlignment; };
  std::vector<const Array*> placed;  // by place
  bytes_ = 0;
  for (const size_t i : order) {
    Array& array = arrays_[i];
    array.at = 0;
    for (const Array* other : placed) {
      if (other->begin > array.end || other->end < array.begin) continue;
      if (array.at + room(array) <= other->at) break;
      array.at = std::max(array.at, other->at + room(*other));
    }
    bytes_ = std::max(bytes_, array.at + room(array));
    placed.insert(std::ranges::upper_bound(placed, array.at, {}, &Array::at), &array);
  }
}

}  // namespace cudenza
