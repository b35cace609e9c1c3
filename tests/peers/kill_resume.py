#!/usr/bin/env python3
"""Kills a training run at random moments, resumes it each time, and holds its final weights to those of a run left alone.

    python3 tests/peers/kill_resume.py build/bin/cudenza [KILLS]        needs h5py

Prints one line; exits 1 if a bit differs.
"""
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
OPTIONS = ("--model resnet34 --recipe quick --epochs 4 --image-size 32 --batch-size 8 --sample-rate 8000 "
           "--mixup 0.4 --noise --cutout --ema 0.9 --quiet").split()


def tensors(path):
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()].tobytes()}) if isinstance(item, h5py.Dataset) else None)
    return found


def main():
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = str(folder / "clips")
        subprocess.run([PROGRAM, "synth", data, "--clips", "4", "--seconds", "2", "--seed", "5", "--quiet"], check=True)
        start = time.time()
        subprocess.run([PROGRAM, "train", data, "--out", str(folder / "whole"), *OPTIONS], check=True)
        whole_seconds = time.time() - start
        killed, command = 0, [PROGRAM, "train", data, "--out", str(folder / "killed"), *OPTIONS]
        while killed < KILLS:
            run = subprocess.Popen(command)
            try:
                run.wait(timeout=random.uniform(0.1, 2.5 * whole_seconds / KILLS + 0.5))
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.wait()
                killed += 1
            else:
                break  # it came to its end
            if (folder / "killed" / "config.toml").exists():
                command = [PROGRAM, "train", "--resume", str(folder / "killed"), "--quiet"]
        subprocess.run(command, check=run.returncode != 0)
        same = all(tensors(folder / "whole" / name) == tensors(folder / "killed" / name) for name in ("last.h5", "best.h5"))
        print(f"killed {killed} times; last.h5 and best.h5 {'equal the undisturbed run bit for bit' if same else 'DIFFER'}")
        sys.exit(0 if same else 1)


main()
