"""Trainings that comparisons are made of: each is run once, kept, and taken up where it was stopped; and how sure one may be of
an accuracy. For the scripts beside this file."""
import csv
import math
import pathlib
import subprocess
import sys


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
