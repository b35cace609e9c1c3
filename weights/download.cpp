#include "weights/download.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "weights/convert.h"

extern char** environ;  // NOLINT: POSIX has it so

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// How curl ended.
struct Transfer {
  int status = 0;         ///< its exit code
  std::string http_code;  ///< "404"; "000" if there was no answer
};

// Of curl's exit codes, those that are told apart.
constexpr int kBadProxy = 5, kNoHost = 6, kNoConnection = 7, kCutOff = 18, kHttpError = 22, kTimeout = 28, kNoRanges = 33,
              kNoTls = 35, kBadReceive = 56, kBadCertificate = 60;

class Pipe {
 public:
  Pipe() {
    if (pipe(ends_) != 0) throw DataError(fmt::format("curl cannot be started: {}", std::strerror(errno)));
  }
  ~Pipe() {
    close_writing();
    close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writing() const { return ends_[1]; }
  int reading() const { return ends_[0]; }
  void close_writing() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  std::string read_all() {
    close_writing();
    std::string all;
    char buffer[256];
    for (ssize_t got = 0; (got = read(ends_[0], buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR);) {
      if (got > 0) all.append(buffer, static_cast<size_t>(got));
    }
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

/// Runs curl without a shell, appending to what `part` has.
Transfer run_curl(const std::string& url, const fs::path& part, bool show_progress) {
  std::vector<std::string> arguments{"curl",
                                     "--fail",
                                     "--location",
                                     "--proto",
                                     "=http,https",
                                     "--connect-timeout",
                                     "30",
                                     "--speed-limit",
                                     "1",
                                     "--speed-time",
                                     "60",
                                     "--retry",
                                     "3",
                                     "--write-out",
                                     "%{http_code}",
                                     "--continue-at",
                                     "-",
                                     "--output",
                                     part.string(),
                                     show_progress ? "--progress-bar" : "--silent",
                                     url};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  Pipe output;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output.writing(), STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, output.reading());
  pid_t child = 0;
  const int error = posix_spawnp(&child, "curl", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw DataError(
        fmt::format("curl cannot be started ({}): install it, or download {} by other means and run "
                    "`cudenza weights convert` on it",
                    std::strerror(error), url));
  Transfer transfer{.http_code = output.read_all()};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  transfer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return transfer;
}

uint64_t size_or_zero(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

[[noreturn]] void fail(const std::string& url, const Transfer& transfer, const fs::path& part) {
  const std::string why = [&] {
    switch (transfer.status) {
      case kHttpError: return fmt::format("the server answers {}", transfer.http_code);
      case kBadProxy:
      case kNoHost:
      case kNoConnection: return std::string("the server cannot be reached; is there a network?");
      case kCutOff:
      case kTimeout:
      case kBadReceive:
        return fmt::format("the transfer broke off after {} bytes; the same command goes on from there", size_or_zero(part));
      case kNoTls:
      case kBadCertificate: return std::string("no safe connection could be made (TLS)");
      default: return fmt::format("curl failed with code {}", transfer.status);
    }
  }();
  throw DataError(fmt::format("{}: {}", url, why));
}

/// Brings what `part` lacks. Whether it went on from something that was there.
bool transfer_to(const fs::path& part, const std::string& url, bool show_progress) {
  const bool resumes = size_or_zero(part) > 0;
  Transfer transfer = run_curl(url, part, show_progress);
  // A server that cannot go on in the middle, or a part that is longer than the file: from the beginning.
  const bool cannot_resume = transfer.status == kNoRanges || (transfer.status == kHttpError && transfer.http_code == "416");
  if (cannot_resume && resumes) {
    fs::remove(part);
    transfer = run_curl(url, part, show_progress);
  }
  if (transfer.status != 0) fail(url, transfer, part);
  return resumes && !cannot_resume;
}

std::string hash_of_file(const fs::path& path) { return hash_of(FileBytes(path)).sha256; }

bool is_whole(const fs::path& path, const OfficialWeights& row) {
  const bool has_size = !row.bytes || size_or_zero(path) == *row.bytes;
  return has_size && hash_of_file(path).starts_with(row.sha256_prefix);
}

}  // namespace

fs::path download(const OfficialWeights& row, const DownloadOptions& options) {
  const std::string name(row.file());
  const fs::path path = options.folder / name, part = path.string() + ".part";
  const std::string url = options.base_url.empty() ? std::string(row.url) : options.base_url + '/' + name;
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) throw DataError(fmt::format("{}: cannot make the folder: {}", options.folder.string(), error.message()));
  if (fs::exists(path)) {
    if (is_whole(path, row)) return path;
    throw DataError(fmt::format("{}: is there, but is not the official file (SHA-256 {}…); remove it to fetch it anew",
                                path.string(), row.sha256_prefix));
  }
  bool whole = fs::exists(part) && is_whole(part, row);
  for (bool again = !whole; again;) {
    const bool resumed = transfer_to(part, url, options.show_progress);
    whole = is_whole(part, row);
    again = !whole && resumed;  // what was there may have been part of something else
    if (again) fs::remove(part);
  }
  if (!whole) {
    const uint64_t bytes = size_or_zero(part);
    const std::string sha256 = hash_of_file(part);
    fs::remove(part);
    throw DataError(fmt::format("{}: what came is not the official file: {} bytes, SHA-256 {}, and not {}…; it was removed", url,
                                bytes, sha256, row.sha256_prefix));
  }
  fs::rename(part, path, error);
  if (error) throw DataError(fmt::format("{}: cannot be written: {}", path.string(), error.message()));
  return path;
}

}  // namespace cudenza
