"""The networks here and in PyTorch, in turns on one machine: images a second, their ratio, memory.

    python3 bench/networks.py [--program build/bin/cudenza] [--models resnet50,…] [--benches train,infer]
                              [--precisions fp32,bf16] [--batch-size 8] [--turns 3] [--device cpu] [--json results.json]

Each figure is the median of the turns; each turn is a process of its own, so that neither side inherits the other's memory.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
MODELS = "alexnet,vgg16,resnet34,resnet50,resnetrs50"


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout)
    return found[0] if isinstance(found, list) else found


def turn(a, bench, model, precision):
    common = [bench, "--model", model, "--precision", precision, "--batch-size", a.batch_size, "--image-size", a.image_size,
              "--seconds", a.seconds, "--device", a.device]
    ours = run([a.program, "bench", *common, "--json"])
    torch = run([sys.executable, HERE / "torch_networks.py", *common, *(["--compile"] if a.compile else [])])
    return ours, torch


def median_of(results, key):
    return statistics.median(r[key] for r in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--benches", default="train,infer")
    parser.add_argument("--precisions", default="fp32,bf16")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--compile", action="store_true", help="torch.compile the other side")
    parser.add_argument("--json", help="file for all figures")
    a = parser.parse_args()
    rows = []
    print(f"{'':34} {'images/s':>19}          {'process MiB':>15}")
    print(f"{'bench':6} {'model':12} {'precision':9} batch {'ours':>9} {'PyTorch':>9} {'ratio':>7} {'ours':>9} {'PyTorch':>7}")
    for bench in a.benches.split(","):
        for precision in a.precisions.split(","):
            for model in a.models.split(","):
                turns = [turn(a, bench, model, precision) for _ in range(a.turns)]
                ours, torch = ([t[side] for t in turns] for side in (0, 1))
                speed = median_of(ours, "images_per_s"), median_of(torch, "images_per_s")
                memory = [median_of(side, "process_peak_bytes") / 2**20 for side in (ours, torch)]
                print(f"{bench:6} {model:12} {precision:9} {a.batch_size:5} {speed[0]:9.2f} {speed[1]:9.2f} "
                      f"{speed[0] / speed[1]:6.2f}x {memory[0]:9.0f} {memory[1]:7.0f}", flush=True)
                rows.append({"ours": ours, "torch": torch, "ratio": speed[0] / speed[1]})
    if a.json:
        pathlib.Path(a.json).write_text(json.dumps(rows, indent=1))


main()
