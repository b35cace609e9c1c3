#include "weights/download.h"

#include <csignal>
#include <vector>

#include "engine/core/run_program.h"
#include "weights/convert.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

/// Result of a curl run.
struct Transfer {
  int status = 0;         ///< its exit code
  std::string http_code;  ///< "404"; "000" if there was no answer
};

// Exit codes of curl that are handled separately.
constexpr int kBadProxy = 5, kNoHost = 6, kNoConnection = 7, kCutOff = 18, kHttpError = 22, kNotWritten = 23, kTimeout = 28,
              kNoRanges = 33, kNoTls = 35, kManyRedirects = 47, kBadReceive = 56, kBadCertificate = 60, kTooLarge = 63;

constexpr int kMostRedirects = 5;

/// What to fetch, and its size limit.
struct Request {
  std::string url;
  fs::path part;
  uint64_t most_bytes;
  TransferLimits limits;
  bool show_progress;
};

std::vector<std::string> curl_arguments(const Request& r) {
  const std::string protocols = r.url.starts_with("https:") ? "=https" : "=http,https";
  return {"curl",
          "--fail",
          "--globoff",
          "--location",
          "--proto",
          protocols,
          "--proto-redir",
          protocols,
          "--max-redirs",
          std::to_string(kMostRedirects),
          "--connect-timeout",
          "30",
          "--speed-limit",
          std::to_string(r.limits.fewest_bytes_per_s),
          "--speed-time",
          std::to_string(r.limits.slow_seconds),
          "--max-time",
          std::to_string(r.limits.most_seconds),
          "--max-filesize",
          std::to_string(r.most_bytes),
          "--retry",
          "3",
          "--retry-max-time",  // retries a transfer that broke off at once, not a slow one
          std::to_string(r.limits.slow_seconds),
          "--write-out",
          "%{http_code}",
          "--continue-at",
          "-",
          "--output",
          r.part.string(),
          r.show_progress ? "--progress-bar" : "--silent",
          "--url",
          r.url};
}

/// Runs curl, which appends to the partial file. --max-filesize only knows sizes announced by the server, so the system's file
/// size limit is set as well.
Transfer run_curl(const Request& r) {
  const ProgramResult result = run_program(curl_arguments(r), {.shares_stderr = true, .most_file_bytes = r.most_bytes});
  if (result.start_error != 0) {
    const std::string by_hand = fmt::format("download {} by other means and run `cudenza weights convert` on it", r.url);
    throw DataError("curl " + result.why_not_started("install it, or " + by_hand));
  }
  return {.status = result.status, .http_code = result.out};
}

uint64_t size_or_zero(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// Whether curl ended at the size limit: the server announced more, a write failed, or a signal killed it.
bool grew_too_large(const Request& r, const Transfer& transfer) {
  const bool at_the_bound = size_or_zero(r.part) >= r.most_bytes;
  return transfer.status == kTooLarge || (at_the_bound && (transfer.status == kNotWritten || transfer.status == 128 + SIGXFSZ));
}

std::string reason(const Request& r, const Transfer& transfer) {
  const uint64_t bytes = size_or_zero(r.part);
  switch (transfer.status) {
    case kHttpError: return fmt::format("the server answers {}", transfer.http_code);
    case kBadProxy:
    case kNoHost:
    case kNoConnection: return "the server cannot be reached; is there a network?";
    case kCutOff:
    case kBadReceive: return fmt::format("the transfer broke off after {} bytes; the same command goes on from there", bytes);
    case kTimeout:
      return fmt::format(
          "the server is too slow: less than {} bytes a second for {} s, or not done after {} s; {} bytes are there, and the "
          "same "
          "command goes on from there",
          r.limits.fewest_bytes_per_s, r.limits.slow_seconds, r.limits.most_seconds, bytes);
    case kNotWritten: return fmt::format("{} cannot be written: is the disk full?", r.part.string());
    case kManyRedirects: return fmt::format("the server sends elsewhere more than {} times", kMostRedirects);
    case kNoTls:
    case kBadCertificate: return "no safe connection could be made (TLS)";
    default: return fmt::format("curl failed with code {}", transfer.status);
  }
}

[[noreturn]] void fail(const Request& r, const Transfer& transfer) {
  std::error_code ignored;
  if (grew_too_large(r, transfer)) {
    fs::remove(r.part, ignored);
    throw DataError(fmt::format("{}: the server sends more than the {} bytes that the file may have; what came was removed",
                                r.url, r.most_bytes));
  }
  const std::string why = reason(r, transfer);
  if (size_or_zero(r.part) == 0) fs::remove(r.part, ignored);
  throw DataError(fmt::format("{}: {}", r.url, why));
}

/// Fetches what the partial file lacks. Returns whether it continued an existing one.
bool transfer(const Request& r) {
  const bool resumes = size_or_zero(r.part) > 0;
  Transfer transfer = run_curl(r);
  // A server that cannot resume, or a partial file longer than the file: start again.
  const bool cannot_resume = transfer.status == kNoRanges || (transfer.status == kHttpError && transfer.http_code == "416");
  if (cannot_resume && resumes) {
    fs::remove(r.part);
    transfer = run_curl(r);
  }
  if (transfer.status != 0) fail(r, transfer);
  return resumes && !cannot_resume;
}

std::string hash_of_file(const fs::path& path) { return hash_of(FileBytes(path)).sha256; }

std::string known_hash(const OfficialWeights& row) {
  return row.sha256.empty() ? fmt::format("{}…", row.sha256_prefix) : std::string(row.sha256);
}

bool is_whole(const fs::path& path, const OfficialWeights& row) {
  const bool has_size = !row.bytes || size_or_zero(path) == *row.bytes;
  return has_size && row.has_hash(hash_of_file(path));
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
    throw DataError(fmt::format("{}: is there, but is not the official file (SHA-256 {}); remove it to fetch it anew",
                                path.string(), known_hash(row)));
  }
  if (const fs::file_status there = fs::symlink_status(part); fs::exists(there) && !fs::is_regular_file(there))
    throw DataError(fmt::format("{}: is no file that a transfer left; remove it", part.string()));
  const Request request{.url = url,
                        .part = part,
                        .most_bytes = row.bytes.value_or(options.limits.most_bytes),
                        .limits = options.limits,
                        .show_progress = options.show_progress};
  bool whole = fs::exists(part) && is_whole(part, row);
  for (bool again = !whole; again;) {
    const bool resumed = transfer(request);
    whole = is_whole(part, row);
    again = !whole && resumed;  // the existing part may have been of another file
    if (again) fs::remove(part);
  }
  if (!whole) {
    const uint64_t bytes = size_or_zero(part);
    const std::string sha256 = hash_of_file(part);
    fs::remove(part);
    throw DataError(fmt::format("{}: what came is not the official file: {} bytes, SHA-256 {}, and not {}; it was removed", url,
                                bytes, sha256, known_hash(row)));
  }
  fs::rename(part, path, error);
  if (error) throw DataError(fmt::format("{}: cannot be written: {}", path.string(), error.message()));
  return path;
}

}  // namespace cudenza
