#include "kernels/simt/source_lines.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace simt {
namespace {

struct Place {
  std::string program;
  uintptr_t offset;
};

Place place_of(uintptr_t address) {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void*>(address), &info) || !info.dli_fname) return {};
  return {info.dli_fname, address - reinterpret_cast<uintptr_t>(info.dli_fbase)};
}

/// "path/file.cu:34 (discriminator 2)" as addr2line writes it.
SourceLine parsed(const std::string& text) {
  const size_t colon = text.find_last_of(':', text.find(' '));
  if (colon == std::string::npos || text[0] == '?') return {};
  return {text.substr(0, colon), std::atoi(text.c_str() + colon + 1)};
}

/// How near a file is to kernels: a kernel's own, a header for kernels, another, what CUDA's words are made of.
int nearness(const SourceLine& line) {
  if (line.file.ends_with("simt/simt.h")) return -1;
  return line.file.ends_with(".cu") ? 2 : line.file.ends_with(".cuh") ? 1 : 0;
}

/// Asks for all offsets of one program. With -a its address stands before the lines of each, the innermost first.
void ask(const std::string& program, const std::map<uintptr_t, uintptr_t>& places, std::map<uintptr_t, SourceLine>& all) {
  char list[] = "/tmp/simt-places-XXXXXX";
  const int file = mkstemp(list);
  if (file < 0) return;
  const std::unique_ptr<char, void (*)(char*)> removed(list, [](char* name) { unlink(name); });
  {
    const std::unique_ptr<FILE, int (*)(FILE*)> out(fdopen(file, "w"), fclose);
    for (const auto& [offset, address] : places) std::fprintf(out.get(), "0x%zx\n", static_cast<size_t>(offset));
  }
  const std::string command = "addr2line -a -i -e '" + program + "' @" + list + " 2>/dev/null";
  const std::unique_ptr<FILE, int (*)(FILE*)> in(popen(command.c_str(), "r"), pclose);
  SourceLine* now = nullptr;
  char text[4096];
  while (in && std::fgets(text, sizeof text, in.get())) {
    if (text[0] == '0' && text[1] == 'x') {
      const auto found = places.find(std::strtoull(text, nullptr, 16));
      now = found == places.end() ? nullptr : &all[found->second];
      continue;
    }
    const SourceLine line = parsed(text);
    if (now && (now->file.empty() || nearness(line) > nearness(*now))) *now = line;
  }
}

}  // namespace

std::string SourceLine::text() const {
  if (file.empty()) return "?";
  return file.substr(file.find_last_of('/') + 1) + ":" + std::to_string(line);
}

std::map<uintptr_t, SourceLine> source_lines(const std::set<uintptr_t>& places) {
  std::map<std::string, std::map<uintptr_t, uintptr_t>> by_program;
  for (const uintptr_t address : places) {
    const Place place = place_of(address);
    by_program[place.program].emplace(place.offset, address);
  }
  std::map<uintptr_t, SourceLine> all;
  for (const uintptr_t address : places) all.emplace(address, SourceLine{});
  for (const auto& [program, offsets] : by_program) {
    if (!program.empty()) ask(program, offsets, all);
  }
  return all;
}

}  // namespace simt
