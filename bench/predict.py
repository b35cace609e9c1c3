#!/usr/bin/env python3
"""How long a step of each network should take on a GPU, said before one has seen it: bench/results/predicted.md, .json and .csv.

    python3 bench/predict.py [--step build/bin/cudenza_step] [--steps FOLDER] [--out bench/results/predicted]

`cudenza_step` runs every launch of a step on the host at its real size and counts what passes between chip and memory
(kernels/simt/profiler.h), and what cuDNN and cuBLAS are asked. From that:

    time of a kernel of ours = its bytes / (share of copy · copy speed) + start
    time of a library call   = max(bytes / copy speed, FLOP / peak) / efficiency + start
    bytes of a convolution   = x, w, y, residual, and twice the workspace of the engine that cuDNN takes on that card

The engine is cuDNN's own answer, which it gives without a card (`cudnn_plans --ask`). A forward pass for whose epilogue it has
none is followed by a pass of ours over y.

What these need comes from single kernels measured on one H100 (bench/results/h100.json) and from nothing else: the share of copy
is the median of our kernels that move more than 50 MB, the start is what the shortest kernel takes, the efficiency is the
convolution's own where it was measured, else the median of its kind (pass, 1x1 or larger, bound by memory or arithmetic; first
layers left out). A card adds its speed of memory and its peak; copying reaches the share of it that it reaches on the H100. Not
modelled: kernels too small to fill a card, caches between launches, clocks. FOLDER keeps what cudenza_step said, so that it is
asked once.
"""
import argparse
import collections
import json
import pathlib
import re
import statistics
import subprocess

from conv_plans import Plans, bytes_of, sizes

HERE = pathlib.Path(__file__).resolve().parent
# Compute capability; GB/s of memory and dense TFLOP/s of f16 with f32 sums, as NVIDIA's data sheets have them.
CARDS = {"A100 80GB": (80, 2039, 312), "RTX 4090": (89, 1008, 165), "H100 SXM": (90, 3350, 989), "H200 SXM": (90, 4800, 989),
         "B200": (100, 8000, 2250)}
MEASURED_ON = "H100 SXM"
NETWORKS = ("alexnet", "vgg16", "resnet34", "resnet50", "resnetrs50")
STEPS = [(model, use, batch) for model in NETWORKS  # those of ./run gpu-check
         for use, batch in (("train", 128 if model == "alexnet" else 256), ("infer", 256), ("infer", 1))]
STEPS.insert(3, ("vgg16", "train", 64))  # as on the H100
GRAPHS = {"forward": "forward", "forward+stats": "forward with sums", "forward+bias+residual+relu": "forward with bias",
          "backward_data": "backward data", "backward_weights": "backward weights"}


# --- what was measured

def measured_convolutions(h100):
    """[((use, shape, residual), row of h100.json)]"""
    rows = [row for row in h100["convolutions"] if row["graph"] in GRAPHS]
    uses = [GRAPHS[row["graph"]] for row in rows]
    return [((use, row["convolution"].split(" ", 1)[1], use == "forward with bias"), row) for use, row in zip(uses, rows)]


class Calibration:
    """Rates of an H100, from h100.json's single kernels."""

    def __init__(self, h100, plans):
        self.copy = 1e9 * max(h100["copy_gb_per_s"])  # bytes a second
        self.peak = 1e12 * CARDS[MEASURED_ON][2]
        kernels = [row for rows in h100["training_step_resnet50_f16_256"].values() for row in rows
                   if row["kernel"].endswith("_kernel")]
        large = [row for row in kernels if row["gb"] > 0.05 * row["launches"]]
        self.share = statistics.median(1e12 * row["gb"] / row["ms"] for row in large) / self.copy
        self.start = min(1e-3 * row["ms"] / row["launches"] for row in kernels)
        self.own, kinds = {}, collections.defaultdict(list)
        for call, row in measured_convolutions(h100):
            use, shape, _ = call
            moved = bytes_of(shape, use) + plans.workspace_traffic(CARDS[MEASURED_ON][0], call)
            efficiency = self.floor(moved, sizes(shape)[3], self.copy, self.peak) / (1e-3 * row["first_ms"] - self.start)
            self.own[(use, shape)] = efficiency
            if not row["convolution"].startswith("stem"):
                kinds[self.kind(use, shape)].append(efficiency)
        self.kinds = {kind: statistics.median(found) for kind, found in kinds.items()}
        self.median = statistics.median(self.own.values())

    def floor(self, moved, flops, copy, peak):
        return max(moved / copy, flops / peak)

    def kind(self, use, shape):
        bound = "arithmetic" if sizes(shape)[3] / self.peak > bytes_of(shape, use) / self.copy else "memory"
        return use, re.search(r"w\[\d+,(\d+),", shape)[1] == "1", bound

    def efficiency(self, what):
        """Of a library call: floor / time."""
        if not what.startswith("conv2d"):
            return self.median
        use, shape = split_text(what)
        kind = self.kind(use, shape)
        return self.own.get((use, shape)) or self.kinds.get(kind) or self.kinds.get((use, not kind[1], kind[2])) or self.median


# --- what a step takes

def asked(a, model, use, batch):
    """What cudenza_step says."""
    file = a.steps / f"{model}-{use}-{batch}.json"
    if not file.exists():
        words = [a.step, "--model", model, "--batch-size", str(batch)] + (["--infer"] if use == "infer" else [])
        file.write_text(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return json.loads(file.read_text())


def split_text(what):
    """use, shape of a convolution that cudenza_step names."""
    return what.removeprefix("conv2d ").split(", ", 1)


def conv_call(call):
    """(use, shape, residual) of a convolution in what cudenza_step said."""
    use, shape = split_text(call["what"])
    x, w, y, _ = sizes(shape)
    return use, shape, use == "forward with bias" and call["bytes_read"] == 2 * (x + w + y)


def bare(kernel):
    return kernel.split("<")[0]


def predicted(step, rates, plans, card):
    """Rows of (kernel, launches, GB, ms) on a card."""
    sm, memory, peak = CARDS[card]
    copy = rates.copy * memory / CARDS[MEASURED_ON][1]
    rows = collections.defaultdict(lambda: [0, 0.0, 0.0])

    def add(name, launches, moved, seconds):
        for i, value in enumerate((launches, moved / 1e9, 1e3 * seconds)):
            rows[name][i] += value

    for k in step["kernels"]:
        moved = k["bytes_read"] + k["bytes_written"]
        add(bare(k["kernel"]), k["launches"], moved, moved / (rates.share * copy) + k["launches"] * rates.start)
    for call in step["libraries"]:
        moved = call["bytes_read"] + call["bytes_written"]
        if call["what"].startswith("conv2d"):
            conv = conv_call(call)
            moved += plans.workspace_traffic(sm, conv)
            if plans.engine(sm, conv) is None:  # then a pass of ours follows, which reads y and writes it
                behind = 2 * call["bytes_written"]
                add("behind convolutions", call["calls"], call["calls"] * behind,
                    call["calls"] * (behind / (rates.share * copy) + rates.start))
        once = rates.floor(moved, call["flops"], copy, 1e12 * peak) / rates.efficiency(call["what"]) + rates.start
        add(call["what"].split(",")[0], call["calls"], call["calls"] * moved, call["calls"] * once)
    return sorted(([name, *numbers] for name, numbers in rows.items()), key=lambda row: -row[3])


def total(rows):
    return sum(row[3] for row in rows)


# --- what is written

def beside_measured(h100, rows):
    """The step of ResNet50 that was measured kernel by kernel, beside what is said of it."""
    groups = {"convolutions and matrix products": lambda name: name.startswith(("cuDNN", "matrix", "other", "conv2d", "gemm"))}
    measured = h100["training_step_resnet50_f16_256"]["7b408b5"]
    names = ["convolutions and matrix products", "apply_kernel", "backward_apply_kernel", "backward_reduce_kernel",
             "pool_forward_kernel", "pool_backward_kernel", "update_kernel", "statistics_kernel", "accumulate_kernel"]

    def sum_of(table, name):
        belongs = groups.get(name, lambda other: other == name)
        found = [row for row in table if belongs(row[0])]
        return [sum(row[i] for row in found) for i in (1, 2, 3)]

    table = [[row["kernel"], row["launches"], row["gb"], row["ms"]] for row in measured]
    text = ["| ResNet50, f16, batch 256 | GB said | GB measured | ms said | ms measured |", "|---|---|---|---|---|"]
    for name in names:
        said, seen = sum_of(rows, name), sum_of(table, name)
        text.append(f"| {name} | {said[1]:.2f} | {seen[1]:.2f} | {said[2]:.2f} | {seen[2]:.2f} |")
    said, seen = [sum(row[i] for row in rows) for i in (2, 3)], [sum(row[i] for row in table) for i in (2, 3)]
    text.append(f"| whole | {said[0]:.1f} | {seen[0]:.1f} | {said[1]:.1f} | {seen[1]:.1f} |")
    return text


def networks_table(steps, rates, plans):
    text = ["| network | | batch | GB | " + " | ".join(CARDS) + " |", "|---" * (4 + len(CARDS)) + "|"]
    for (model, use, batch), step in steps.items():
        moved = sum(row[2] for row in predicted(step, rates, plans, MEASURED_ON))
        times = [total(predicted(step, rates, plans, card)) for card in CARDS]
        cells = [f"{ms:.2f} ms, {1e3 * batch / ms:,.0f}" for ms in times]
        what = "training" if use == "train" else "inference"
        text.append(f"| {model} | {what} | {batch} | {moved:.2f} | " + " | ".join(cells) + " |")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=pathlib.Path, default=HERE.parent / "build" / "bin" / "cudenza_step")
    parser.add_argument("--plans", type=pathlib.Path, default=HERE.parent / "build" / "bin" / "cudnn_plans")
    parser.add_argument("--steps", type=pathlib.Path, default=pathlib.Path("steps"))
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results" / "predicted")
    a = parser.parse_args()
    a.steps.mkdir(parents=True, exist_ok=True)
    h100 = json.loads((HERE / "results" / "h100.json").read_text())
    steps = {key: asked(a, *key) for key in STEPS}
    calls = [conv_call(call) for step in steps.values() for call in step["libraries"] if call["what"].startswith("conv2d")]
    plans = Plans(a.plans, calls + [call for call, _ in measured_convolutions(h100)])
    rates = Calibration(h100, plans)
    main_step = predicted(steps[("resnet50", "train", 256)], rates, plans, MEASURED_ON)
    seen = {(row["bench"], row["model"], row["batch"]): row["images_per_s"] for row in h100["networks"]
            if row["who"].startswith("Cudenza") and row["precision"] == "f16"}
    check = ["| on the H100 | images a second said | measured | said / measured |", "|---|---|---|---|"]
    for (use, model, batch), rate in seen.items():
        if (model, use, batch) in steps:
            said = 1e3 * batch / total(predicted(steps[(model, use, batch)], rates, plans, MEASURED_ON))
            check.append(f"| {model}, {use}, batch {batch} | {said:,.0f} | {rate:,.0f} | {said / rate:.2f} |")
    facts = [f"share of copy {rates.share:.3f}", f"start {1e6 * rates.start:.1f} us"]
    facts += [f"{use}, {'1x1' if one else 'larger'}, {bound}: {value:.2f}"
              for (use, one, bound), value in sorted(rates.kinds.items())]
    rows = []
    for (model, use, batch), step in steps.items():
        for card in CARDS:
            word, rate = re.search("[A-Z]?[0-9]{3,}", card)[0], 1e3 * batch / total(predicted(step, rates, plans, card))
            rows.append(f"{word},{model},{use},{batch},fp16,{rate:.1f}")
    a.out.with_suffix(".csv").write_text("\n".join(["card,model,use,batch,precision,images_per_s", *rows]) + "\n")
    lines = [json.dumps({"model": model, "use": use, "batch": batch, "precision": "fp16", "card": card,
                         "ms": round(total(kernels), 4),
                         "kernels": [[name, n, round(gb, 3), round(ms, 4)] for name, n, gb, ms in kernels]})
             for (model, use, batch), step in steps.items() for card in CARDS
             for kernels in [predicted(step, rates, plans, card)]]
    lines_of_plans = [json.dumps({"convolution": f"{use}{' and residual' if residual else ''}, {shape}", **plans.of[call]})
                      for call in sorted(set(calls)) for use, shape, residual in [call]]
    facts_of_card = json.dumps({"share_of_copy": round(rates.share, 4), "start_us": round(1e6 * rates.start, 2)})
    a.out.with_suffix(".json").write_text(f'{{"calibration": {facts_of_card},\n"steps": [\n' + ",\n".join(lines)
                                    + '\n],\n"plans": [\n' + ",\n".join(lines_of_plans) + "\n]}\n")
    print("\n".join([*facts, "", *beside_measured(h100, main_step), "", *check, "", *networks_table(steps, rates, plans)]))


if __name__ == "__main__":
    main()
