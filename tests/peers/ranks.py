#!/usr/bin/env python3
"""Trains the same steps in one process and in several ranks, and says how far losses and weights are apart, and how fast each is.

    python3 tests/peers/ranks.py build/bin/cudenza [--models resnet34,alexnet] [--ranks 2,4] [--steps 30] [--image-size 96]
                                 [--device cpu] [--json FILE]
    python3 tests/peers/ranks.py build/bin/cudenza --weak --device cuda --models resnet50 --ranks 2,4,8 --batch 64 --clips 2560

Needs mpirun, h5py and numpy. Batch norms go by the whole batch (--sync-batch-norm). An untrained network amplifies rounding, and
the row "other rounding" shows how much: one process without --deterministic, whose convolutions add in another order.

With --weak each rank keeps its batch, so that N of them take steps of N batches, and speed alone is compared: of training and
validating, without the first epoch.
"""
import argparse
import csv
import json
import pathlib
import subprocess
import tempfile
import time

import h5py
import numpy

def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--models", default="resnet34,alexnet")
    parser.add_argument("--ranks", default="2,4")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rate", default="1e-4")
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--clips", type=int, default=160, help="a random fifth of them is for validation")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--weak", action="store_true")
    parser.add_argument("--json", type=pathlib.Path, help="a file for the same figures")
    return parser.parse_args()


class Trained:
    def __init__(self, a, folder, model, ranks, name, more=(), batch=None):
        self.run = folder / f"{model}-{name}"
        launcher = f"mpirun -n {ranks} --oversubscribe --allow-run-as-root --bind-to none".split() if ranks > 1 else []
        self.clips, batch = a.clips, batch or a.batch
        epochs = max(2, -(-a.steps * batch // (a.clips * 4 // 5)))
        options = (f"--model {model} --recipe scratch --optimizer sgd --head linear --mixup 0 --batch-size {batch} "
                   f"--image-size {a.image_size} --lr {a.rate} --epochs {epochs} --log-steps --precision {a.precision} "
                   f"--device {a.device} --quiet")
        start = time.time()
        subprocess.run([*launcher, a.program.resolve(), "train", folder / "clips", *options.split(), *more, "--out", self.run],
                       check=True)
        self.seconds = time.time() - start
        with (self.run / "steps.csv").open() as file:
            self.losses = numpy.array([float(row["loss"]) for row in csv.DictReader(file)][:a.steps])
        with h5py.File(self.run / "last.h5") as file:
            self.weights = {}
            file.visititems(lambda name, item: self.weights.update({name: item[()]}) if name.endswith("weight") else None)
        with (self.run / "history.csv").open() as file:
            self.of_epochs = [float(row["time"]) for row in csv.DictReader(file)]

    def images_per_s(self):
        """Of training and validating, the first epoch left out."""
        return self.clips * (len(self.of_epochs) - 1) / sum(self.of_epochs[1:])

    def apart(self, other):
        """Largest difference of a loss in the first three steps, in all; of weights, over the largest weight."""
        loss = numpy.abs(self.losses - other.losses)
        weights = max(numpy.abs(w - other.weights[name]).max() / numpy.abs(w).max() for name, w in self.weights.items())
        return {"loss_of_first_steps": float(loss[:3].max()), "loss": float(loss.max()), "weights": float(weights)}


def equality(a, folder, model):
    exact = ("--sync-batch-norm", "--deterministic", "--threads", "1")
    one = Trained(a, folder, model, 1, "one", exact)
    print(f"| {model} | one process, 1 thread | | | | {one.images_per_s():.1f} |", flush=True)
    others = [(1, "other rounding", ("--sync-batch-norm", "--threads", "1")),
              (1, "2 threads", ("--sync-batch-norm", "--deterministic", "--threads", "2"))]
    others += [(ranks, f"{ranks} ranks of 1 thread", exact) for ranks in map(int, a.ranks.split(","))]
    for ranks, name, more in others:
        trained = Trained(a, folder, model, ranks, name.replace(" ", "-"), more)
        apart, speed = one.apart(trained), trained.images_per_s()
        print(f"| {model} | {name} | " + " | ".join(f"{value:.1e}" for value in apart.values()) + f" | {speed:.1f} |", flush=True)
        yield {"model": model, "beside_one": name, "ranks": ranks, **apart, "images_per_s": speed}


def weak_scaling(a, folder, model):
    one = None
    for ranks in [1, *map(int, a.ranks.split(","))]:
        speed = Trained(a, folder, model, ranks, f"weak-{ranks}", (), a.batch * ranks).images_per_s()
        one = one or speed
        print(f"| {model} | {ranks} | {a.batch * ranks} | {speed:.1f} | {100 * speed / one / ranks:.0f} % |", flush=True)
        yield {"model": model, "ranks": ranks, "batch_size": a.batch * ranks, "images_per_s": speed,
               "efficiency": speed / one / ranks}


def main():
    a = arguments()
    columns = "network | ranks | batch | images/s | efficiency" if a.weak else \
        "network | beside one process | loss, steps 0 to 2 | loss, all steps | weights, relative | images/s"
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        of_genre = str(a.clips // 10)
        subprocess.run([a.program, "synth", folder / "clips", "--clips", of_genre, "--seconds", "3", "--quiet"], check=True)
        print(f"| {columns} |\n|" + "---|" * (columns.count("|") + 1), flush=True)
        compared = weak_scaling if a.weak else equality
        rows = [row for model in a.models.split(",") for row in compared(a, folder, model)]
    if a.json:
        a.json.write_text(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
