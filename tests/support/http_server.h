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
  /// A file that never ends: this text again and again, as long as the client takes it, its length unsaid or said (a lie).
  void serve_endless(const std::string& name, std::string text, size_t said_length = 0);
  /// The bytes of the contents that follow are sent one by one, so many a second.
  void slow_down(int bytes_per_s) { bytes_per_s_ = bytes_per_s; }
  /// Sends elsewhere: to "URL/NAME".
  void redirect(const std::string& name, const std::string& url);
  /// The next answer stops after so many bytes of the content.
  void cut_next_answer_after(size_t bytes) { cut_ = bytes; }
  /// Whether requests for a part ("Range: bytes=N-") are answered with one.
  void allow_ranges(bool allow) { ranges_ = allow; }
  /// Where each answer so far began in its file.
  std::vector<size_t> starts() const;

 private:
  void run();
  struct Reply {
    std::string text;
    std::string repeated = {};  ///< after it, without end
  };
  void answer(int connection);
  Reply answer_to(const std::string& request);
  /// Whether all went out.
  bool send_all(int connection, const std::string& text);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<size_t> cut_ = SIZE_MAX;
  std::atomic<int> bytes_per_s_ = 0;
  std::atomic<bool> ranges_ = true, stopped_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  std::map<std::string, Reply> odd_;  ///< what is answered as it stands
  std::vector<size_t> starts_;
  std::thread thread_;
};

}  // namespace cudenza::testing
