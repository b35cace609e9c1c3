#include "kernels/simt/simt.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/simt/fiber.h"
#include "kernels/simt/source_lines.h"
#include "kernels/simt/tracer.h"

namespace simt {
namespace {

enum class Wait { kNone, kBlock, kWarp, kDone };

struct Thread {
  Fiber fiber;
  Position position;
  Wait wait = Wait::kNone;
  unsigned mask = 0;           // lanes named by the warp barrier it waits at
  uintptr_t place = 0;         // of that barrier in the program
  uint64_t published = ~0ull;  // what a shuffle shows to the other lanes
};

struct FreeAligned {
  void operator()(void* p) const { ::operator delete (p, std::align_val_t{16}); }
};
using SharedArray = std::unique_ptr<void, FreeAligned>;

/// The block that is running on this OS thread.
struct Block {
  std::vector<std::unique_ptr<Thread>> threads;  // kept between blocks: their stacks are expensive
  unsigned size = 0;
  unsigned current = 0;
  std::map<const void*, SharedArray> shared;  // by declaration; null is the dynamic array
  Kernel kernel = {};
  std::exception_ptr failure;

  Thread& self() { return *threads[current]; }
};

thread_local Block block;
thread_local Order order = Order::kForward;
thread_local std::mt19937 random_order{1};
thread_local Queue* queue = nullptr;
void (*watcher)(bool begins) = nullptr;
std::vector<Tracer*> tracers;
thread_local bool in_kernel = false;  // the code that runs is a kernel's own
uint64_t most_blocks = std::numeric_limits<uint64_t>::max();
std::set<std::string> names;
std::mutex names_mutex;

void* poisoned(size_t bytes) {
  void* p = ::operator new (bytes, std::align_val_t{16});
  std::memset(p, 0xFF, bytes);  // all ones is a NaN in every floating type
  tell_new_memory(p, bytes, Space::shared);
  return p;
}

/// While it lives the code that runs is not the kernel's. A template of the standard library that is used here and in a kernel's
/// file may be one function of the program, which is traced.
class Aside {
 public:
  Aside() : was_(std::exchange(in_kernel, false)) {}
  ~Aside() { in_kernel = was_; }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  bool was_;
};

void wait(Wait kind, unsigned mask = 0, const void* caller = nullptr) {
  const Aside aside;
  Thread& me = block.self();
  me.wait = kind;
  me.mask = mask;
  me.place = reinterpret_cast<uintptr_t>(caller) - 1;
  me.fiber.yield();
}

void run_thread(void*) {
  try {
    in_kernel = true;
    block.kernel.call(block.kernel.arguments);
    in_kernel = false;
  } catch (...) {
    in_kernel = false;
    block.failure = std::current_exception();
  }
  wait(Wait::kDone);
}

/// Lets go on the lanes of one warp that all wait at the same warp barrier. Returns whether any did.
bool release_warp(unsigned first, unsigned lanes) {
  bool released = false;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    if (block.threads[first + lane]->wait != Wait::kWarp) continue;
    const unsigned mask = block.threads[first + lane]->mask;
    bool complete = mask >> lane & 1u;
    for (unsigned k = 0; k < lanes; ++k) {
      const Thread& other = *block.threads[first + k];
      if ((mask >> k & 1u) && other.wait != Wait::kDone) complete &= other.wait == Wait::kWarp && other.mask == mask;
    }
    if (!complete) continue;
    released = true;
    for (Tracer* tracer : tracers) tracer->warp_barrier(first, mask);
    for (unsigned k = 0; k < lanes; ++k) {
      Thread& other = *block.threads[first + k];
      if ((mask >> k & 1u) && other.wait == Wait::kWarp) other.wait = Wait::kNone;
    }
  }
  return released;
}

bool release_block() {
  unsigned waiting = 0, done = 0;
  for (unsigned i = 0; i < block.size; ++i) {
    waiting += block.threads[i]->wait == Wait::kBlock;
    done += block.threads[i]->wait == Wait::kDone;
  }
  if (waiting == 0 || waiting + done < block.size) return false;
  for (Tracer* tracer : tracers) tracer->block_barrier();
  for (unsigned i = 0; i < block.size; ++i) {
    if (block.threads[i]->wait == Wait::kBlock) block.threads[i]->wait = Wait::kNone;
  }
  return true;
}

bool release_barriers() {
  bool released = false;
  for (unsigned first = 0; first < block.size; first += kWarp)
    released |= release_warp(first, std::min(kWarp, block.size - first));
  return release_block() || released;
}

[[noreturn]] void fail_divergent() {
  const dim3 at = block.threads[0]->position.block;
  std::map<std::pair<Wait, uintptr_t>, unsigned> counts;
  unsigned ended = 0;
  for (unsigned i = 0; i < block.size; ++i) {
    const Thread& thread = *block.threads[i];
    if (thread.wait == Wait::kDone) ++ended;
    else ++counts[{thread.wait, thread.place}];
  }
  block.threads.clear();  // their fibers stopped in the middle: the stacks cannot be used again
  std::set<uintptr_t> places;
  for (const auto& [barrier, threads] : counts) places.insert(barrier.second);
  const auto lines = source_lines(places);
  std::string text =
      "divergent barrier in block (" + std::to_string(at.x) + ',' + std::to_string(at.y) + ',' + std::to_string(at.z) + "): ";
  for (const auto& [barrier, threads] : counts) {
    const auto& [wait, place] = barrier;
    text += std::to_string(threads) +
            (wait == Wait::kBlock ? " threads wait for the block at " : " threads wait for their warp at ") +
            lines.at(place).text() + ", ";
  }
  throw std::logic_error(text + std::to_string(ended) + " have ended");
}

void run_block() {
  std::vector<unsigned> turn(block.size);
  std::iota(turn.begin(), turn.end(), 0u);
  if (order == Order::kReverse) std::reverse(turn.begin(), turn.end());
  while (true) {
    if (order == Order::kRandom) std::shuffle(turn.begin(), turn.end(), random_order);
    bool ran = false;
    for (unsigned i : turn) {
      if (block.threads[i]->wait != Wait::kNone) continue;
      ran = true;
      block.current = i;
      block.threads[i]->fiber.resume();
    }
    const bool released = release_barriers();
    const auto ended = std::count_if(block.threads.begin(), block.threads.begin() + block.size,
                                     [](const auto& thread) { return thread->wait == Wait::kDone; });
    if (ended == block.size) return;
    if (!ran && !released) fail_divergent();
  }
}

constexpr size_t kMostShared = 99 * 1024;  // of a block on cards of 8.6 and 8.9, the least of those we are built for

void check_limits(dim3 grid, dim3 size, size_t shared_bytes) {
  const uint64_t threads = uint64_t{size.x} * size.y * size.z;
  const bool grid_fits = grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && grid.x <= 0x7FFFFFFFu && grid.y <= 65535 && grid.z <= 65535;
  if (!grid_fits || threads < 1 || threads > 1024 || size.z > 64 || shared_bytes > kMostShared) {
    throw std::logic_error("launch outside a GPU's limits: grid " + std::to_string(grid.x) + 'x' + std::to_string(grid.y) + 'x' +
                           std::to_string(grid.z) + ", " + std::to_string(threads) + " threads, " + std::to_string(shared_bytes) +
                           " bytes of shared memory");
  }
}

}  // namespace

void set_order(Order new_order, uint32_t seed) {
  order = new_order;
  random_order.seed(seed);
}

const std::set<std::string>& kernels_run() { return names; }

void enqueue(Work work, void* stream) {
  if (queue) queue->push_back(std::move(work));
  else if (stream) static_cast<Stream*>(stream)->take(std::move(work));
  else perform(work);
}

void perform(const Work& work) {
  struct Watched {
    Watched() {
      if (watcher) watcher(true);
    }
    ~Watched() {
      if (watcher) watcher(false);
    }
  } const watched;
  work();
}

Queue* capture_to(Queue* next) { return std::exchange(queue, next); }
bool is_capturing() { return queue != nullptr; }
void watch_work(void (*next)(bool begins)) { watcher = next; }

Tracer::Tracer() { tracers.push_back(this); }
Tracer::~Tracer() { std::erase(tracers, this); }

void tell_new_memory(const void* p, size_t bytes, Space space) {
  for (Tracer* tracer : tracers) tracer->new_memory(p, bytes, space);
}

void tell_wrote(const void* p, size_t bytes) {
  for (Tracer* tracer : tracers) tracer->wrote(p, bytes);
}

void tell_library(const LibraryCall& call) {
  for (Tracer* tracer : tracers) tracer->library(call);
}

void run_at_most(uint64_t blocks) { most_blocks = blocks == 0 ? std::numeric_limits<uint64_t>::max() : blocks; }

void tell_access(const Access& access) {
  if (!in_kernel) return;
  const Aside aside;
  if (block.self().fiber.owns(access.address)) return;  // a register on a card
  for (Tracer* tracer : tracers) tracer->access(access);
}

const std::string& note_kernel(const char* pretty_function) {
  // "... launch(...) [with auto kernel = cudenza::kernels::{anonymous}::name<float>; Args = ...]"
  const std::string text = pretty_function;
  const std::string marker = "auto kernel = ";
  const size_t begin = text.find(marker) + marker.size();
  const std::lock_guard lock(names_mutex);
  return *names.insert(text.substr(begin, text.find(';', begin) - begin)).first;
}

Position here() {
  const Aside aside;
  return block.self().position;
}

namespace {

/// A launch, while it lives; if that ends by an exception, tracers are told.
class Running {
 public:
  explicit Running(const Launch& launch) : launch_(launch) {
    for (Tracer* tracer : tracers) tracer->begin_launch(launch_);
  }
  ~Running() {
    if (ended_) return;
    for (Tracer* tracer : tracers) tracer->abandon_launch();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void end() {
    ended_ = true;
    for (Tracer* tracer : tracers) tracer->end_launch(launch_);
  }

 private:
  const Launch& launch_;
  bool ended_ = false;
};

}  // namespace

void run(const std::string& name, dim3 grid, dim3 size, size_t shared_bytes, Kernel kernel) {
  check_limits(grid, size, shared_bytes);
  Launch launch{.kernel = name, .grid = grid, .block = size, .shared_bytes = shared_bytes, .blocks_run = 0};
  launch.blocks_run = std::min(launch.blocks(), most_blocks);
  block.size = launch.threads();
  block.kernel = kernel;
  block.failure = nullptr;
  while (block.threads.size() < block.size) block.threads.push_back(std::make_unique<Thread>());
  const uint64_t first = (launch.blocks() - launch.blocks_run) / 2;
  Running running(launch);
  for (uint64_t index = first; index < first + launch.blocks_run; ++index) {
    const dim3 at(index % grid.x, index / grid.x % grid.y, index / grid.x / grid.y);
    block.shared.clear();
    for (Tracer* tracer : tracers) tracer->begin_block();
    if (shared_bytes > 0) block.shared.emplace(nullptr, poisoned(shared_bytes));
    for (unsigned i = 0; i < block.size; ++i) {
      Thread& thread = *block.threads[i];
      thread.position = {dim3(i % size.x, i / size.x % size.y, i / size.x / size.y), at, size, grid, i};
      thread.wait = Wait::kNone;
      thread.published = ~0ull;
      thread.fiber.reset(run_thread, nullptr);
    }
    run_block();
    if (block.failure) std::rethrow_exception(block.failure);
  }
  running.end();
}

void* shared_bytes(const void* declaration, size_t bytes) {
  const Aside aside;
  SharedArray& array = block.shared[declaration];
  if (!array) array.reset(poisoned(bytes));
  return array.get();
}

void* dynamic_shared_bytes() {
  const Aside aside;
  const auto found = block.shared.find(nullptr);
  if (found == block.shared.end()) throw std::logic_error("dynamic_shared: the launch asked for no shared memory");
  return found->second.get();
}

void block_barrier() { wait(Wait::kBlock, 0, __builtin_return_address(0)); }
void warp_barrier(unsigned mask) { wait(Wait::kWarp, mask, __builtin_return_address(0)); }

void stop_thread(std::exception_ptr failure) {
  block.failure = std::move(failure);
  wait(Wait::kDone);
}

void publish(unsigned mask, const void* value, size_t bytes) {
  const Aside aside;
  std::memcpy(&block.self().published, value, bytes);
  wait(Wait::kWarp, mask, __builtin_return_address(0));
}

uint64_t slot(unsigned lane) {
  const Aside aside;
  const unsigned index = block.current / kWarp * kWarp + lane;
  return index < block.size ? block.threads[index]->published : ~0ull;
}

}  // namespace simt

unsigned __ballot_sync(unsigned mask, bool vote) {
  const uint32_t mine = vote ? 1 : 0;
  simt::publish(mask, &mine, sizeof mine);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < simt::kWarp; ++lane) {
    const auto theirs = static_cast<uint32_t>(simt::slot(lane));
    if ((mask >> lane & 1u) && theirs == 1) votes |= 1u << lane;
  }
  simt::warp_barrier(mask);
  return votes;
}
