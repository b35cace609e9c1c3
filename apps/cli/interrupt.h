/// Ctrl-C as a question: the first one is noted, so that work can be put in order; a second ends the program at once.
#pragma once

namespace cudenza {

/// From now on the first SIGINT (Ctrl-C), SIGTERM (a shutdown), SIGHUP (a closed terminal) or SIGUSR1 (what mpirun passes on, and
/// Slurm's --signal sends before time is up) is noted instead of obeyed. A later SIGINT or SIGTERM ends the program at once,
/// unless it comes within the same second: then it is the same wish, which `timeout` and some job systems send to the program and
/// to its group. What was ignored at the start (nohup) stays ignored.
void watch_interrupts();
bool interrupted();

/// For process number `rank` of several, which has failed: those after the first wait a moment. What has befallen all is then
/// said by the first, which ends the others; what has befallen one is said by that one. Signals are obeyed again.
void let_first_speak(int rank);

}  // namespace cudenza
