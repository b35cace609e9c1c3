#include "kernels/course/judge/judge.h"

#include <dlfcn.h>

#include <optional>
#include <sstream>
#include <stdexcept>

#include "kernels/course/judge/checks.h"
#include "kernels/simt/races.h"
#include "kernels/simt/unwritten.h"

namespace cudenza::course {
namespace {

struct Order {
  simt::Order order;
  const char* name;
};
constexpr Order kOrders[] = {
    {simt::Order::kForward, "forward"}, {simt::Order::kReverse, "reverse"}, {simt::Order::kRandom, "random"}};

/// What is wrong with one run. A thread that was stopped explains whatever came after it.
template <class Run> std::optional<Fault> fault_in(const Watch& watch, Run run) {
  try {
    run();
  } catch (const WrongResult& wrong) {
    return watch.fault() ? watch.fault() : wrong.fault;
  } catch (const std::exception& error) {
    return watch.fault() ? watch.fault() : fault_of(error.what());
  }
  return watch.fault();
}

/// Watch comes first: what it stops is no access for the others.
std::optional<Fault> fault_of(const Case& c, simt::Order order) {
  simt::set_order(order);
  Watch watch;
  const simt::RaceDetector races;
  const simt::UnwrittenDetector unwritten;
  Trial trial(watch);
  return fault_in(watch, [&] { c.run(trial); });
}

/// The text in lines of up to 100 columns, each with two blanks before it; those that wrap go on further right.
std::string indented(const std::string& text) {
  constexpr size_t kColumns = 100;
  std::string all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string row = " ";
    for (std::string word; words >> word;) {
      if (row.size() + 1 + word.size() > kColumns) {
        all += row + '\n';
        row = "   ";
      }
      row += ' ' + word;
    }
    all += row + '\n';
  }
  return all;
}

Verdict wrong(const Case& c, const char* order, const Fault& fault) {
  return {State::wrong, "wrong\n" + indented("for " + c.shape + ", threads in " + order + " order:\n" + fault.text +
                                             "\nnext: " + advice(fault))};
}

Verdict graded(const Exercise& exercise) {
  simt::set_order(simt::Order::kForward);
  Watch watch;
  const simt::Profiler profiler;
  Trial trial(watch);
  const auto fault = fault_in(watch, [&] { exercise.measured.run(trial); });
  if (fault) return wrong(exercise.measured, "forward", *fault);
  const Grade result = grade(profiler, watch, exercise.targets);
  const std::string table = "  counters for " + exercise.measured.shape + ":\n" + result.table;
  if (result.complaints.empty()) {
    const std::string shapes = std::to_string(exercise.cases.size() + 1);
    const std::string proved = "right for " + shapes +
                               " shapes in three orders of threads; no race, no access out of bounds, no "
                               "read of what nothing wrote";
    return {State::passed, "passed\n" + indented(proved) + table};
  }
  std::string text = "right, but slow\n" + table;
  for (size_t i = 0; i < result.complaints.size(); ++i) {
    const auto& [what, next] = result.complaints[i];
    text += indented(what);
    const bool is_repeated = i + 1 < result.complaints.size() && result.complaints[i + 1].next == next;
    if (!is_repeated) text += indented("next: " + next);
  }
  return {State::slow, text};
}

}  // namespace

Library::Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (!handle_) throw std::runtime_error(dlerror());
}
Library::~Library() { dlclose(handle_); }

void* Library::symbol(const char* name) const {
  void* found = dlsym(handle_, name);
  if (!found) throw std::runtime_error(std::string("there is no function ") + name);
  return found;
}

Verdict judge(const Exercise& exercise) {
  std::vector<Case> cases = exercise.cases;
  cases.push_back(exercise.measured);
  for (const Case& c : cases) {
    for (const auto& [order, name] : kOrders) {
      const auto fault = fault_of(c, order);
      if (fault) return wrong(c, name, *fault);
    }
  }
  return graded(exercise);
}

Verdict judge(int number, const Library& library) { return judge(check_of(number)(library)); }

}  // namespace cudenza::course
