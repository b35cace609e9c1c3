/// A web server of a test's own, on this machine, that can also misbehave.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cudenza::testing {

class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:PORT"
  std::string url() const;
  void serve(const std::string& name, std::string content);
  /// The next answer stops after so many bytes of the content.
  void cut_next_answer_after(size_t bytes) { cut_ = bytes; }
  /// Whether requests for a part ("Range: bytes=N-") are answered with one.
  void allow_ranges(bool allow) { ranges_ = allow; }
  /// Where each answer so far began in its file.
  std::vector<size_t> starts() const;

 private:
  void run();
  void answer(int connection);
  std::string answer_to(const std::string& request);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<size_t> cut_ = SIZE_MAX;
  std::atomic<bool> ranges_ = true, stopped_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  std::vector<size_t> starts_;
  std::thread thread_;
};

}  // namespace cudenza::testing
