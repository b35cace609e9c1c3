#!/usr/bin/env python3
"""Holds 30 steps of `cudenza train` against PyTorch's on real spectrograms: SGD and Adam under one-cycle, f32.

    python3 tests/peers/compare_steps.py [--program build/bin/cudenza] [--data ../shared/data] [--models resnet34,resnet50]
                                         [--kinds pictures,excerpts] [--optimizers sgd,adam] [--reference] [--faults]

Both sides begin with the same random weights and see the same tensors (`cudenza features --model` writes what the network
sees) in the same order. Learning rates and momenta are computed here, from METHOD's one-cycle, and held to those in
steps.csv too. Prints for each case the largest relative difference of a step's loss; exits 1 beyond 1e-3. --reference trains
PyTorch in f64 too, and says how far each side's f32 is from it. --faults trains PyTorch once more for each of the mistakes
that an optimizer or a network may make, and says how far each leads: what the bound would notice.

Training is chaotic where a ReLU's input may fall on either side of its kink by rounding: with batch norms as PyTorch draws
them (beta 0) its own f32 and f64 are 1 % apart after 3 steps. So beta lies 2 to 3 away from 0, on either side. And rates are
small: at ten times these PyTorch's own f32 and f64 are 0.5 to 10 % apart after 30 steps (batches of 8, 64 pixels).
"""
import argparse
import copy
import csv
import math
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import torchvision

BATCHES, EPOCHS, VALID = 10, 3, 10
BOUND = 1e-3
# lr; weight decay; how PyTorch takes the same step. Momentum (Adam's beta1) is set before each.
OPTIMIZERS = {
    "sgd": (2e-4, 0.1, lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9)),
    "adam": (5e-5, 0.3, lambda groups: torch.optim.AdamW(groups, lr=1, betas=(0.9, 0.99), eps=1e-5)),
}
# Mistakes: what changes in train_torch(), and whose they can be.
FAULTS = {
    "rates a step late": ({"late": 1}, "sgd adam"),
    "momentum as it began": ({"moves_momentum": False}, "sgd adam"),
    "no weight decay": ({"decay": 0.0}, "sgd adam"),
    "weight decay on norms and biases": ({"spares": False}, "sgd adam"),
    "batch norm's eps 1e-3": ({"norm_eps": 1e-3}, "sgd adam"),
    "Nesterov": ({"set": {"nesterov": True}}, "sgd"),
    "dampening": ({"set": {"dampening": 0.1}}, "sgd"),
    "eps 1e-8": ({"set": {"eps": 1e-8}}, "adam"),
    "beta2 0.999": ({"beta2": 0.999}, "adam"),
    "weight decay in the gradient": ({"coupled": True}, "adam"),
}
SUFFIX = {"pictures": "png", "excerpts": "flac", "audio": "flac"}


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr[-2000:]}")


def write_list(a, kind, folder):
    """A CSV of real files, so named that a batch holds every genre: with no shuffling they train in the order of names."""
    genres = sorted(path for path in (a.data / f"gtzan-{kind}").iterdir() if path.is_dir())
    files = [sorted(genre.glob(f"*.{SUFFIX[kind]}")) for genre in genres]
    count = a.batch * BATCHES + VALID
    chosen = [files[i % len(genres)][i // len(genres)] for i in range(count)]
    lines = ["path,label,split"]
    for i, path in enumerate(chosen):
        link = folder / f"{i:03}.{SUFFIX[kind]}"
        link.symlink_to(path.resolve())
        lines.append(f"{link.name},{path.parent.name},{'train' if i < a.batch * BATCHES else 'valid'}")
    (folder / "list.csv").write_text("\n".join(lines) + "\n")
    return folder / "list.csv"


def write_weights(a, path, name, net):
    torch.save(net.state_dict(), path.with_suffix(".pth"))
    run(a.program, "weights", "convert", path.with_suffix(".pth"), path, "--arch", name, "--quiet")


def one_cycle(step, steps, lr, pct=0.25, div=25, div_final=1e5, moms=(0.95, 0.85)):
    """METHOD's one-cycle with fastai's defaults: what holds before this step."""
    cos = lambda a, b, t: a + (1 + math.cos(math.pi * (1 - t))) * (b - a) / 2
    t = step / steps
    if t < pct:
        return cos(lr / div, lr, t / pct), cos(moms[0], moms[1], t / pct)
    t = (t - pct) / (1 - pct)
    return cos(lr, lr / div_final, t), cos(moms[1], moms[0], t)


def read_case(a, out, folder):
    """What the program saw and did: inputs [N,C,H,W], labels, and its steps."""
    run(a.program, "features", folder / "list.csv", "--model", out, "--out", out / "x.h5", "--device", "cpu", "--quiet")
    with open(out / "splits.csv") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    classes = sorted({row["label"] for row in rows})
    with h5py.File(out / "x.h5") as file:
        x = np.concatenate([file[row["file"]]["image"][:] for row in rows])
    y = [classes.index(row["label"]) for row in rows]
    with open(out / "steps.csv") as file:
        steps = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(), torch.tensor(y), steps


def make_optimizer(net, name, fault):
    _, decay, make = OPTIMIZERS[name]
    decay = fault.get("decay", decay)
    spared = 0 if fault.get("spares", True) else decay  # of norms and biases
    groups = [{"params": [p for p in net.parameters() if p.dim() > 1], "weight_decay": decay},
              {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": spared}]
    if fault.get("coupled"):
        make = lambda groups: torch.optim.Adam(groups, lr=1, betas=(0.9, 0.99), eps=1e-5)
    optimizer = make(groups)
    for group in optimizer.param_groups:
        group.update(fault.get("set", {}))
    return optimizer


def train_torch(net, name, x, y, batch, fault={}):
    """Losses of the steps."""
    optimizer, lr, steps, losses = make_optimizer(net, name, fault), OPTIMIZERS[name][0], BATCHES * EPOCHS, []
    for part in net.train().modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps = fault.get("norm_eps", 1e-5)
    for step in range(steps):
        rate, momentum = one_cycle(max(0, step - fault.get("late", 0)), steps, lr)
        momentum = momentum if fault.get("moves_momentum", True) else 0.95
        for group in optimizer.param_groups:
            group["lr"] = rate
            group.update({"betas": (momentum, fault.get("beta2", 0.99))} if name == "adam" else {"momentum": momentum})
        rows = slice(step % BATCHES * batch, (step % BATCHES + 1) * batch)
        loss = torch.nn.functional.cross_entropy(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


def worst(found, expected):
    return float(np.max(np.abs(np.asarray(found) - expected) / np.abs(expected)))


def make_network(name):
    torch.manual_seed(1)
    net = getattr(torchvision.models, name)(weights=None, num_classes=10)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1)
            sign = torch.randint(0, 2, part.bias.shape) * 2 - 1
            part.bias.data.uniform_(2, 3).mul_(sign)
    return net


def train_ours(a, name, optimizer, folder, out):
    lr, decay, _ = OPTIMIZERS[optimizer]
    run(a.program, "train", folder / "list.csv", "--split", "column", "--model", name, "--head", "linear", "--weights",
        folder / "w.h5", "--keep-head", "--recipe", "scratch", "--epochs", EPOCHS, "--batch-size", a.batch, "--lr", lr,
        "--weight-decay", decay, "--optimizer", optimizer, "--image-size", a.side, "--order", "fixed", "--log-steps",
        "--precision", "fp32", "--device", a.device, "--seed", "1", "--quiet", "--out", out)
    return read_case(a, out, folder)


def compare(a, name, kind, optimizer, folder):
    net = make_network(name)
    write_weights(a, folder / "w.h5", name, net)
    x, y, steps = train_ours(a, name, optimizer, folder, folder / f"{name}-{optimizer}")
    begin = copy.deepcopy(net)
    losses = train_torch(net, optimizer, x, y, a.batch)
    ours = [step["loss"] for step in steps]
    rates = np.array([one_cycle(i, BATCHES * EPOCHS, OPTIMIZERS[optimizer][0]) for i in range(BATCHES * EPOCHS)])
    rate_error = max(worst([s["lr"] for s in steps], rates[:, 0]), worst([s["momentum"] for s in steps], rates[:, 1]))
    line = f"{name:9} {kind:9} {optimizer:5} {losses[0]:8.4f} {losses[-1]:8.4f} {rate_error:12.1e} {worst(ours, losses):12.2e}"
    if a.reference:
        exact = train_torch(copy.deepcopy(begin).double(), optimizer, x.double(), y, a.batch)
        line += f" {worst(ours, exact):13.2e} {worst(losses, exact):16.2e}"
    print(line, flush=True)
    for fault, (change, whose) in FAULTS.items():
        if a.faults and optimizer in whose.split():
            found = worst(train_torch(copy.deepcopy(begin), optimizer, x, y, a.batch, change), losses)
            print(f"  {fault:33} {found:9.2e}{'' if found > BOUND else '  unnoticed'}", flush=True)
    return worst(ours, losses) < BOUND and rate_error < 1e-9


def main():
    here = pathlib.Path(__file__).parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=here / "build/bin/cudenza")
    parser.add_argument("--data", type=pathlib.Path, default=here.parent / "shared/data")
    parser.add_argument("--models", default="resnet34,resnet50")
    parser.add_argument("--kinds", default="pictures,excerpts")
    parser.add_argument("--optimizers", default="sgd,adam")
    parser.add_argument("--side", type=int, default=96)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--faults", action="store_true")
    a = parser.parse_args()
    print(f"{'network':9} {'data':9} {'by':5} {'first':>8} {'last':>8} {'lr, momentum':>12} {'worst loss':>12}"
          + (f" {'ours from f64':>13} {'PyTorch from f64':>16}" if a.reference else ""))
    fine = []
    for kind in a.kinds.split(","):
        with tempfile.TemporaryDirectory() as folder:
            write_list(a, kind, pathlib.Path(folder))
            for name in a.models.split(","):
                fine += [compare(a, name, kind, optimizer, pathlib.Path(folder)) for optimizer in a.optimizers.split(",")]
    sys.exit(0 if all(fine) else 1)


main()
