/// What the program asks of the system for itself: signals, memory, threads, and an end without harm.
#pragma once

namespace cudenza {

/// To be called early in main(). A file that reaches the size limit (ulimit -f) becomes an error of its write instead of a
/// signal; the stack gets its memory while there is some; and where a library ends the program by itself, as OpenMP does that
/// cannot start a thread, it ends with kDeviceError.
void prepare_process();

/// Starts the threads that all parallel work will use: `wanted`, or with 0 what OMP_NUM_THREADS says, or one a core. Takes fewer,
/// with a remark unless `quiet`, where that is far beyond the cores or the system has no more (ulimit -u, a container's limit).
void start_threads(int wanted, bool quiet);

/// How many threads each of `ranks` processes on this machine should start: its share of the cores. 0, which leaves it to
/// start_threads(), for one alone, and where OMP_NUM_THREADS is set.
int threads_of_rank(int ranks);

/// The last call of main(), which returns what it returns. After a failure nothing else is taken apart: libraries that lacked
/// memory or a disk may hold what is half made, and crash on it.
int end_process(int exit_code);

}  // namespace cudenza
