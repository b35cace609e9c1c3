"""Inference on a CPU here and in ONNX Runtime, OpenVINO and PyTorch (eager, compiled), in turns: images a second, memory.

    python3 bench/inference_peers.py [--program build/bin/cudenza] [--models resnet50,…] [--batches 1,8,32] [--turns 3]
                                     [--precisions fp32,bf16,int8] [--peers openvino,…] [--threads 2] [--cache FOLDER]
                                     [--lines FILE] [--minutes 9]
    python3 bench/inference_peers.py --lines inference.jsonl --markdown

Needs from PyPI: torch torchvision timm onnx onnxscript onnxruntime openvino, and nncf for OpenVINO's int8. Pictures are of
224 x 224, weights random. Each figure is the median of the turns; each turn is a process of its own (bench/inference_peer.py),
memory is the peak of that process: compiled PyTorch's has its compiler in it. The files that engines read are made once
(bench/inference_files.py), 2.5 GB for all, in the cache folder if one is named, else in one for this run alone.
--lines adds a line of JSON a comparison to a file and leaves out those that it holds already; with --minutes no comparison is
begun, or gone on with, beyond that time (exit code 3: call again to go on). --markdown prints the table of a file's lines and
measures nothing. What fails or is missing is '-', with its reason, and does not stop the others; it is not tried again while its
line is in the file.
"""
import argparse
import contextlib
import itertools
import os
import pathlib
import sys
import tempfile
import time

from turns import LATER, Lines, OutOfTime, medians, run

HERE = pathlib.Path(__file__).parent
MODELS = "alexnet,vgg16,resnet34,resnet50,resnetrs50"
PRECISIONS = "fp32,bf16,int8"
KEYS = ("model", "batch_size", "precision", "threads")
SIDES = {"ours": "Cudenza", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "eager": "PyTorch", "compiled": "compiled"}
PEERS = ",".join(list(SIDES)[1:])
LEFT_OUT = {("onnxruntime", "bf16"): "no convolution in bf16 on CPUs (seen in 1.32)",
            ("eager", "int8"): "PyTorch is asked for fp32 and bf16",
            ("compiled", "int8"): "PyTorch is asked for fp32 and bf16"}
HEAD = ["network", "batch", "type", *SIDES.values(), "to the best", "MiB", "the best's"]
WIDTHS = [10, 5, 4, 8, 12, 8, 8, 8, 11, 5, 10]


def commands(a, unit):
    """(side, command) in the order they are run in: the files that engines read, then all sides in turn."""
    model, batch, precision, threads = unit
    sides = [side for side in ("ours", *a.peers.split(",")) if (side, precision) not in LEFT_OUT]
    what = ["--model", model, "--precision", precision]
    how = ["--batch-size", batch, "--threads", threads, "--seconds", a.seconds]
    for side in sides:
        if side in ("onnxruntime", "openvino"):
            yield side, [sys.executable, HERE / "inference_files.py", side, *what, "--cache", a.cache]
    for side in sides * a.turns:
        if side == "ours":
            yield side, [a.program, "bench", "infer", *what, *how, "--device", "cpu", "--json"]
        else:
            yield side, [sys.executable, HERE / "inference_peer.py", side, *what, *how, "--cache", a.cache]


def compared(a, unit, deadline):
    failed = {side: why for (side, precision), why in LEFT_OUT.items() if precision == unit[2] and side in a.peers.split(",")}
    results = {side: [] for side in SIDES}
    for side, command in commands(a, unit):
        if side in failed:
            continue
        try:
            results[side].append(run(command, deadline))
        except RuntimeError as error:
            failed[side] = str(error).strip().splitlines()[-1]
    speeds = {side: [r for r in found if "images_per_s" in r] for side, found in results.items() if side not in failed}
    return {"turns": a.turns, "sides": {side: medians(found) for side, found in speeds.items() if found}, "failed": failed}


def best_peer(row):
    peers = [result for side, result in row["sides"].items() if side != "ours"]
    return max(peers, key=lambda result: result["images_per_s"], default=None)


def cells(row):
    ours, best = row["sides"].get("ours"), best_peer(row)
    speeds = [f"{row['sides'][side]['images_per_s']:.1f}" if side in row["sides"] else "-" for side in SIDES]
    ratio = f"{ours['images_per_s'] / best['images_per_s']:.2f}x" if ours and best else "-"
    memory = [f"{side['process_peak_bytes'] / 2**20:.0f}" if side else "-" for side in (ours, best)]
    return [row["model"], str(row["batch_size"]), row["precision"], *speeds, ratio, *memory]


def aligned(words):
    return " ".join(f"{w:{width}}" if i in (0, 2) else f"{w:>{width}}" for i, (w, width) in enumerate(zip(words, WIDTHS)))


def reasons(rows):
    """Why a side has no figure, each once."""
    return dict.fromkeys(f"{SIDES[side]}, {row['precision']}: {why}" for row in rows for side, why in row["failed"].items())


def in_order(rows):
    models, precisions = [*MODELS.split(","), *(row["model"] for row in rows)], PRECISIONS.split(",")
    return sorted(rows, key=lambda row: (row["threads"], models.index(row["model"]), row["batch_size"],
                                         precisions.index(row["precision"])))


def print_markdown(rows):
    versions = dict.fromkeys(f"{'PyTorch' if side == 'compiled' else SIDES[side]} {result['version']}" for row in rows
                             for side, result in row["sides"].items() if side != "ours")
    turns, threads = ("/".join(map(str, sorted({row[k] for row in rows}))) for k in ("turns", "threads"))
    print(f"Images of 224 x 224 a second, {threads} threads, medians of {turns} turns; {', '.join(versions)}.\n")
    print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
    for row in in_order(rows):
        print(f"| {' | '.join(cells(row))} |")
    if reasons(rows):
        print("\n" + "\n".join(f"- {text}" for text in reasons(rows)))


def measure(a, lines, deadline):
    missing, said = False, set()
    print(aligned(HEAD), flush=True)
    for unit in itertools.product(a.models.split(","), map(int, a.batches.split(",")), a.precisions.split(","), [a.threads]):
        row = lines.kept(unit, lambda: compared(a, unit, deadline))
        print(aligned(cells(row)), flush=True)
        for text in reasons([row]):
            if text not in said:
                print(f"  - {text}", file=sys.stderr, flush=True)
            said.add(text)
        missing = missing or "ours" not in row["sides"]
    return 1 if missing else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--batches", default="1,8,32")
    parser.add_argument("--precisions", default=PRECISIONS)
    parser.add_argument("--peers", default=PEERS)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of every side")
    parser.add_argument("--seconds", type=float, default=3, help="of a turn of one side")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--cache", type=pathlib.Path, help="folder of the files that the engines read")
    parser.add_argument("--lines", type=pathlib.Path, help="file of all figures, a line of JSON a comparison")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main():
    a = arguments()
    deadline = time.monotonic() + 60 * a.minutes
    lines = Lines(a.lines, KEYS)
    if a.markdown:
        return print_markdown(list(lines.rows.values()))
    with contextlib.ExitStack() as stack:
        a.cache = a.cache or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            return measure(a, lines, deadline)
        except OutOfTime:
            print("out of time: call again to go on", file=sys.stderr)
            return LATER


sys.exit(main())
