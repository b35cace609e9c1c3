"""What `cudenza train DATA --recipe scratch` does, in PyTorch: one line of JSON with the validation accuracy of every epoch.

    python3 bench/torch_study.py --splits RUN/splits.csv --data DATA --model resnet34 --epochs 20 --lr 0.003 --seed 1

The same files (a run's splits.csv), torchvision's or timm's body with its own initialisation under fastai's head, AdamW over
one-cycle rates and momenta (no decay on norms and biases), batches without the short last one, no augmentation. Pictures are
cropped and resized by Pillow; sounds become spectrograms through torchaudio. bench/study_peers.py runs this and ours in turns.
"""
import argparse
import csv
import json
import math
import pathlib
import resource
import time

import numpy as np
import torch
import torchvision

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def picture(path, side):
    """A spectrogram picture without its plain border, f32 [3, side, side] as ImageNet's networks expect it."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    pixels = np.asarray(image)
    differs = (pixels != pixels[0, 0]).any(axis=2)
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    image = image.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)).resize((side, side), Image.BILINEAR)
    scaled = (np.asarray(image, dtype=np.float32) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    return torch.from_numpy(scaled.astype(np.float32)).permute(2, 0, 1)


def decibels(path, seconds, rate):
    """A sound, repeated or cut to so many seconds, as a mel spectrogram in dB, f32 [128, frames]."""
    import soundfile
    import torchaudio

    wave, found_rate = soundfile.read(path, dtype="float32", always_2d=True)
    if found_rate != rate:
        raise SystemExit(f"{path}: {found_rate} Hz, where {rate} Hz are expected")
    wave = np.resize(wave.mean(axis=1), round(seconds * rate))
    mel = torchaudio.transforms.MelSpectrogram(rate, n_fft=2048, hop_length=512, n_mels=128, mel_scale="slaney", norm="slaney")
    return torchaudio.functional.amplitude_to_DB(mel(torch.from_numpy(wave)), 10, 1e-10, 0, top_db=80)


def resized(mel, side):
    """Low frequencies in the bottom row, [3, side, side]."""
    flipped = mel.flip(0)[None, None]
    return torch.nn.functional.interpolate(flipped, (side, side), mode="bilinear", antialias=True)[0].expand(3, -1, -1)


def load(a):
    """{split: (x, labels)} and the classes."""
    with open(a.splits, newline="") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({row["label"] for row in rows})
    paths = [a.data / row["file"] for row in rows]
    if paths[0].suffix == ".png":
        inputs = [picture(path, a.image_size) for path in paths]
    else:
        mels = [decibels(path, a.clip, a.sample_rate) for path in paths]
        train = torch.stack([mel for mel, row in zip(mels, rows) if row["split"] == "train"])
        inputs = [resized((mel - train.mean()) / train.std(), a.image_size) for mel in mels]
    parts = {}
    for split in ("train", "valid"):
        chosen = [i for i, row in enumerate(rows) if row["split"] == split]
        x = torch.stack([inputs[i] for i in chosen]).contiguous(memory_format=torch.channels_last)
        parts[split] = x.to(a.device), torch.tensor([classes.index(rows[i]["label"]) for i in chosen], device=a.device)
    return parts, classes


class Head(torch.nn.Sequential):
    """As fastai's create_head: maximum and mean of the maps, two linear layers with batch norms (beta 1e-3) and dropout."""

    def __init__(self, channels, classes, hidden=512):
        nn = torch.nn
        first, second = nn.BatchNorm1d(2 * channels), nn.BatchNorm1d(hidden)
        linear, last = nn.Linear(2 * channels, hidden, bias=False), nn.Linear(hidden, classes, bias=False)
        super().__init__(first, nn.Dropout(0.25), linear, nn.ReLU(inplace=True), second, nn.Dropout(0.5), last)
        for norm in (first, second):
            nn.init.constant_(norm.bias, 1e-3)
        for layer in (linear, last):
            nn.init.kaiming_normal_(layer.weight)

    def forward(self, maps):
        return super().forward(torch.cat([maps.amax(dim=(2, 3)), maps.mean(dim=(2, 3))], dim=1))


def make_network(name, classes):
    if name == "resnetrs50":
        import timm

        body = timm.create_model(name, num_classes=0, global_pool="")
        return torch.nn.Sequential(body, Head(body.num_features, classes))
    net = getattr(torchvision.models, name)(weights=None)
    if name.startswith("resnet"):
        return torch.nn.Sequential(*list(net.children())[:-2], Head(net.fc.in_features, classes))
    return torch.nn.Sequential(net.features, Head(256 if name == "alexnet" else 512, classes))


def one_cycle(progress, lr, pct_start=0.25, div=25, div_final=1e5, high=0.95, low=0.85):
    """Learning rate and momentum before a batch, as fastai's fit_one_cycle."""
    cosine = lambda a, b, t: a + (1 + math.cos(math.pi * (1 - t))) * (b - a) / 2
    if progress < pct_start:
        t = progress / pct_start
        return cosine(lr / div, lr, t), cosine(high, low, t)
    t = (progress - pct_start) / (1 - pct_start)
    return cosine(lr, lr / div_final, t), cosine(low, high, t)


def make_optimizer(net, lr):
    decays = lambda p: p.ndim > 1
    groups = [{"params": [p for p in net.parameters() if decays(p)], "weight_decay": 0.01},
              {"params": [p for p in net.parameters() if not decays(p)], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.95, 0.99), eps=1e-5, foreach=True)


def accuracy(net, x, labels, batch):
    net.eval()
    with torch.inference_mode():
        predicted = torch.cat([net(part).argmax(dim=1) for part in x.split(batch)])
    return (predicted == labels).float().mean().item()


def train(a):
    torch.manual_seed(a.seed)
    parts, classes = load(a)
    (x, labels), valid = parts["train"], parts["valid"]
    net = make_network(a.model, len(classes)).to(a.device, memory_format=torch.channels_last)
    optimizer = make_optimizer(net, a.lr)
    loss_of = torch.nn.CrossEntropyLoss()
    batches = len(x) // a.batch_size
    accuracies, seconds = [], []
    for epoch in range(a.epochs):
        start = time.perf_counter()
        net.train()
        order = torch.randperm(len(x), device=a.device)
        for batch in range(batches):
            rows = order[batch * a.batch_size:(batch + 1) * a.batch_size]
            lr, momentum = one_cycle((epoch * batches + batch) / (a.epochs * batches), a.lr)
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = lr, (momentum, 0.99)
            optimizer.zero_grad(set_to_none=True)
            loss_of(net(x[rows].contiguous(memory_format=torch.channels_last)), labels[rows]).backward()
            optimizer.step()
        accuracies.append(accuracy(net, *valid, a.batch_size))
        seconds.append(time.perf_counter() - start)
    return {"accuracies": accuracies, "seconds": seconds, "training": len(x), "validation": len(valid[1]),
            "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--image-size", type=int, default=96)
    parser.add_argument("--clip", type=float, default=3, help="seconds of a sound")
    parser.add_argument("--sample-rate", type=int, default=22050)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    a = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    if a.threads > 0:
        torch.set_num_threads(a.threads)
    print(json.dumps(train(a)))


if __name__ == "__main__":
    main()
