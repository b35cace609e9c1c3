/// main() of the test programs that tests/mutants/mutants.py links, with the mutants of all kernels in them.
///
///     program --note FILE      runs the tests of --gtest_filter and writes a line each: name, seconds, whether it passed, the
///                              mutants that it reaches, those that would have given another value there
///     program --serve          for each line of stdin, "mutant<tab>test seconds<tab>...", runs the tests with that mutant until
///                              one fails, and writes "fate<tab>test"
///
/// A mutant runs in a process of its own, forked off, so that it may crash; the program is started once. Its time is that of its
/// CPU, so that a busy machine makes no difference.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/mutants/schemata.h"

extern "C" {
int mutants_active = 0;
unsigned char mutants_noted[mutants::kMost];
}

namespace {

using ::testing::EmptyTestEventListener;

constexpr int kFailed = 9;  // exit code of a test that fails

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Note : public EmptyTestEventListener {
 public:
  explicit Note(const char* path) : file_(path) {}

 private:
  void OnTestStart(const ::testing::TestInfo&) override {
    std::memset(mutants_noted, 0, sizeof mutants_noted);
    started_ = cpu_seconds();
  }
  void OnTestEnd(const ::testing::TestInfo& test) override {
    file_ << test.test_suite_name() << '.' << test.name() << '\t' << cpu_seconds() - started_ << '\t' << test.result()->Passed()
          << '\t';
    list(mutants::kReached);
    file_ << '\t';
    list(mutants::kDiffered);
    file_ << std::endl;
  }
  void list(mutants::Noted kind) {
    for (int id = 0; id < mutants::kMost; ++id)
      if (mutants_noted[id] & kind) file_ << id << ' ';
  }

  std::ofstream file_;
  double started_ = 0;
};

/// Nothing more is needed of a test once it has failed.
class EndAtFailure : public EmptyTestEventListener {
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (part.failed()) _exit(kFailed);
  }
};

struct Test {
  std::string name;
  double seconds;
};

struct Task {
  int mutant = 0;
  std::vector<Test> tests;
};

Task read_task(const std::string& line) {
  std::istringstream words(line);
  Task task;
  words >> task.mutant;
  for (Test test; words >> test.name >> test.seconds;) task.tests.push_back(test);
  return task;
}

void allow_seconds(double seconds) {
  const auto end = static_cast<rlim_t>(cpu_seconds() + 5 + 10 * seconds);
  const rlimit limit{end, RLIM_INFINITY};
  setrlimit(RLIMIT_CPU, &limit);
}

/// In the child: leaves in `*running` which test is at work.
[[noreturn]] void run_tests(const Task& task, volatile size_t* running) {
  if (!std::freopen("/dev/null", "w", stdout) || !std::freopen("/dev/null", "w", stderr)) _exit(1);
  ::testing::UnitTest::GetInstance()->listeners().Append(new EndAtFailure);  // GoogleTest owns it
  mutants_active = task.mutant;
  for (size_t i = 0; i < task.tests.size(); ++i) {
    *running = i;
    allow_seconds(task.tests[i].seconds);
    GTEST_FLAG_SET(filter, task.tests[i].name);
    if (RUN_ALL_TESTS() != 0) _exit(kFailed);
  }
  _exit(0);
}

std::string fate_of(int status) {
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGXCPU ? "too long" : strsignal(WTERMSIG(status));
  if (WEXITSTATUS(status) == 0) return "survived";
  return WEXITSTATUS(status) == kFailed ? "failed" : "sanitizer";
}

void serve() {
  void* shared = mmap(nullptr, sizeof(size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* running = static_cast<volatile size_t*>(shared);
  for (std::string line; std::getline(std::cin, line);) {
    const Task task = read_task(line);
    const pid_t child = fork();
    if (child == 0) run_tests(task, running);
    int status = 0;
    waitpid(child, &status, 0);
    std::cout << fate_of(status) << '\t' << (task.tests.empty() ? "" : task.tests[*running].name) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const std::string word = argc > 1 ? argv[1] : "";
  if (word == "--note" && argc > 2) {
    mutants_active = mutants::kNoting;
    ::testing::UnitTest::GetInstance()->listeners().Append(new Note(argv[2]));
    return RUN_ALL_TESTS();
  }
  if (word != "--serve") return 2;
  serve();
}
