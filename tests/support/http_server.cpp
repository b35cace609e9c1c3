#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace cudenza::testing {

HttpServer::HttpServer() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("cannot listen on 127.0.0.1");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HttpServer::~HttpServer() {
  stopped_ = true;
  thread_.join();
  close(listener_);
}

std::string HttpServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

void HttpServer::serve(const std::string& name, std::string content) {
  const std::lock_guard lock(mutex_);
  files_['/' + name] = std::move(content);
}

void HttpServer::serve_endless(const std::string& name, std::string text, size_t said_length) {
  const std::string length = said_length > 0 ? fmt::format("Content-Length: {}\r\n", said_length) : "";
  const std::lock_guard lock(mutex_);
  odd_['/' + name] = {fmt::format("HTTP/1.1 200 OK\r\n{}Connection: close\r\n\r\n", length), std::move(text)};
}

void HttpServer::redirect(const std::string& name, const std::string& url) {
  const std::lock_guard lock(mutex_);
  odd_['/' + name] = {
      fmt::format("HTTP/1.1 302 Found\r\nLocation: {}/{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", url, name)};
}

std::vector<size_t> HttpServer::starts() const {
  const std::lock_guard lock(mutex_);
  return starts_;
}

void HttpServer::run() {
  while (!stopped_) {
    pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, 20) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}

void HttpServer::answer(int connection) {
  std::string request;
  char buffer[1024];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    request.append(buffer, static_cast<size_t>(got));
  }
  const Reply reply = answer_to(request);
  if (!send_all(connection, reply.text) || reply.repeated.empty()) return;
  while (!stopped_ && send_all(connection, reply.repeated)) {}
}

bool HttpServer::send_all(int connection, const std::string& text) {
  for (size_t sent = 0; sent < text.size();) {
    const size_t most = bytes_per_s_ > 0 ? 1 : text.size() - sent;
    if (bytes_per_s_ > 0) std::this_thread::sleep_for(std::chrono::microseconds(1'000'000 / bytes_per_s_));
    const ssize_t part = stopped_ ? 0 : send(connection, text.data() + sent, most, MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += static_cast<size_t>(part);
  }
  return true;
}

HttpServer::Reply HttpServer::answer_to(const std::string& request) {
  const std::lock_guard lock(mutex_);
  const size_t begin = request.find(' ') + 1;
  const std::string name = request.substr(begin, request.find(' ', begin) - begin);
  if (const auto odd = odd_.find(name); odd != odd_.end()) return odd->second;
  const auto file = files_.find(name);
  if (file == files_.end()) return {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
  const std::string& content = file->second;
  constexpr std::string_view kRange = "Range: bytes=";
  const size_t range = ranges_ ? request.find(kRange) : std::string::npos;
  const size_t start = range == std::string::npos ? 0 : std::stoull(request.substr(range + kRange.size()));
  starts_.push_back(start);
  if (start > 0 && start >= content.size())
    return {"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
  const std::string status =
      start > 0 ? fmt::format("206 Partial Content\r\nContent-Range: bytes {}-{}/{}", start, content.size() - 1, content.size())
                : "200 OK";
  return {fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", status, content.size() - start) +
          content.substr(start, cut_.exchange(SIZE_MAX))};
}

}  // namespace cudenza::testing
