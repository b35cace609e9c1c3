"""Programs that are compared by taking turns, each turn a process of its own: running them up to a deadline, their medians, the
file of lines that a stopped comparison goes on from. For the scripts beside this file, and for what runs in the processes."""
import json
import statistics
import subprocess
import time

LATER = 3  # exit code of a script that ran out of time
NUMBERS = ("images_per_s", "seconds_median", "peak_bytes", "reserved_bytes", "process_peak_bytes")


class OutOfTime(Exception):
    pass


def run(command, deadline):
    """What the command prints, read as JSON; RuntimeError where it fails."""
    words, left = [str(word) for word in command], deadline - time.monotonic()
    if left <= 0:
        raise OutOfTime
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=None if left == float("inf") else left)
    except subprocess.TimeoutExpired:
        raise OutOfTime from None
    except OSError as error:
        raise RuntimeError(f"{words[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return found[0] if isinstance(found, list) else found


def medians(results):
    return results[0] | {k: statistics.median(r[k] for r in results) for k in NUMBERS if results[0].get(k) is not None}


def timed(step, budget, least=3, calls=1, wait=lambda: None):
    """Median seconds of a step, in about `budget` seconds; each time is of `calls` steps and a wait for the device."""
    seconds, start = [], time.perf_counter()
    while len(seconds) < least or time.perf_counter() - start < budget:
        before = time.perf_counter()
        for _ in range(calls):
            step()
        wait()
        seconds.append((time.perf_counter() - before) / calls)
    return statistics.median(seconds)


class Lines:
    """Comparisons as lines of JSON in a file, or in memory alone where no file is given, found again by some of their fields."""

    def __init__(self, path, keys):
        self.path, self.keys = path, keys
        lines = path.read_text().splitlines() if path and path.exists() else []
        self.rows = {tuple(row[k] for k in keys): row for row in map(json.loads, lines)}

    def kept(self, unit, make):
        """The row of these fields, made and added now where it is not there yet."""
        if unit not in self.rows:
            self.rows[unit] = row = dict(zip(self.keys, unit)) | make()
            if self.path:
                with self.path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        return self.rows[unit]
