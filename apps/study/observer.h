/// Who watches a piece of work: the library itself writes to no screen.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace cudenza {

/// All calls come from the thread that does the work. This one, by itself, lets all of it pass.
class Observer {
 public:
  Observer() = default;
  virtual ~Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// `done` of `total` steps of `what` ("decoding") are done; `note` goes with it ("loss 1.23").
  virtual void progress(std::string_view /*what*/, int64_t /*done*/, int64_t /*total*/, const std::string& /*note*/) {}
  /// A line for whoever follows the work.
  virtual void say(const std::string& /*line*/) {}
  /// How the data were understood: nothing is wrong.
  virtual void remark(const std::string& /*line*/) {}
  /// Something is hardly as it was meant. The work goes on.
  virtual void warn(const std::string& /*line*/) {}
  /// A file cannot be used, for the reason that the line names. The work goes on without it.
  virtual void left_out(const std::string& /*line*/) {}
  /// Asked now and then: whether to come to an end early.
  virtual bool interrupted() { return false; }
};

}  // namespace cudenza
