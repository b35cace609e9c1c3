"""What each improvement brings on real clips: a recipe from scratch, with each improvement alone, with all of them, over seeds.

    python3 bench/improvements.py DATA --split-dir SPLITS --work FOLDER [--model alexnet] [--seeds 1,2,3] [--epochs 40]
                                  [--image-size 64] [--threads 2] [--program build/bin/cudenza]

The accuracy is that of the last epoch, which nothing was chosen by. The gain is the mean over the seeds of the difference from
the plain recipe with the same seed. Test-time augmentation is judged on the weights that all improvements together have led to.
Finished trainings are kept in FOLDER.
"""
import argparse
import json
import pathlib
import statistics

from runs import run, train, wilson
from study_peers import RATES, SOUND, is_sound

HERE = pathlib.Path(__file__).parent
TTA = 8


def improvements_of(sounds):
    """Options of `cudenza train` by name."""
    return {
        "mixup": ["--mixup", 0.4],
        "label smoothing": ["--label-smoothing", 0.1],
        "noise and cut-out": ["--noise", "--cutout"] if sounds else ["--cutout"],
        "SpecAugment": ["--specaugment"],
        "shift": ["--shift", 0.5],
        "average of the weights": ["--ema", 0.99],
        "crops, windows judged together": ["--crop", 1.5 if sounds else 0.25],
    }


def judged_with_tta(a, folder):
    """Accuracy of a run's last weights over augmented passes."""
    return json.loads(run(a.program, "eval", folder / "last.h5", a.data, "--part", "valid",
                          "--tta", TTA, "--threads", a.threads, "--quiet", "--json"))["accuracy"]


def print_row(name, accuracies, plain, clips):
    mean = statistics.mean(accuracies)
    low, high = wilson(mean, clips)
    gain = statistics.mean(x - y for x, y in zip(accuracies, plain))
    each = " ".join(f"{100 * x:.1f}" for x in accuracies)
    print(f"| {name} | {each} | {100 * mean:.1f} ({100 * low:.1f} to {100 * high:.1f}) | {100 * gain:+.1f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--split-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--model", default="alexnet")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    sounds = is_sound(a.data)
    each = improvements_of(sounds)
    together = [word for options in each.values() for word in options]
    plain, folders = [], []
    print(f"| {a.model}, {a.epochs} epochs | accuracy of each seed, % | mean (95 % interval of one run) | gain, points |")
    print("| --- | --- | --- | --- |")
    for name, options in {"plain": [], **each, "all of these": together}.items():
        results = []
        for seed in a.seeds.split(","):
            label = name.replace(" ", "_").replace(",", "")
            folder = a.work / f"{a.data.name}-{a.model}-{a.image_size}-{a.epochs}-{label}-{seed}"
            folders.append(folder)
            results.append(train(a.program, folder, a.data, "--split-dir", a.split_dir, "--model", a.model,
                                 "--recipe", "scratch", "--epochs", a.epochs, "--lr", RATES[a.model],
                                 "--image-size", a.image_size, "--batch-size", 32, "--precision", "fp32", "--seed", seed,
                                 "--threads", a.threads, *(SOUND if sounds else []), *options))
        accuracies = [result["accuracies"][-1] for result in results]
        plain = plain or accuracies
        print_row(name, accuracies, plain, results[0]["validation"])
    last = folders[-len(results):]
    print_row(f"all of these, TTA {TTA}", [judged_with_tta(a, folder) for folder in last], plain, results[0]["validation"])


main()
