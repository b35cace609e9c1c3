#!/usr/bin/env python3
"""Kills a training run at random moments, resumes it each time, and holds its final weights to those of a run left alone.

    python3 tests/peers/kill_resume.py build/bin/cudenza [KILLS [RANKS]]        needs h5py, and mpirun for RANKS

With RANKS, mpirun starts so many processes, and a random one of them is killed: all others must end within 10 seconds.
Prints one line; exits 1 if a bit differs.
"""
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import h5py

PROGRAM = sys.argv[1]
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
RANKS = int(sys.argv[3]) if len(sys.argv) > 3 else 1
LAUNCHER = f"mpirun -n {RANKS} --oversubscribe --allow-run-as-root --bind-to none".split() if RANKS > 1 else []
OPTIONS = ("--model resnet34 --recipe quick --epochs 4 --image-size 32 --batch-size 8 --sample-rate 8000 "
           "--mixup 0.4 --noise --cutout --ema 0.9 --quiet").split()


def tensors(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None)
    return found


def kill_one(run):
    """Kills the program, or one of its ranks, and waits for all."""
    ranks = subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True).stdout.split() if RANKS > 1 else []
    os.kill(int(random.choice(ranks)) if ranks else run.pid, signal.SIGKILL)
    run.wait(timeout=10)


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = str(folder / "clips")
        subprocess.run([PROGRAM, "synth", data, "--clips", "4", "--seconds", "2", "--seed", "5", "--quiet"], check=True)
        start = time.time()
        subprocess.run([*LAUNCHER, PROGRAM, "train", data, "--out", str(folder / "whole"), *OPTIONS], check=True)
        whole_seconds = time.time() - start
        killed, command = 0, [*LAUNCHER, PROGRAM, "train", data, "--out", str(folder / "killed"), *OPTIONS]
        while killed < KILLS:
            run = subprocess.Popen(command, stderr=subprocess.DEVNULL if RANKS > 1 else None)  # mpirun has a lot to say
            try:
                run.wait(timeout=random.uniform(0.1, 2.5 * whole_seconds / KILLS + 0.5))
            except subprocess.TimeoutExpired:
                kill_one(run)
                killed += 1
            else:
                break  # it came to its end
            if (folder / "killed" / "config.toml").exists():
                command = [*LAUNCHER, PROGRAM, "train", "--resume", str(folder / "killed"), "--quiet"]
        subprocess.run(command, check=run.returncode != 0)
        same = all(tensors(folder / "whole" / name) == tensors(folder / "killed" / name) for name in ("last.h5", "best.h5"))
        print(f"killed {killed} times; last.h5 and best.h5 {'equal the undisturbed run bit for bit' if same else 'DIFFER'}")
        sys.exit(0 if same else 1)


main()
