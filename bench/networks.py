"""The networks here and in PyTorch, in turns on one machine: images a second, their ratio, memory.

    python3 bench/networks.py [--program build/bin/cudenza] [--models resnet50,…] [--benches train,infer] [--variants eager,…]
                              [--precisions fp32,bf16] [--batch-size 8] [--turns 3] [--device cpu] [--lines FILE] [--minutes 9]
    python3 bench/networks.py --goals --device cuda --lines networks.jsonl --minutes 9

Each figure is the median of the turns; each turn is a process of its own, so that neither side inherits the other's memory.
--lines adds a line of JSON a comparison to a file and leaves out those that it holds already; with --minutes no comparison is
begun, or gone on with, beyond that time (exit code 3: call again to go on). --goals: what the goals for a GPU ask for.
"""
import argparse
import pathlib
import sys
import time

from turns import LATER, Lines, OutOfTime, medians, run

HERE = pathlib.Path(__file__).parent
MODELS = "alexnet,vgg16,resnet34,resnet50,resnetrs50"
KEYS = ("bench", "model", "precision", "batch_size", "variant")


def goals():
    """(bench, model, precision, batch, variant), what counts most first."""
    for variant in ("eager", "graphs", "max-autotune"):
        for precision in ("fp16", "bf16"):
            yield "train", "resnet50", precision, 256, variant
    for model, batch in (("resnet34", 256), ("resnetrs50", 256), ("vgg16", 256), ("alexnet", 128)):
        for precision in ("fp16", "bf16"):
            yield "train", model, precision, batch, "eager"
    for batch in (256, 1):
        for variant in ("eager", "graphs", "max-autotune"):
            yield "infer", "resnet50", "fp16", batch, variant


def chosen(a):
    for bench in a.benches.split(","):
        for precision in a.precisions.split(","):
            for model in a.models.split(","):
                for variant in a.variants.split(","):
                    yield bench, model, precision, a.batch_size, variant


def turn(a, unit, deadline):
    bench, model, precision, batch, variant = unit
    common = [bench, "--model", model, "--precision", precision, "--batch-size", batch, "--image-size", a.image_size,
              "--seconds", a.seconds, "--device", a.device]
    autotune = ["--autotune"] if bench == "train" and a.device == "cuda" else []  # PyTorch has cudnn.benchmark
    ours = run([a.program, "bench", *common, *autotune, "--json"], deadline)
    return ours, run([sys.executable, HERE / "torch_networks.py", *common, "--variant", variant], deadline)


def compared(a, unit, deadline):
    turns = [turn(a, unit, deadline) for _ in range(a.turns)]
    ours, torch = (medians([t[side] for t in turns]) for side in (0, 1))
    return {"turns": a.turns, "ratio": ours["images_per_s"] / torch["images_per_s"], "ours": ours, "torch": torch}


def show(row, field):
    mib = [(side[field] or 0) / 2**20 for side in (row["ours"], row["torch"])]
    speed = [side["images_per_s"] for side in (row["ours"], row["torch"])]
    print(f"{row['bench']:6} {row['model']:12} {row['precision']:9} {row['variant']:12} {row['batch_size']:5} "
          f"{speed[0]:9.2f} {speed[1]:9.2f} {row['ratio']:6.2f}x {mib[0]:9.0f} {mib[1]:7.0f}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--goals", action="store_true")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--benches", default="train,infer")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--variants", default="eager", help="of PyTorch: eager, compile, max-autotune, graphs")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--lines", type=pathlib.Path, help="file of all figures, a line of JSON a comparison")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    return parser.parse_args()


def main():
    a = arguments()
    deadline = time.monotonic() + 60 * a.minutes
    lines = Lines(a.lines, KEYS)
    memory = "peak_bytes" if a.device == "cuda" else "process_peak_bytes"
    print(f"{'bench':6} {'model':12} {'precision':9} {'PyTorch is':12} batch   ours/s PyTorch/s   ratio  ours MiB PyTorch",
          flush=True)
    failed = False
    for unit in goals() if a.goals else chosen(a):
        try:
            row = lines.kept(unit, lambda: compared(a, unit, deadline))
        except OutOfTime:
            print("out of time: call again to go on", file=sys.stderr)
            return LATER
        except RuntimeError as error:  # one that fails (no memory, no compiler) does not stop the others
            print(error, file=sys.stderr)
            failed = True
            continue
        show(row, memory)
    return 1 if failed else 0


sys.exit(main())
