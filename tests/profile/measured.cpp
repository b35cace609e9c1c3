#include "tests/profile/measured.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/simt/source_lines.h"
#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {

using simt::KernelProfile;
using simt::Requests;
using simt::Space;

std::string amount(double bytes) {
  if (bytes < 1e4) return fmt::format("{:.0f} B", bytes);
  return bytes < 1e7 ? fmt::format("{:.1f} kB", bytes / 1e3) : fmt::format("{:.1f} MB", bytes / 1e6);
}

double ratio(uint64_t a, uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

/// "4.0 of 4.0": served a request, and the least.
std::string served(const Requests& r) {
  return r.count == 0 ? "-" : fmt::format("{:.2f} of {:.2f}", ratio(r.served, r.count), ratio(r.least, r.count));
}

std::string row_of(const std::string& name, const KernelProfile& k) {
  const Requests global = k.of(Space::global), shared = k.of(Space::shared);
  return fmt::format("  {:<52.52} {:>9} {:>10} {:>16} {:>5.0f} % {:>14} {:>5.0f} % {:>7.1f} {:>10} {:>10}\n", short_name(name),
                     k.threads / k.launches, global.count + shared.count, served(global), 100 * global.efficiency(),
                     served(shared), 100 * ratio(global.lanes, global.count * simt::kWarp), ratio(k.barriers, k.blocks),
                     amount(static_cast<double>(k.bytes_read)), amount(static_cast<double>(k.bytes_written)));
}

nlohmann::json json_of(const Requests& r) {
  return {{"requests", r.count}, {"lanes", r.lanes}, {"bytes", r.bytes}, {"served", r.served}, {"least", r.least}};
}

/// What one line of a source file asked for.
struct LineCounts {
  Requests global, shared;
};

/// A source file's text from the first of these lines to the last, with their counts.
std::string annotated(const std::string& file, const std::map<int, LineCounts>& counts) {
  std::ifstream source(source_root() + "/" + file);
  std::string text = fmt::format("{}\n{:>10} {:>16} {:>14} {:>6}\n", file, "requests", "sectors", "passes", "lanes"), line;
  const int first = counts.begin()->first, last = counts.rbegin()->first;
  for (int number = 1; number <= last && std::getline(source, line); ++number) {
    if (number < first) continue;
    const auto found = counts.find(number);
    if (found == counts.end()) {
      text += fmt::format("{:>50} {:>4} {}\n", "", number, line);
      continue;
    }
    const auto& [global, shared] = found->second;
    const uint64_t requests = global.count + shared.count;
    text += fmt::format("{:>10} {:>16} {:>14} {:>4.0f} % {:>4} {}\n", requests, served(global), served(shared),
                        100 * ratio(global.lanes + shared.lanes, requests * simt::kWarp), number, line);
  }
  return text + "\n";
}

}  // namespace

Traffic Measured::passed() const {
  Traffic all;
  for (const auto& [name, kernel] : kernels) {
    all.read += static_cast<double>(kernel.bytes_read);
    all.written += static_cast<double>(kernel.bytes_written);
  }
  return all;
}

double Measured::excess() const { return needed.both() > 0 ? passed().both() / needed.both() : 0; }

Measured measure(const Workload& workload) {
  const Prepared prepared = workload.prepare();
  simt::Profiler profiler;
  prepared.run();
  return {workload.name, prepared.needed, profiler.kernels()};
}

std::string short_name(const std::string& kernel) {
  std::string name = kernel;
  for (const std::string prefix : {"cudenza::", "kernels::", "{anonymous}::", "<unnamed>::", "(anonymous namespace)::"})
    for (size_t at; (at = name.find(prefix)) != std::string::npos;) name.erase(at, prefix.size());
  return name;
}

std::string bare_name(const std::string& kernel) {
  const std::string name = short_name(kernel);
  return name.substr(0, name.find('<'));
}

std::string heading() {
  return fmt::format("  {:<52} {:>9} {:>10} {:>16} {:>7} {:>14} {:>7} {:>7} {:>10} {:>10}\n", "kernel", "threads", "requests",
                     "sectors a request", "", "passes", "lanes", "barriers", "read", "written");
}

std::string rows_of(const Measured& m) {
  const Traffic passed = m.passed();
  std::string text = fmt::format("{}: {} read, {} written", m.workload, amount(passed.read), amount(passed.written));
  if (m.needed.both() > 0) text += fmt::format(", {:.3f} times what the equation needs", m.excess());
  text += "\n";
  for (const auto& [name, kernel] : m.kernels) text += row_of(name, kernel);
  return text;
}

std::string annotated_source(const std::vector<Measured>& all) {
  std::set<uintptr_t> places;
  for (const Measured& m : all)
    for (const auto& [name, kernel] : m.kernels)
      for (const auto& [address, place] : kernel.places) places.insert(address);
  const auto lines = simt::source_lines(places);
  std::map<std::string, std::map<int, LineCounts>> files;
  for (const Measured& m : all) {
    for (const auto& [name, kernel] : m.kernels) {
      for (const auto& [address, place] : kernel.places) {
        const simt::SourceLine& line = lines.at(address);
        const size_t begin = std::min(line.file.find("kernels/"), line.file.find("bench/"));
        if (begin == std::string::npos) continue;
        LineCounts& counts = files[line.file.substr(begin)][line.line];
        (place.space == Space::shared ? counts.shared : counts.global).add(place.requests);
      }
    }
  }
  std::string text;
  for (const auto& [file, counts] : files) text += annotated(file, counts);
  return text;
}

std::string summary_of(const std::vector<Measured>& all) {
  struct Sum {
    Requests global, shared;
    int workloads = 0;
    double worst_sectors = 1, worst_passes = 1;
  };
  std::map<std::string, Sum> kernels;
  for (const Measured& m : all) {
    for (const auto& [name, kernel] : m.kernels) {
      Sum& sum = kernels[bare_name(name)];
      const Requests global = kernel.of(Space::global), shared = kernel.of(Space::shared);
      sum.global.add(global), sum.shared.add(shared);
      sum.worst_sectors = std::min(sum.worst_sectors, global.efficiency());
      sum.worst_passes = std::min(sum.worst_passes, shared.efficiency());
      ++sum.workloads;
    }
  }
  std::string text =
      "| kernel | runs | sectors a request, and the least | worst share | passes a request, and the least | worst share | lanes "
      "|\n"
      "|---|---|---|---|---|---|---|\n";
  for (const auto& [name, sum] : kernels)
    text += fmt::format("| {} | {} | {} | {:.0f} % | {} | {} | {:.0f} % |\n", name, sum.workloads, served(sum.global),
                        100 * sum.worst_sectors, served(sum.shared),
                        sum.shared.count == 0 ? "-" : fmt::format("{:.0f} %", 100 * sum.worst_passes),
                        100 * ratio(sum.global.lanes, sum.global.count * simt::kWarp));
  return text;
}

std::string json_of(const std::vector<Measured>& all) {
  nlohmann::json workloads = nlohmann::json::array();
  for (const Measured& m : all) {
    nlohmann::json kernels = nlohmann::json::array();
    for (const auto& [name, k] : m.kernels)
      kernels.push_back({{"kernel", short_name(name)},
                         {"launches", k.launches},
                         {"blocks", k.blocks},
                         {"threads", k.threads},
                         {"barriers", k.barriers},
                         {"bytes_read", k.bytes_read},
                         {"bytes_written", k.bytes_written},
                         {"global", json_of(k.of(Space::global))},
                         {"shared", json_of(k.of(Space::shared))}});
    workloads.push_back({{"workload", m.workload},
                         {"bytes_needed", {{"read", m.needed.read}, {"written", m.needed.written}}},
                         {"kernels", std::move(kernels)}});
  }
  return workloads.dump(1);
}

}  // namespace cudenza::testing
