/// course_judge NUMBER LIBRARY: judges the exercise whose function the library holds. Called by ./run course.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "kernels/course/judge/judge.h"

int main(int count, char** words) {
  using namespace cudenza::course;
  if (count != 3) {
    std::fputs("usage: course_judge NUMBER LIBRARY\n", stderr);
    return 3;
  }
  try {
    const Library library(words[2]);
    const Verdict verdict = judge(std::atoi(words[1]), library);
    std::fputs(verdict.text.c_str(), stdout);
    return static_cast<int>(verdict.state);  // 0 passed, 1 wrong, 2 slow
  } catch (const std::exception& error) {
    std::printf("wrong\n  %s\n", error.what());
    return 1;
  }
}
