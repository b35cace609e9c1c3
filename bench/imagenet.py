#!/usr/bin/env python3
"""What ImageNet's weights bring to pictures of sound: VGG16 by several recipes, and linear models on its frozen features.

    python3 bench/imagenet.py [--program build/bin/cudenza] [--data ../shared/data/gtzan-pictures]
                              [--splits ../shared/data/splits] [--weights ../shared/data/imagenet/vgg16-conv-imagenet.pth]
                              [--seeds 3] [--ways 'transfer;study;…'] [--splits-of fault-filtered,random] [--out imagenet]
                              [--torch] [--frozen] [-- OPTIONS of cudenza train]

By the fault-filtered lists, and by random splits (seeds 1, 2, …). The ways: `transfer` and `study` are the recipes from
ImageNet's weights, `scratch` begins without; the others change one thing. Two accuracies of validation: of the last epoch, which
nothing was chosen by, and of the best, which these clips chose. Runs that are finished are not run again.
--torch: `transfer` again, in PyTorch and numpy (bench/torch_transfer.py), on the same files.
--frozen: logistic regression (scikit-learn) on features of PyTorch's VGG16, 224 x 224, averaged over the picture after each
block, standardised. Both need torch and torchvision, scikit-learn and Pillow.
"""
import argparse
import json
import pathlib
import statistics
import sys

from runs import HERE, run, train, wilson

TRAINED = ["--recipe", "transfer", "--freeze-epochs", 20, "--epochs", 20, "--lr", 1e-4, "--draws", 8]
WAYS = {
    "transfer": ["--recipe", "transfer"],
    "study": ["--recipe", "study", "--batch-size", 32],
    "scratch": ["--recipe", "scratch"],
    "transfer, whole pictures": ["--recipe", "transfer", "--parts", 1],
    "transfer, 224 x 224": ["--recipe", "transfer", "--parts", 1, "--image-size", 224],
    "transfer, TTA 8": ["--recipe", "transfer", "--tta", 8],
    # The head of `transfer` is trained for 20 more epochs on eight draws of each clip, so that there is something to improve.
    "trained": TRAINED,
    "trained, no mixup": [*TRAINED, "--mixup", 0],
    "trained, no average": [*TRAINED, "--ema", 0],
    "trained, masks": [*TRAINED, "--cutout", "--specaugment"],
    "trained, label smoothing": [*TRAINED, "--label-smoothing", 0.1],
    "tuned": ["--recipe", "transfer", "--frozen-stages", 4, "--tuning-lr", 3e-5, "--epochs", 4, "--draws", 4],
}


def splits(a):
    """Name, and the options of a seed."""
    of = {"fault-filtered": lambda seed: ["--split-dir", a.splits, "--seed", seed],
          "random": lambda seed: ["--split", "random:0.2", "--seed", seed]}
    return [(name, of[name]) for name in a.splits_of.split(",")]


def folder_of(a, way, split, seed):
    return a.out / f"{way.replace(', ', '-').replace(' ', '-')}-{split}-{seed}"


def recipes_table(a):
    print("| way | split | last epoch, each seed | mean | 95 % interval of one run | best epoch, mean | minutes |")
    print("|---" * 7 + "|")
    for way in a.ways.split(";"):
        weights = [] if way == "scratch" else ["--weights", a.weights]
        for split, options in splits(a):
            runs = []
            for seed in range(1, a.seeds + 1):
                words = ["--model", "vgg16", *weights, *WAYS[way], *options(seed), *a.options]
                runs.append(train(a.program, folder_of(a, way, split, seed), a.data, *words))
            last, best = [run["accuracies"][-1] for run in runs], [max(run["accuracies"]) for run in runs]
            low, high = wilson(statistics.median(last), runs[0]["validation"])
            minutes = statistics.median(sum(run["seconds"]) for run in runs) / 60
            print(f"| {way} | {split} | {' '.join(f'{100 * x:.1f}' for x in last)} | {100 * statistics.mean(last):.1f} % "
                  f"| {100 * low:.1f} to {100 * high:.1f} | {100 * statistics.mean(best):.1f} % | {minutes:.1f} |", flush=True)


def torch_table(a):
    print("\n| transfer in PyTorch | each seed | mean | minutes |\n|---|---|---|---|")
    for split, _ in splits(a):
        rows = []
        for seed in range(1, a.seeds + 1):
            lists = folder_of(a, "transfer", split, seed) / "splits.csv"
            rows.append(json.loads(run(sys.executable, HERE / "torch_transfer.py", "--splits", lists, "--data", a.data,
                                       "--weights", a.weights)))
        accuracies = [100 * row["accuracy"] for row in rows]
        minutes = statistics.median(row["seconds"] for row in rows) / 60
        print(f"| {split} | {' '.join(f'{x:.1f}' for x in accuracies)} | {statistics.mean(accuracies):.1f} % | {minutes:.1f} |",
              flush=True)


def frozen_table(a):
    import numpy
    import torch
    import torchvision
    from PIL import Image
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = torchvision.models.vgg16().features.eval()
    network.load_state_dict({name.removeprefix("features."): tensor for name, tensor in torch.load(a.weights).items()})
    files = sorted(a.data.glob("*/*.png"))
    labels = numpy.array([file.parent.name for file in files])
    features = {block: [] for block in range(1, 6)}
    with torch.inference_mode():
        for file in files:
            pixels = numpy.array(Image.open(file).convert("RGB"))
            inner = (pixels < 250).any(2)  # the white border
            rows, columns = numpy.where(inner.mean(1) > 0.5)[0], numpy.where(inner.mean(0) > 0.5)[0]
            picture = Image.fromarray(pixels[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]).resize((224, 224), Image.BILINEAR)
            x = torchvision.transforms.functional.to_tensor(picture)
            x = torchvision.transforms.functional.normalize(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))[None]
            block = 0
            for layer in network:
                x = layer(x)
                if isinstance(layer, torch.nn.MaxPool2d):
                    block += 1
                    features[block].append(x.mean((0, 2, 3)).numpy())

    def of_lists(part):
        names = {pathlib.Path(line).stem for path in a.splits.glob(f"{part}*.txt") for line in path.read_text().split()}
        return numpy.array([i for i, file in enumerate(files) if file.stem in names])

    parts = {"fault-filtered": [(of_lists("train"), of_lists("valid"))], "random": []}
    for seed in range(1, a.seeds + 1):
        order = numpy.random.RandomState(seed).permutation(len(files))
        parts["random"].append((order[len(files) // 5:], order[:len(files) // 5]))
    print("\n| logistic regression after block | " + " | ".join(parts) + " |\n|---|" + "---|" * len(parts))
    for block, rows in features.items():
        x, row = numpy.stack(rows), []
        for pairs in parts.values():
            model = make_pipeline(StandardScaler(), LogisticRegression(C=1, max_iter=3000))
            scores = [model.fit(x[i], labels[i]).score(x[j], labels[j]) for i, j in pairs]
            row.append(f"{100 * statistics.mean(scores):.1f} %")
        print(f"| {block} | " + " | ".join(row) + " |", flush=True)


def main():
    shared = HERE.parent.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=HERE.parent / "build" / "bin" / "cudenza")
    parser.add_argument("--data", type=pathlib.Path, default=shared / "gtzan-pictures")
    parser.add_argument("--splits", type=pathlib.Path, default=shared / "splits")
    parser.add_argument("--weights", type=pathlib.Path, default=shared / "imagenet" / "vgg16-conv-imagenet.pth")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--ways", default="transfer;study;scratch")
    parser.add_argument("--splits-of", default="fault-filtered,random")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("imagenet"))
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--frozen", action="store_true")
    parser.add_argument("options", nargs="*", help="after --: options of cudenza train")
    a = parser.parse_args()
    if a.ways:
        recipes_table(a)
    if a.torch:
        torch_table(a)
    if a.frozen:
        frozen_table(a)


if __name__ == "__main__":
    main()
