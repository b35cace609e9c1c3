/// cudenza info: what the program is made of, what this machine has, and what would be used.
#include <omp.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/study/build_info.h"
#include "apps/verbs/info_arch.h"
#include "apps/verbs/info_model.h"
#include "apps/verbs/network_options.h"
#include "apps/verbs/verbs.h"
#include "engine/core/gpu.h"
#include "engine/libraries/cpu_features.h"
#include "engine/libraries/versions.h"
#include "engine/parallel/join.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGiB = 1024.0 * 1024 * 1024;

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

uint64_t memory_bytes() { return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGE_SIZE)); }

Json null_if_empty(std::string_view text) { return text.empty() ? Json() : Json(text); }

Json program_facts() {
  const BuildInfo& build = build_info();
  Json architectures = Json::array();
  std::istringstream list(std::string{build.cuda_architectures});
  for (std::string one; std::getline(list, one, ';');) architectures.push_back(one);
  return {{"version", build.version},
          {"commit", build.commit},
          {"compiler", build.compiler},
          {"build_type", build.build_type},
          {"cpu_architecture", build.cpu_architecture == "default" ? "x86-64-v3" : build.cpu_architecture},
          {"cuda", null_if_empty(build.cuda)},
          {"cuda_architectures", architectures},
          {"cudnn", null_if_empty(build.cudnn)},
          {"openmp", _OPENMP}};
}

Json cpu_facts() {
  return {{"name", cpu_name()},
          {"cores", omp_get_num_procs()},
          {"instruction_set", cpu_instruction_set()},
          {"memory_bytes", memory_bytes()}};
}

Json gpu_facts() {
  Json all = Json::array();
  for (int i = 0; i < gpu::count(); ++i) {
    const gpu::Properties p = gpu::properties(i);
    all.push_back({{"device", fmt::format("cuda:{}", i)},
                   {"name", p.name},
                   {"compute_capability", fmt::format("{}.{}", p.sm / 10, p.sm % 10)},
                   {"multiprocessors", p.multiprocessors},
                   {"memory_bytes", p.memory_bytes},
                   {"l2_bytes", p.l2_bytes}});
  }
  return all;
}

Json facts(const Common& common) {
  Json libraries;
  for (const LibraryVersion& library : library_versions(true)) libraries[library.name] = library.version;
  if (parallel_library() != "none") libraries["MPI"] = parallel_library();
  return {{"cudenza", program_facts()},
          {"cpu", cpu_facts()},
          {"gpus", gpu_facts()},
          {"why_no_gpu", gpu::count() > 0 ? Json() : Json(gpu::why_none())},
          {"libraries", libraries},
          {"will_use", {{"device", common.chosen_device().name()}, {"threads", omp_get_max_threads()}}}};
}

std::string text_of(const Json& value) { return value.get<std::string>(); }

void print_compiled_in(const Json& program) {
  print_out("compiled in  CPU backend for {}", text_of(program["cpu_architecture"]));
  if (program["cuda"].is_null()) return print_out("; no CUDA\n");
  std::string architectures;
  for (const Json& one : program["cuda_architectures"]) architectures += " sm_" + text_of(one);
  print_out("; CUDA {} for{}, cuDNN {}\n", text_of(program["cuda"]), architectures, text_of(program["cudnn"]));
}

void print_text(const Json& all) {
  const Json &program = all["cudenza"], &cpu = all["cpu"];
  print_out("cudenza      {}, commit {}, {} build by {}\n", text_of(program["version"]), text_of(program["commit"]),
            text_of(program["build_type"]), text_of(program["compiler"]));
  print_compiled_in(program);
  print_out("libraries    ");
  const char* comma = "";
  for (const auto& [name, version] : all["libraries"].items())
    print_out("{}{} {}", std::exchange(comma, ", "), name, text_of(version));
  print_out("\nCPU          {}, {} cores, {}, {:.1f} GiB\n", text_of(cpu["name"]), cpu["cores"].get<int>(),
            text_of(cpu["instruction_set"]), cpu["memory_bytes"].get<double>() / kGiB);
  if (all["gpus"].empty()) print_out("GPU          none: {}\n", text_of(all["why_no_gpu"]));
  for (const Json& gpu : all["gpus"]) {
    print_out("{:<12} {}, compute capability {}, {} multiprocessors, {:.1f} GiB\n", text_of(gpu["device"]), text_of(gpu["name"]),
              text_of(gpu["compute_capability"]), gpu["multiprocessors"].get<int>(), gpu["memory_bytes"].get<double>() / kGiB);
  }
  print_out("will use     {}, {} CPU threads\n", text_of(all["will_use"]["device"]), all["will_use"]["threads"].get<int>());
}

void run_info(const Common& common) {
  const Json all = facts(common);
  if (common.json) print_json(all);
  else print_text(all);
}

}  // namespace

void add_info(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("info", "Devices, libraries, what is compiled in, and what will be used; or a model, or a network");
  const auto choice = std::make_shared<NetworkChoice>();
  const auto side = std::make_shared<int>(224);
  const auto run = std::make_shared<std::string>();
  CLI::Option* model = verb->add_option("run", *run, "describe this run's model instead, or a model's file");
  CLI::Option* arch = add_network_options(*verb, *choice, "--arch");
  arch->description("describe this network instead, layer by layer")->excludes(model);
  verb->add_option("--image-size", *side, "height and width of its pictures")->check(CLI::Range(1, 4096))->capture_default_str();
  verb->callback([&common, choice, side, arch, model, run] {
    if (arch->count() > 0) describe_network(*choice, *side, common.json);
    else if (model->count() > 0) describe_model(*run, common.json);
    else run_info(common);
  });
}

}  // namespace cudenza
