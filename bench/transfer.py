#!/usr/bin/env python3
"""Does a model trained here help the next task? Pretrains on five genres, trains on the other five from there and from scratch.

    python3 bench/transfer.py [--program build/bin/cudenza] [--data ../shared/data/gtzan-pictures]
                              [--splits ../shared/data/splits] [--model resnet34] [--pretrain-epochs 40]
                              [--epochs 10,20] [--seeds 3] [--both-ways]
                              [--image-size 128] [--batch-size 32] [--jobs 1] [--out transfer] [-- OPTIONS of cudenza train]

The fault-filtered lists, of the genres of each half alone. For each number of epochs three ways to the second half's task:

    scratch      random weights, one-cycle
    one-cycle    `--weights PRETRAINED/best.h5`: the body kept, the head new; otherwise as scratch
    fine-tune    the same weights by fastai's fine_tune: one epoch of the head alone, then the rest of the epochs

The accuracy is that of the last epoch, which nothing was chosen by; best.h5 of the pretraining was chosen by the first half's
validation clips, none of which stands in the second half. Prints a table in Markdown: the mean over the seeds with the Wilson
interval of one run, each seed's figure, and the share of seeds in which each way beat scratch. Runs that are finished are not
run again.
"""
import argparse
import concurrent.futures
import pathlib
import statistics

from runs import HERE, train, wilson

WAYS = ("scratch", "one-cycle", "fine-tune")


def halves_of(a):
    genres = sorted(path.name for path in a.data.iterdir() if path.is_dir())
    half = len(genres) // 2
    return genres[:half], genres[half:]


def write_list(a, genres, path):
    """A CSV of these genres' pictures, by the lists of training and validation."""
    lines = ["path,label,split"]
    for split in ("train", "valid"):
        for text in a.splits.glob(f"{split}*.txt"):
            for line in text.read_text().split():
                picture = (a.data / line).with_suffix(".png")
                if picture.parent.name in genres and picture.exists():
                    lines.append(f"{picture.resolve()},{picture.parent.name},{split}")
    path.write_text("\n".join(lines) + "\n")
    return path


def train_on(a, data, folder, seed, options):
    return train(a.program, folder, data, "--split", "column", "--model", a.model, "--image-size", a.image_size,
                 "--batch-size", a.batch_size, "--seed", seed, *options, *a.options)


def options_of(way, pretrained, epochs):
    if way == "scratch":
        return ["--recipe", "scratch", "--epochs", epochs]
    weights = ["--weights", pretrained / "best.h5"]
    if way == "one-cycle":
        return ["--recipe", "scratch", "--epochs", epochs, *weights]
    return ["--recipe", "study", "--freeze-epochs", 1, "--epochs", epochs - 1, *weights]


def trained_with(a, seed, lists, name):
    """The trainings of one seed, by (epochs, way)."""
    pretrained = a.out / f"{name}-pretrained-{seed}"
    train_on(a, lists["first"], pretrained, seed, ["--recipe", "scratch", "--epochs", a.pretrain_epochs])
    results = {}
    for epochs in a.epochs:
        for way in WAYS:
            run = a.out / f"{name}-{way}-{epochs}-{seed}"
            result = train_on(a, lists["second"], run, seed, options_of(way, pretrained, epochs))
            assert len(result["accuracies"]) == epochs, f"{run}: {len(result['accuracies'])} epochs, not {epochs}"
            results[epochs, way] = result
    return results


def compare(a, first, second, name):
    """Accuracies of the last epoch, by (epochs, way), one a seed; and how many clips they were judged on."""
    lists = {half: write_list(a, genres, a.out / f"{name}-{half}.csv") for half, genres in (("first", first), ("second", second))}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        of_seeds = list(pool.map(lambda seed: trained_with(a, seed, lists, name), range(1, a.seeds + 1)))
    results = [result for of_seed in of_seeds for result in of_seed.values()]
    seconds, clips = [s for result in results for s in result["seconds"]], results[0]["validation"]
    found = {what: [of_seed[what]["accuracies"][-1] for of_seed in of_seeds] for what in of_seeds[0]}
    print(f"\nFrom {', '.join(first)} to {', '.join(second)}: {clips} validation clips, "
          f"{statistics.median(seconds):.1f} s an epoch (median)\n")
    return found, clips


def print_table(a, found, clips):
    print(f"| {a.model}, pretrained for {a.pretrain_epochs} epochs | epochs | accuracy (95 % interval of one run) | of each seed "
          "| better than scratch |")
    print("|---|---|---|---|---|")
    for (epochs, way), accuracies in found.items():
        mean = statistics.mean(accuracies)
        low, high = wilson(mean, clips)
        seeds = " ".join(f"{100 * value:.1f}" for value in accuracies)
        scratch = found[epochs, "scratch"]
        better = "" if way == "scratch" else f"{sum(x > y for x, y in zip(accuracies, scratch))} of {len(scratch)}"
        print(f"| {way} | {epochs} | {100 * mean:.1f} % ({100 * low:.1f} to {100 * high:.1f}) | {seeds} | {better} |", flush=True)


def main():
    shared = HERE.parents[1] / "shared/data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--data", type=pathlib.Path, default=shared / "gtzan-pictures")
    parser.add_argument("--splits", type=pathlib.Path, default=shared / "splits")
    parser.add_argument("--model", default="resnet34")
    parser.add_argument("--pretrain-epochs", type=int, default=40)
    parser.add_argument("--epochs", type=lambda text: [int(word) for word in text.split(",")], default=[10, 20])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--both-ways", action="store_true", help="then the other way round too")
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--jobs", type=int, default=1, help="seeds at a time")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("transfer"))
    parser.add_argument("options", nargs="*", help="further options for every run, after --")
    a = parser.parse_args()
    if min(a.epochs) < 2:
        parser.error("--epochs: fine-tuning needs two at least, one of them the head's")
    a.out.mkdir(parents=True, exist_ok=True)
    first, second = halves_of(a)
    print_table(a, *compare(a, first, second, "there"))
    if a.both_ways:
        print_table(a, *compare(a, second, first, "back"))


main()
