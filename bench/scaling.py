#!/usr/bin/env python3
"""How training should scale over GPUs, on paper: bench/results/scaling.md, from predicted.json and NCCL's published bandwidths.

    python3 bench/scaling.py [--card "H100 SXM"] [--batch 256] [--bucket 8]

Every GPU keeps its batch, so that N of them train on N times as many pictures. A step of N GPUs = the step of one
(bench/predict.py) + what is left of the sums of the gradients when the backward pass has ended. They leave in buckets, from the
head to the input, one after the other (engine/train/gradient_buckets.h):

    a bucket leaves    when its layers' backward pass has ended, and the bucket before it has arrived
    and takes          2 · (N - 1) / N · bytes / bus bandwidth + delay        bytes: 4 a parameter, 2 in bf16
    a bucket           is closed once it has so many bytes of f32; a larger layer is one by itself.
                       A last one, hardly more than a delay, has the norms and biases

The backward pass is two thirds of a step without the optimizer's kernels, and each layer's part of it is its part of the
multiplications (bench/network_layers.py). bf16 has to be packed and unpacked: 12 bytes a parameter at the speed of the
optimizer's kernel. Not modelled: what the sums take from the kernels that run beside them.

Bus bandwidth (GB/s), as nccl-tests define it: 370 over NVLink of an H100's eight (github.com/NVIDIA/nccl-tests/issues/212), and
of a network card 0.976 of its line rate (12.2 of 100 Gbit/s, issues/29): 48.8 at 400 Gbit/s. Delay of a call: 20 us within a
machine and 10 us more for every doubling of machines, which is assumed. With --sync-batch-norm each batch norm adds two short
sums a step.
"""
import argparse
import json
import math
import pathlib

from network_layers import LAYERS

HERE = pathlib.Path(__file__).resolve().parent
BATCH_NORMS = {"resnet34": 36, "resnet50": 53, "resnetrs50": 55}
NVLINK, NETWORK_CARD = 370e9, 48.8e9  # bytes a second
GPUS_OF_MACHINE = 8
COUNTS = (2, 4, 8, 16, 64, 256, 1024)
MIB = 1 << 20
UPDATE_BYTES, PACKING_BYTES = 20, 12  # a parameter: of SGD's kernel; of f32 to bf16 and back
OPTIMIZER = ("update_kernel", "gradient_statistics_kernel", "begin_step_kernel")


def delay(gpus):
    return 20e-6 + 10e-6 * math.log2(max(1, gpus / GPUS_OF_MACHINE))


def sum_time(sent, gpus, cards):
    """Seconds that a sum of so many bytes takes; `cards`: network cards of 400 Gbit/s a machine."""
    bandwidth = NVLINK if gpus <= GPUS_OF_MACHINE else min(NVLINK, cards * NETWORK_CARD)
    return 2 * (gpus - 1) / gpus * sent / bandwidth + delay(gpus)


class Step:
    """The predicted step of one GPU."""

    def __init__(self, steps, model, batch, card):
        of_model = [s for s in steps if s["model"] == model and s["use"] == "train" and s["card"] == card]
        step = min(of_model, key=lambda s: abs(s["batch"] - batch))
        kernels = {name: 1e-3 * ms for name, _, _, ms in step["kernels"]}
        self.batch, self.seconds = step["batch"], 1e-3 * step["ms"]
        self.layers = LAYERS[model]
        self.parameters = sum(weights for weights, _ in self.layers)
        self.backward = 2 / 3 * (self.seconds - sum(kernels.get(name, 0) for name in OPTIMIZER))
        self.packing = PACKING_BYTES / UPDATE_BYTES * kernels["update_kernel"]

    def buckets(self, limit):
        """[(bytes in f32, seconds of the backward pass after which it is ready)]"""
        multiplications = sum(m for _, m in self.layers)
        buckets, size, done = [], 0, 0
        for weights, own in reversed(self.layers):
            size, done = size + 4 * weights, done + own
            if size >= limit:
                buckets.append((size, done / multiplications * self.backward))
                size = 0
        return buckets + ([(size, self.backward)] if size else []) + [(0, self.backward)]

    def wait_at_the_end(self, gpus, cards):
        """Seconds, if one sum follows the backward pass."""
        return sum_time(4 * self.parameters, gpus, cards)

    def wait(self, gpus, cards, limit, bytes_each=4):
        """Seconds, if buckets leave during the backward pass."""
        end = 0
        for size, ready in self.buckets(limit):
            end = max(end, ready) + sum_time(size * bytes_each / 4, gpus, cards)
        return max(0, end - self.backward) + (self.packing if bytes_each == 2 else 0)


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def header(*cells):
    return [row(*cells), "|---" * len(cells) + "|"]


def gpus_of(count):
    return f"{count} GPUs"


def table(steps, cards, limit):
    lines = header("network, batch of a GPU", "step of one, ms", "gradients", *map(gpus_of, COUNTS))
    for model, step in steps.items():
        ways = {"one sum at the end": lambda n: step.wait_at_the_end(n, cards),
                "buckets": lambda n: step.wait(n, cards, limit),
                "buckets, bf16": lambda n: step.wait(n, cards, limit, 2)}
        for number, (name, wait) in enumerate(ways.items()):
            first = (f"{model}, {step.batch}", f"{1e3 * step.seconds:.2f}") if number == 0 else ("", "")
            cells = [f"{1e3 * wait(n):.2f} ms, {100 * step.seconds / (step.seconds + wait(n)):.0f} %" for n in COUNTS]
            lines.append(row(*first, name, *cells))
    return lines


def bucket_table(steps):
    """What is left to wait for by the size of buckets, where it is least and most: 8 GPUs, and 64 with a card a machine."""
    sizes = (1, 4, 8, 16, 32, 64)
    lines = header("network", "GPUs", *(f"{size} MiB" for size in sizes))
    for model, step in steps.items():
        for gpus in (8, 64):
            cells = [f"{1e3 * step.wait(gpus, 1, size * MIB):.2f} ms in {len(step.buckets(size * MIB))}" for size in sizes]
            lines.append(row(model, gpus, *cells))
    return lines


def sync_table(steps):
    lines = header("network", "batch norms", *map(gpus_of, COUNTS))
    for model, norms in BATCH_NORMS.items():
        more = [2 * norms * delay(n) for n in COUNTS]
        lines.append(row(model, norms, *(f"{1e3 * m:.1f} ms, {100 * m / steps[model].seconds:.0f} %" for m in more)))
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", default="H100 SXM")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--bucket", type=float, default=8, help="MiB")
    a = parser.parse_args()
    predicted = json.loads((HERE / "results" / "predicted.json").read_text())["steps"]
    steps = {model: Step(predicted, model, a.batch, a.card) for model in LAYERS}
    for cards in (8, 1):
        print(f"{a.card}, {cards} network card{'s' if cards > 1 else ''} a machine\n")
        print("\n".join(table(steps, cards, a.bucket * MIB)) + "\n")
    print("What is left to wait for, by the size of buckets, and how many they are\n")
    print("\n".join(bucket_table(steps)) + "\n")
    print("What --sync-batch-norm adds to a step\n")
    print("\n".join(sync_table(steps)))


if __name__ == "__main__":
    main()
