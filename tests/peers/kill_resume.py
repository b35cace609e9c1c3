#!/usr/bin/env python3
"""Kills a training run at random moments, resumes it each time, and holds its final weights to those of a run left alone.

    python3 tests/peers/kill_resume.py build/bin/cudenza [KILLS [RANKS]]        needs h5py, and mpirun for RANKS

With RANKS, mpirun starts so many processes, and one of them is killed, each in its turn: all others must end within 10 seconds.
A run that comes to its end before it was killed KILLS times is compared, and another begun. Prints one line; exits 1 if a bit
differs or somebody hangs.
"""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from saved_files import equal

PATIENCE = 10  # seconds that the others may take to end
OPTIONS = ("--model resnet34 --recipe quick --epochs 8 --image-size 32 --batch-size 8 --sample-rate 8000 "
           "--mixup 0.4 --noise --cutout --ema 0.9 --quiet").split()


def ranks_of(launcher):
    """The processes of a mpirun, by their ranks; without those that have ended."""
    found = {}
    for pid in subprocess.run(["pgrep", "-P", str(launcher.pid)], capture_output=True, text=True).stdout.split():
        try:
            variables = pathlib.Path("/proc", pid, "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        found.update({int(v.partition(b"=")[2]): int(pid) for v in variables if v.startswith(b"OMPI_COMM_WORLD_RANK=")})
    return found


def runs(pid):
    try:
        return pathlib.Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(run, rank, count):
    """Kills the program, or that rank of it. Returns the seconds until the last process had ended; None if not all were there."""
    pids = ranks_of(run) if count > 1 else {0: run.pid}
    if len(pids) < count:
        return None
    os.kill(pids[rank], signal.SIGKILL)
    waited, last = 0, time.time()
    while run.poll() is None or any(map(runs, pids.values())):
        if waited > PATIENCE:
            sys.exit(f"rank {rank} was killed, and {PATIENCE} seconds later some of {pids} still run")
        time.sleep(0.01)
        waited, last = waited + min(time.time() - last, 0.1), time.time()  # while this script was stopped, the ranks were, too
    return waited


def ends_within(run, seconds):
    try:
        run.wait(timeout=seconds)
        return True
    except subprocess.TimeoutExpired:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("kills", type=int, nargs="?", default=20)
    parser.add_argument("ranks", type=int, nargs="?", default=1)
    a = parser.parse_args()
    program, kills, count = a.program, a.kills, a.ranks
    launcher = f"mpirun -n {count} --oversubscribe --allow-run-as-root --bind-to none".split() if count > 1 else []
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data, whole, killed = (folder / name for name in ("clips", "whole", "killed-1"))
        subprocess.run([program, "synth", data, "--clips", "4", "--seconds", "2", "--seed", "5", "--quiet"], check=True)
        start = time.time()
        subprocess.run([*launcher, program, "train", data, "--out", whole, *OPTIONS], check=True)
        whole_seconds = time.time() - start
        ends, stories, same, finished = [], 1, True, False
        while len(ends) < kills or not finished:
            words = ["--resume", killed, "--quiet"] if (killed / "config.toml").exists() else [data, "--out", killed, *OPTIONS]
            run = subprocess.Popen([*launcher, program, "train", *words], stderr=subprocess.DEVNULL if count > 1 else None)
            left_alone = len(ends) == kills
            finished = ends_within(run, None if left_alone else random.uniform(0.1, 2.5 * whole_seconds / kills + 0.5))
            if not finished:
                seconds = kill(run, len(ends) % count, count)
                if seconds is None:
                    run.kill()  # mpirun had not yet started all: its end is theirs, and no rank's turn
                    run.wait()
                else:
                    ends.append(seconds)
                continue
            if run.returncode != 0:
                sys.exit(f"the run ended by itself, with exit code {run.returncode}")
            same &= all(equal(whole / name, killed / name) for name in ("last.h5", "best.h5"))
            if len(ends) < kills:
                stories += 1
                killed, finished = folder / f"killed-{stories}", False
        of_ranks = f", each of {count} ranks in its turn" if count > 1 else ""
        print(f"killed {len(ends)} times{of_ranks}, in {stories} runs; the last process ended after "
              f"{sorted(ends)[len(ends) // 2]:.2f} s (median), {max(ends):.2f} s (longest); last.h5 and best.h5 "
              f"{'equal the undisturbed run bit for bit' if same else 'DIFFER'}")
        sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
