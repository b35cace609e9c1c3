/// Ctrl-C as a question: the first one is noted, so that work can be put in order; a second ends the program at once.
#pragma once

namespace cudenza {

/// From now on the first SIGINT or SIGTERM is noted instead of obeyed.
void watch_interrupts();
bool interrupted();

}  // namespace cudenza
