/// Names as a folder or a file may have them, which a shell, gnuplot, HTML, SVG or a terminal might obey.
#pragma once
#include <random>
#include <string>
#include <vector>

namespace cudenza::testing {

/// None holds NUL, none a '/' that a file's name could not have; the last ones are random bytes.
inline std::vector<std::string> hostile_names() {
  std::vector<std::string> names = {"'; system(\"touch x\"); '",
                                    "`touch x`",
                                    "|touch x",
                                    "$(touch x)",
                                    "'. `touch x` .'",
                                    "\"; !touch x",
                                    "%d%s%n%h%.3f",
                                    "100 %",
                                    "a\nset output 'x'\nplot x",
                                    "END\nsystem 'touch x'",
                                    "ends in a backslash \\",
                                    "{/Bold a_b}^2 @x &{y} ~a{.6-}",
                                    "@macro $data # comment",
                                    "<script>alert(1)<",
                                    "\"><img src=x onerror=alert(1)>",
                                    "' onmouseover='alert(1)",
                                    "]]> --> &amp; &lt;",
                                    "rgb(999999999999999999, 0, 0)",
                                    "id='gp\" \"black\"",
                                    "\u202Egnp.elif",
                                    "عربي עברית",
                                    "\xF0\x9F\x8E\xB5\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA9",
                                    "\xFF\xFE\x80",
                                    "\x1B]0;title\x07\x1B[2J",
                                    std::string(300, 'l'),
                                    "-",
                                    "--version",
                                    " blanks around "};
  std::mt19937 random(14);
  for (int i = 0; i < 40; ++i) {
    std::string name(1 + random() % 60, '\0');
    for (char& c : name) {
      do c = static_cast<char>(1 + random() % 255);
      while (c == '/');
    }
    names.push_back(name);
  }
  return names;
}

}  // namespace cudenza::testing
