/// Ranks that are threads of one process, or made up: what several processes do together, tried without MPI.
#pragma once
#include <barrier>
#include <cstring>
#include <functional>
#include <thread>

#include "engine/core/ranks.h"
#include "engine/ops/pointwise.h"
#include "kernels/common/first_failure.h"

namespace cudenza::testing {

/// A rank whose twin has the same data: a sum is twice its own.
class Twins : public Ranks {
 public:
  int size() const override { return 2; }
  void sum(const Tensor& t) override {
    const Tensor own = t.to(Device::cpu());  // f64 is added on no GPU
    t.copy_from(scale(own, 2));
  }
};

/// The memory of ranks that are threads. Their tensors are on the CPU.
class ThreadRanks : public Ranks {
 public:
  struct Shared {
    explicit Shared(int size) : all(size), tensors(static_cast<size_t>(size)), texts(tensors.size()) {}
    std::barrier<> all;
    std::vector<Tensor> tensors;
    std::vector<std::string> texts;
    Tensor result;
  };
  ThreadRanks(int rank, Shared& shared) : rank_(rank), shared_(shared) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(shared_.tensors.size()); }
  void sum(const Tensor& t) override {
    together(t, [](const std::vector<Tensor>& all) {
      const DType wide = accumulator_of(all[0].dtype());
      Tensor sum = all[0].to(wide);
      for (size_t r = 1; r < all.size(); ++r) sum = add(sum, all[r].to(wide));
      return sum.to(all[0].dtype());
    });
  }
  void broadcast(const Tensor& t) override {
    together(t, [](const std::vector<Tensor>& all) { return all[0].clone(); });
  }
  void gather(const Tensor& t) override {
    together(t, [](const std::vector<Tensor>& all) {
      const Tensor whole = all[0].clone();
      const int64_t rows = whole.size(0), size = whole.numel() / rows;
      for (size_t r = 0; r < all.size(); ++r) {
        const Share share = share_of(rows, static_cast<int>(r), static_cast<int>(all.size()));
        whole.slice(share.begin * size, {share.count * size}).copy_from(all[r].slice(share.begin * size, {share.count * size}));
      }
      return whole;
    });
  }
  std::vector<std::string> collect(const std::string& text) override {
    shared_.texts[static_cast<size_t>(rank_)] = text;
    barrier();
    std::vector<std::string> all = is_first() ? shared_.texts : std::vector<std::string>{};
    barrier();
    return all;
  }
  void barrier() override { shared_.all.arrive_and_wait(); }

 private:
  void together(const Tensor& t, const std::function<Tensor(const std::vector<Tensor>&)>& joined) {
    shared_.tensors[static_cast<size_t>(rank_)] = t;
    barrier();
    if (is_first()) shared_.result = joined(shared_.tensors);
    barrier();
    t.copy_from(shared_.result);
    barrier();
  }

  int rank_;
  Shared& shared_;
};

/// Calls work(ranks) on `size` threads. Throws what the first of them has thrown; no rank waits for one that has.
template <class Rank = ThreadRanks> void as_ranks(int size, const std::function<void(const std::shared_ptr<Ranks>&)>& work) {
  typename Rank::Shared shared(size);
  kernels::FirstFailure failure;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      failure.guard([&] { work(std::make_shared<Rank>(rank, shared)); });
      shared.all.arrive_and_drop();
    });
  }
  for (std::thread& thread : threads) thread.join();
  failure.rethrow();
}

}  // namespace cudenza::testing
