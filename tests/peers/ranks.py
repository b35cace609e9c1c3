#!/usr/bin/env python3
"""Trains the same steps in one process and in several ranks, and says how far losses and weights are apart, and how fast each is.

    python3 tests/peers/ranks.py build/bin/cudenza [--models resnet34,alexnet] [--ranks 2,4] [--steps 30] [--image-size 96]

Needs mpirun, h5py and numpy. Batch norms go by the whole batch (--sync-batch-norm). An untrained network amplifies rounding; how
much shows the row "other rounding": one process without --deterministic, whose convolutions add in another order.
"""
import argparse
import csv
import pathlib
import subprocess
import tempfile
import time

import h5py
import numpy

CLIPS, BATCH = 160, 16  # a random fifth of the clips is for validation: 8 batches an epoch


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--models", default="resnet34,alexnet")
    parser.add_argument("--ranks", default="2,4")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rate", default="1e-4")
    parser.add_argument("--image-size", type=int, default=96)
    return parser.parse_args()


class Trained:
    def __init__(self, a, folder, model, ranks, name, more=()):
        self.run = folder / f"{model}-{name}"
        launcher = f"mpirun -n {ranks} --oversubscribe --allow-run-as-root --bind-to none".split() if ranks > 1 else []
        epochs = -(-a.steps * BATCH // (CLIPS * 4 // 5))
        options = (f"--model {model} --recipe scratch --optimizer sgd --head linear --mixup 0 --batch-size {BATCH} "
                   f"--image-size {a.image_size} --lr {a.rate} --epochs {epochs} --log-steps --precision fp32 "
                   "--sync-batch-norm --quiet")
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
        return CLIPS * (len(self.of_epochs) - 1) / sum(self.of_epochs[1:])

    def apart(self, other):
        """Largest difference of a loss in the first three steps, in all; of weights, over the largest weight."""
        loss = numpy.abs(self.losses - other.losses)
        weights = max(numpy.abs(w - other.weights[name]).max() / numpy.abs(w).max() for name, w in self.weights.items())
        return f"{loss[:3].max():.1e} | {loss.max():.1e} | {weights:.1e} | {other.images_per_s():.1f}"


def main():
    a = arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        of_genre = str(CLIPS // 10)
        subprocess.run([a.program, "synth", folder / "clips", "--clips", of_genre, "--seconds", "3", "--quiet"], check=True)
        print("| network | beside one process | loss, steps 0 to 2 | loss, all steps | weights, relative | images/s |")
        print("|---|---|---|---|---|---|", flush=True)
        for model in a.models.split(","):
            exact = ("--deterministic", "--threads", "1")
            one = Trained(a, folder, model, 1, "one", exact)
            print(f"| {model} | one process, 1 thread | | | | {one.images_per_s():.1f} |", flush=True)
            others = [(1, "other rounding", ("--threads", "1")), (1, "2 threads", ("--deterministic", "--threads", "2"))]
            others += [(ranks, f"{ranks} ranks of 1 thread", exact) for ranks in map(int, a.ranks.split(","))]
            for ranks, name, more in others:
                trained = Trained(a, folder, model, ranks, name.replace(" ", "-"), more)
                print(f"| {model} | {name} | {one.apart(trained)} |", flush=True)


if __name__ == "__main__":
    main()
