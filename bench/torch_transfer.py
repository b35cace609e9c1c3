"""What `cudenza train DATA --recipe transfer` does for VGG16, in PyTorch: one line of JSON with the validation accuracy.

    python3 bench/torch_transfer.py --splits RUN/splits.csv --data DATA --weights vgg16-conv-imagenet.pth [--fp32]

The same files (a run's splits.csv). Pictures of 448 x 592 by Pillow, in four parts, through torchvision's VGG16 that does not
train; of the maps after blocks 2 to 5, log(1 + x): means in ten bands of frequency, and after blocks 2 and 3 the covariances of
the channels, as signed square roots. On these, ridge regression in numpy, the penalty chosen by files left out: the largest
within one standard error of the best. The equations stand in models/head.h and engine/optim/ridge.h.
"""
import argparse
import csv
import json
import pathlib
import time

import numpy as np
import torch
import torchvision

from torch_study import IMAGENET_MEAN, IMAGENET_STD

HEIGHT, WIDTH, PARTS, BANDS, MOST_CHANNELS = 448, 592, 4, 10, 256


def parts_of(path):
    """A picture without its plain border, f32 [PARTS, 3, HEIGHT, WIDTH / PARTS]."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    pixels = np.asarray(image)
    differs = (pixels != pixels[0, 0]).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    image = image.crop(box).resize((WIDTH, HEIGHT), Image.BILINEAR)
    scaled = ((np.asarray(image, dtype=np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD).astype(np.float32)
    return torch.stack(torch.from_numpy(scaled).permute(2, 0, 1).split(WIDTH // PARTS, 2))


def features_of(network, x):
    """[B, 3, H, W] to a list of feature blocks [B, D]: the means of each stage, or its covariances."""
    blocks, stage = [], 0
    for layer in network:
        x = layer(x)
        if not isinstance(layer, torch.nn.MaxPool2d):
            continue
        stage += 1
        if stage == 1:
            continue
        z = torch.log1p(x.float())
        blocks.append(torch.nn.functional.adaptive_avg_pool2d(z, (BANDS, 1)).flatten(1))
        if z.shape[1] <= MOST_CHANNELS:
            centred = z.flatten(2) - z.mean((2, 3))[..., None]
            covariance = centred @ centred.transpose(1, 2) / centred.shape[2]
            blocks.append((covariance / (covariance.abs() + 1e-4).sqrt()).flatten(1))
    return blocks


def softmax_loss(logits, labels, s):
    shifted = s * (logits - logits.max(1, keepdims=True))
    return np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]


def left_out(inverse, solved, targets):
    """Logits of each file by what is fitted to the others."""
    logits = []
    for begin in range(0, len(targets), PARTS):
        own = slice(begin, begin + PARTS)
        logits.append((targets[own] - np.linalg.solve(inverse[own, own], solved[own])).mean(0))
    return np.stack(logits)


def fit_ridge(kernel, labels, classes):
    """Rows' coefficients [rows, classes] and the constant, from z z' [rows, rows] and the labels of files of PARTS rows."""
    targets = np.where(np.repeat(labels, PARTS)[:, None] == np.arange(classes), 1.0, -1.0)
    constant = np.trace(kernel) / len(kernel)
    values, vectors = np.linalg.eigh(kernel + constant)
    candidates = []
    for share in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0):
        inverse = (vectors / (values + share * constant)) @ vectors.T
        solved = inverse @ targets
        logits = left_out(inverse, solved, targets)
        losses = min((softmax_loss(logits, labels, s) for s in (1, 1.5, 2, 3, 4, 6, 8)), key=np.mean)
        candidates.append((losses.mean(), losses.std() / np.sqrt(len(losses)), solved))
    lowest = min(candidates, key=lambda candidate: candidate[0])
    chosen = [candidate for candidate in candidates if candidate[0] <= lowest[0] + lowest[1]][-1]
    return chosen[2], constant


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--fp32", action="store_true", help="not bf16")
    a = parser.parse_args()
    with open(a.splits, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in ("train", "valid")]
    classes = sorted({row["label"] for row in rows})
    labels = np.array([classes.index(row["label"]) for row in rows])
    training = np.array([row["split"] == "train" for row in rows])

    start = time.time()
    network = torchvision.models.vgg16().features.eval()
    network.load_state_dict({name.removeprefix("features."): tensor for name, tensor in torch.load(a.weights).items()})
    network.to(memory_format=torch.channels_last)
    blocks = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=not a.fp32):
        for row in rows:
            pictures = parts_of(a.data / row["file"]).to(memory_format=torch.channels_last)
            blocks.append(features_of(network, pictures))

    by_row = np.repeat(training, PARTS)
    kernel = np.zeros((len(by_row), len(by_row)))
    for block in zip(*blocks):
        x = torch.cat(block).float().numpy()
        x = (x - x[by_row].mean(0)) / (x[by_row].std(0) + 1e-3) / np.sqrt(x.shape[1])
        kernel += x @ x.T
    solved, constant = fit_ridge(kernel[np.ix_(by_row, by_row)], labels[training], len(classes))
    logits = (kernel[np.ix_(~by_row, by_row)] + constant) @ solved
    predicted = logits.reshape(-1, PARTS, len(classes)).mean(1).argmax(1)
    print(json.dumps({"accuracy": float((predicted == labels[~training]).mean()), "seconds": time.time() - start,
                      "torch": torch.__version__}))


if __name__ == "__main__":
    main()
