"""Trainings that comparisons are made of: each is run once, kept, and taken up where it was stopped; and how sure one may be of
an accuracy. For the scripts beside this file."""
import argparse
import csv
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RATES = {"alexnet": 3e-4, "vgg16": 1e-4, "vgg16_bn": 1e-3, "resnet34": 3e-3, "resnet50": 3e-3, "resnetrs50": 3e-3}
SOUND = ["--clip", "3", "--sample-rate", "22050"]


def wilson(share, count, z=1.959964):
    """95 % interval of a proportion that was found in `count` trials."""
    centre, half = share + z * z / (2 * count), z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (centre - half) / (1 + z * z / count), (centre + half) / (1 + z * z / count)


def run(*command):
    """What the command prints; ends the script where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def train(program, folder, *words):
    """`cudenza train WORDS --out FOLDER`, or what is left of it: accuracies and seconds of its epochs, numbers of files."""
    folder = pathlib.Path(folder)
    if not (folder / "model_card.json").exists():
        start = ("--resume", folder) if (folder / "last.h5").exists() else (*words, "--out", folder)
        run(program, "train", *start, "--quiet")
    epochs, splits = rows_of(folder / "history.csv"), [row["split"] for row in rows_of(folder / "splits.csv")]
    return {"accuracies": [float(row["accuracy"]) for row in epochs], "seconds": [float(row["time"]) for row in epochs],
            "training": splits.count("train"), "validation": splits.count("valid")}


def is_sound(data):
    return not any(data.glob("*/*.png"))


def parser_of(doc, **defaults):
    """Arguments of a script that trains on real clips from scratch; `defaults` of those that each sets by itself."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--split-dir", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--program", default=HERE.parent / "build/bin/cudenza")
    parser.add_argument("--seeds", type=lambda text: text.split(","))
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--image-size", type=int)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    parser.set_defaults(**defaults)
    return parser


def train_from_scratch(a, model, seed, folder, *options):
    """train() by the recipe that bench/torch_study.py has too."""
    return train(a.program, folder, a.data, "--split-dir", a.split_dir, "--model", model, "--recipe", "scratch",
                 "--epochs", a.epochs, "--lr", RATES[model], "--image-size", a.image_size, "--batch-size", 32,
                 "--precision", "fp32", "--device", a.device, "--seed", seed, "--threads", a.threads,
                 *(SOUND if is_sound(a.data) else []), *options)
