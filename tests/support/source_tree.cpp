#include "tests/support/source_tree.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/core/error.h"
#include "tests/support/content_of.h"

namespace cudenza::testing {
namespace fs = std::filesystem;
namespace {

bool is_source(const fs::path& path) {
  constexpr std::string_view kEndings[] = {".h", ".cuh", ".cpp", ".cu", ".in", ".cmake", ".py", ".sh"};
  const std::string name = path.filename(), ending = path.extension();
  return std::ranges::find(kEndings, ending) != std::end(kEndings) || name == "CMakeLists.txt";
}

/// Walks over C++ text word by word; comments count as blank.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  /// Whether the text goes on with `word`, which is then behind us.
  bool take(std::string_view word) {
    skip_blank();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view identifier() {
    skip_blank();
    return take_while([](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  }

  /// Passes over "(…)" with all brackets inside.
  void skip_parentheses() {
    int depth = 0;
    skip_blank();
    do {
      if (rest_.empty()) return;
      depth += (rest_[0] == '(') - (rest_[0] == ')');
      rest_.remove_prefix(1);
    } while (depth > 0);
  }

  bool find(std::string_view word) {
    const size_t at = rest_.find(word);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + word.size());
    return at != std::string_view::npos;
  }

 private:
  template <class F> std::string_view take_while(F&& belongs) {
    const auto end = std::ranges::find_if_not(rest_, belongs);
    const std::string_view taken = rest_.substr(0, static_cast<size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  void skip_blank() {
    while (true) {
      take_while([](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; });
      if (!rest_.starts_with("//")) return;
      take_while([](char c) { return c != '\n'; });
    }
  }

  std::string_view rest_;
};

std::string without_comments(const std::string& text) {
  std::string kept;
  for (const std::string& line : lines_of(text)) kept += line.substr(0, line.find("//")) + '\n';
  return kept;
}

bool opens_gpu_only(const std::string& line) {
  Scanner scan(line);
  if (!scan.take("#")) return false;
  if (scan.take("ifndef")) return scan.take("CUDENZA_SIMT");
  return scan.take("if") && scan.take("!") && scan.take("defined") && (scan.take("("), scan.take("CUDENZA_SIMT"));
}

/// `text` without the lines that only a real GPU's compiler sees.
std::string as_simt_sees_it(const std::string& text) {
  std::string seen;
  std::vector<bool> hides;  // of each #if that is open
  for (const std::string& line : lines_of(text)) {
    Scanner scan(line);
    const std::string_view directive = scan.take("#") ? scan.identifier() : std::string_view();
    if (directive.starts_with("if")) hides.push_back(opens_gpu_only(line));
    else if (directive.starts_with("el") && !hides.empty()) hides.back() = false;
    else if (directive == "endif" && !hides.empty()) hides.pop_back();
    else if (std::ranges::find(hides, true) == hides.end()) seen += line + '\n';
  }
  return seen;
}

}  // namespace

std::string test_root() {
  const fs::path bundle = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  return fs::is_directory(bundle / "tests/fixtures") ? bundle.string() : CUDENZA_SOURCE_DIR;
}

std::string fixture(std::string_view name) {
  const fs::path path = fs::path(test_root()) / "tests/fixtures" / name;
  if (!fs::exists(path)) throw DataError(fmt::format("{}: no such fixture", path.string()));
  return path;
}

std::string source_root() {
  return test_root() == CUDENZA_SOURCE_DIR && fs::exists(CUDENZA_SOURCE_DIR "/kernels") ? CUDENZA_SOURCE_DIR : "";
}

std::vector<SourceFile> read_sources() {
  const fs::path root = source_root();
  std::vector<SourceFile> files;
  for (const char* folder : {"apps", "bench", "cmake", "engine", "kernels", "models", "tests", "weights"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = fs::relative(entry.path(), root);
      if (entry.is_regular_file() && is_source(entry.path()) && !path.starts_with("kernels/course/mine/"))
        files.push_back({path, content_of(entry.path())});
    }
  }
  for (const char* name : {"CMakeLists.txt", "run"}) files.push_back({name, content_of(root / name)});
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> includes_of(const SourceFile& file) {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(file.text)) {
    Scanner scan(line);
    if (!scan.take("#") || !scan.take("include")) continue;
    const size_t begin = line.find_first_of("\"<"), end = line.find_first_of("\">", begin + 1);
    if (end != std::string::npos) found.push_back(line.substr(begin, end - begin + 1));
  }
  return found;
}

std::vector<std::string> kernels_declared(const SourceFile& file) {
  const std::string text = without_comments(as_simt_sees_it(file.text));
  std::vector<std::string> names;
  for (Scanner scan(text); scan.find("__global__");) {
    std::string_view word;
    while (word = scan.identifier(), word == "void" || word == "__launch_bounds__") {
      if (word == "__launch_bounds__") scan.skip_parentheses();
    }
    if (!word.empty() && scan.take("(")) names.emplace_back(word);
  }
  return names;
}

}  // namespace cudenza::testing
