"""What each improvement brings on real clips: a recipe from scratch, with each improvement alone, with all of them, over seeds.

    python3 bench/improvements.py DATA --split-dir SPLITS --work FOLDER [--model alexnet] [--seeds 1,2,3] [--epochs 40]
                                  [--image-size 64] [--device cuda] [--jobs 4] [--program build/bin/cudenza]

The accuracy is that of the last epoch, which nothing was chosen by. The gain is the mean over the seeds of the difference from
the plain recipe with the same seed. Test-time augmentation is judged on the weights that all improvements together have led to.
Finished trainings are kept in FOLDER.
"""
import concurrent.futures
import json
import statistics

from runs import is_sound, parser_of, run, train_from_scratch, wilson

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


def folder_of(a, name, seed):
    label = name.replace(" ", "_").replace(",", "")
    return a.work / f"{a.data.name}-{a.model}-{a.image_size}-{a.epochs}-{label}-{seed}"


def judged_with_tta(a, folder):
    """Accuracy of a run's last weights over augmented passes."""
    return json.loads(run(a.program, "eval", folder / "last.h5", a.data, "--part", "valid",
                          "--tta", TTA, "--device", a.device, "--threads", a.threads, "--quiet", "--json"))["accuracy"]


def print_row(name, accuracies, plain, clips):
    mean = statistics.mean(accuracies)
    low, high = wilson(mean, clips)
    gain = statistics.mean(x - y for x, y in zip(accuracies, plain))
    each = " ".join(f"{100 * x:.1f}" for x in accuracies)
    print(f"| {name} | {each} | {100 * mean:.1f} ({100 * low:.1f} to {100 * high:.1f}) | {100 * gain:+.1f} |", flush=True)


def main():
    parser = parser_of(__doc__, seeds=["1", "2", "3"], epochs=40, image_size=64)
    parser.add_argument("--model", default="alexnet")
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    each = improvements_of(is_sound(a.data))
    together = [word for options in each.values() for word in options]
    recipes = {"plain": [], **each, "all of these": together}
    plain, trainings = None, {}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for name, options in recipes.items():
            for seed in a.seeds:
                trainings[name, seed] = pool.submit(train_from_scratch, a, a.model, seed, folder_of(a, name, seed), *options)
        print(f"| {a.model}, {a.epochs} epochs | accuracy of each seed, % | mean (95 % interval of one run) | gain, points |")
        print("| --- | --- | --- | --- |")
        for name in recipes:
            results = [trainings[name, seed].result() for seed in a.seeds]
            accuracies, clips = [result["accuracies"][-1] for result in results], results[0]["validation"]
            plain = plain or accuracies
            print_row(name, accuracies, plain, clips)
    judged = [judged_with_tta(a, folder_of(a, "all of these", seed)) for seed in a.seeds]
    print_row(f"all of these, TTA {TTA}", judged, plain, clips)


main()
