#include "apps/cli/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// Waits until a stdout that does not block, as some programs leave a terminal, takes more.
void wait_for_room() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  poll(&out, 1, -1);
}

[[noreturn]] void fail(int reason) {
  if (reason == EPIPE) throw ReaderGone("stdout: nobody reads it any more");
  throw DataError(fmt::format("stdout: cannot be written: {}", std::strerror(reason)));
}

}  // namespace

void prepare_standard_streams() {
  // The lowest free number is taken, so that each place holder becomes the stream itself. It is opened the wrong way round:
  // reading a closed stdin and writing to a closed stdout must still fail. What nobody can see on stderr may vanish.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) < 0) (void)!open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
  }
  // A handler rather than SIG_IGN, which programs that we start would inherit.
  std::signal(SIGPIPE, [](int) {});
}

void silence_stdout() {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere >= 0) dup2(nowhere, STDOUT_FILENO), close(nowhere);
}

void write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) text.remove_prefix(static_cast<size_t>(written));
    else if (errno == EAGAIN) wait_for_room();
    else if (errno != EINTR) fail(errno);
  }
}

std::string json_text(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print_json(const nlohmann::ordered_json& json, int indent) { write_out(json_text(json, indent) + '\n'); }

}  // namespace cudenza
