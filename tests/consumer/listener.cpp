/// What a trained model hears in a sound: listener RUN FILE.
#include <cstdio>

#include "apps/study/classifier.h"

int main(int, char** argv) {
  const cudenza::Classifier classifier(argv[1]);
  for (const auto& [name, probability] : classifier(argv[2]).top(3)) std::printf("%s %.1f %%\n", name.c_str(), 100 * probability);
}
