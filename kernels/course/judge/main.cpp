/// course_judge NUMBER LIBRARY FILE: judges the exercise whose function the library holds. The verdict goes to FILE, since stdout
/// is the kernel's own. Called by ./run course.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>

#include "kernels/course/judge/judge.h"

int main(int count, char** words) {
  using namespace cudenza::course;
  if (count != 4) {
    std::fputs("usage: course_judge NUMBER LIBRARY FILE\n", stderr);
    return 3;
  }
  Verdict verdict{State::wrong, ""};
  try {
    const Library library(words[2]);
    verdict = judge(std::atoi(words[1]), library);
  } catch (const std::exception& error) {
    verdict.text = std::string("wrong\n  ") + error.what() +
                   "\n  next: the function at the end of the file must keep its name and its parameters\n";
  }
  std::ofstream file(words[3]);
  file << verdict.text;
  return file.flush() ? static_cast<int>(verdict.state) : 3;  // 0 passed, 1 wrong, 2 slow
}
