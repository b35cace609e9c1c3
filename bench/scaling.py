#!/usr/bin/env python3
"""How training should scale over GPUs, on paper: bench/results/scaling.md, from predicted.json and NCCL's published bandwidths.

    python3 bench/scaling.py [--card "H100 SXM"] [--batch 256]

A step of N GPUs = the step of one (bench/predict.py) + the all-reduce of the gradients, which begins when the backward pass has
ended (engine/train/train_step.cpp). Every GPU keeps its batch, so that N of them train on N times as many pictures:

    all-reduce = 2 · (N - 1) / N · bytes / bus bandwidth + delay        bytes: 4 a parameter, the gradients are f32

Bus bandwidth (GB/s), as nccl-tests define it: 370 over NVLink of an H100's eight (github.com/NVIDIA/nccl-tests/issues/212), and
of a network card 0.976 of its line rate (12.2 of 100 Gbit/s, issues/29): 48.8 at 400 Gbit/s. Delay of a call: 20 us within a
machine and 10 us more for every doubling of machines, which is assumed. With --sync-batch-norm each batch norm adds two short
sums a step.
"""
import argparse
import json
import math
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
# Parameters in millions with 1000 classes, and batch norms.
NETWORKS = {"alexnet": (61.10, 0), "vgg16": (138.36, 0), "resnet34": (21.80, 36), "resnet50": (25.56, 53),
            "resnetrs50": (35.69, 55)}
NVLINK, NETWORK_CARD = 370e9, 48.8e9  # bytes a second
GPUS_OF_MACHINE = 8
COUNTS = (1, 2, 4, 8, 16, 64, 256, 1024)


def delay(gpus):
    return 20e-6 + 10e-6 * math.log2(max(1, gpus / GPUS_OF_MACHINE))


def all_reduce(parameters, gpus, cards):
    """Seconds; `cards`: network cards of 400 Gbit/s a machine."""
    if gpus == 1:
        return 0
    bandwidth = NVLINK if gpus <= GPUS_OF_MACHINE else min(NVLINK, cards * NETWORK_CARD)
    return 2 * (gpus - 1) / gpus * 4e6 * parameters / bandwidth + delay(gpus)


def step_of(steps, model, batch, card):
    of_model = [s for s in steps if s["model"] == model and s["use"] == "train" and s["card"] == card]
    step = min(of_model, key=lambda s: abs(s["batch"] - batch))
    return step["batch"], 1e-3 * step["ms"]


def table(steps, card, batch, cards):
    counts = " | ".join(f"{n} GPUs" for n in COUNTS[1:])
    lines = [f"| network, batch of a GPU | step of one, ms | {counts} | half of the time |", "|---" * (len(COUNTS) + 2) + "|"]
    for model, (parameters, _) in NETWORKS.items():
        pictures, one = step_of(steps, model, batch, card)
        waits = [all_reduce(parameters, n, cards) for n in COUNTS[1:]]
        cells = [f"{1e3 * wait:.2f} ms, {100 * one / (one + wait):.0f} %" for wait in waits]
        lines.append(f"| {model}, {pictures} | {1e3 * one:.2f} | " + " | ".join(cells)
                     + f" | {math.ceil(waits[-1] / one * pictures)} |")
    return lines


def sync_table(steps, card, batch):
    lines = ["| network | batch norms | " + " | ".join(f"{n} GPUs" for n in COUNTS[1:]) + " |", "|---" * (len(COUNTS) + 1) + "|"]
    for model, (_, norms) in NETWORKS.items():
        if norms:
            _, one = step_of(steps, model, batch, card)
            more = [2 * norms * delay(n) for n in COUNTS[1:]]
            lines.append(f"| {model} | {norms} | " + " | ".join(f"{1e3 * m:.1f} ms, {100 * m / one:.0f} %" for m in more) + " |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", default="H100 SXM")
    parser.add_argument("--batch", type=int, default=256)
    a = parser.parse_args()
    steps = json.loads((HERE / "results" / "predicted.json").read_text())["steps"]
    for cards in (8, 1):
        print(f"{a.card}, {cards} network card{'s' if cards > 1 else ''} a machine\n")
        print("\n".join(table(steps, a.card, a.batch, cards)) + "\n")
    print("What --sync-batch-norm adds to a step\n")
    print("\n".join(sync_table(steps, a.card, a.batch)))


if __name__ == "__main__":
    main()
