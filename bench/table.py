"""A Markdown table from what `./run bench --benchmark_out=FILE --benchmark_out_format=json` left in FILE.

    python3 bench/table.py FILE > bench/results/NAME.md
"""
import json
import sys

report = json.load(open(sys.argv[1]))
context = report["context"]
print(f"{context['date'][:10]}, {context['num_cpus']} cores at {context['mhz_per_cpu']} MHz")
for what in ("cpu_copy", "cpu_read", "cpu_write", "gpu_copy"):
    if f"{what}_gb_per_s" in context:
        print(f"{what.replace('_', ' ')}: {context[f'{what}_gb_per_s']} GB/s")
print("\n| op | pass | device | type | ms | GB/s | share of copy | of what memory allows | GFLOP/s |\n" + "|---" * 9 + "|")


def percent(run, field):
    return f"{100 * run[field]:.0f} %" if field in run else ""


for run in report["benchmarks"]:
    if "error_occurred" in run or "ms" not in run:  # sound is counted in clips
        continue
    family, variant, step, device, dtype = run["name"].split("/")[:5]
    gflops = f"{run['gflop_per_s']:.0f}" if "gflop_per_s" in run else ""
    rate = f"{run['gb_per_s']:.1f}" if "gb_per_s" in run else ""
    shares = f"{percent(run, 'share_of_copy')} | {percent(run, 'share_of_memory')}"
    print(f"| {family}/{variant} | {step} | {device} | {dtype} | {run['ms']:.3f} | {rate} | {shares} | {gflops} |")
