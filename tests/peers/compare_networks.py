"""Holds `cudenza forward` against torchvision and timm at full size, random weights and batch norms through `weights convert`.

    python3 tests/peers/compare_networks.py [--program build/bin/cudenza] [--models resnet50,…] [--batch 4] [--device cpu]

Logits in evaluation, folded, and in training mode, and the gradients of sum(logits · dy) by every parameter, are held to
PyTorch's in f64: max |difference| / max |reference| of logits, |difference| / |reference| (norms) of a gradient, the worst
parameter's. Beside them stands what PyTorch's own f32 errs by. A gradient may equal PyTorch's in f32 instead: two pixels that f32
does not tell apart are a tie in a max pool there, not in f64. Exits 1 if a bound is broken (bench/results/weights.md says which
are at these sizes, and why).
"""
import argparse
import copy
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch

from networks import SIDES, network

BOUNDS = {"fp32": 1e-4, "bf16": 3e-2}
GRADIENT_BOUND = 1e-3
DRAWS = 12
COLUMNS = ["f32", "f32 folded", "bf16", "bf16 folded", "training", "gradients"]


def run(a, *words):
    command = [str(word) for word in (a.program, *words)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")


def forward(a, name, folder, *options):
    """Logits, and gradients if those are asked for."""
    run(a, "forward", "--arch", name, "--device", a.device, "--quiet", "--weights", folder / "w.h5", "--input", folder / "x.h5",
        "--output", folder / "y.h5", *options)
    with h5py.File(folder / "y.h5") as file:
        return file["logits"][:], {key: data[:] for key, data in file.get("gradients", {}).items()}


def step(net, x, dy):
    """Logits and gradients of PyTorch's in training mode; the network is left as it was."""
    net = copy.deepcopy(net).train()
    y = net(x)
    y.backward(dy)
    return y.detach().numpy(), {name: p.grad.numpy() for name, p in net.named_parameters()}


def error_of(y, expected):
    return float(np.abs(y - expected).max() / np.abs(expected).max())


def gradient_errors(gradients, expected):
    """By parameter. A gradient that is zero but for rounding (of a bias before a batch norm) is held to the largest gradient."""
    assert gradients.keys() <= expected.keys(), gradients.keys() - expected.keys()
    norms = {name: np.linalg.norm(g) for name, g in expected.items()}
    floor = 1e-6 * max(norms.values())
    # What a batch norm takes away again is not computed here: nothing stands for a zero.
    return {name: float(np.linalg.norm(gradients.get(name, 0) - g) / max(norms[name], floor)) for name, g in expected.items()}


def compare_gradients(a, name, net, exact, folder, x, dy):
    """By parameter the smallest error, ours and PyTorch's in f32, of a few draws of pictures; and the first draw's logits.

    One ReLU's input of millions that rounding puts on the other side of its kink moves a gradient by tenths of a per cent, in
    either library. A mistake shows in every draw.
    """
    ours, own = {}, {}
    for draw in range(DRAWS):
        if draw > 0:
            x, dy = torch.randn_like(x), torch.rand_like(dy) * 2 - 1
            write_input(folder, x, dy)
        y, gradients = forward(a, name, folder, "--precision", "fp32", "--gradients")
        own_y, own_gradients = step(net, x, dy)
        expected_y, expected = step(exact, x.double(), dy.double())
        if draw == 0:
            logits = error_of(y, expected_y), error_of(own_y, expected_y)
        pairs = (ours, gradients, expected), (ours, gradients, own_gradients), (own, own_gradients, expected)
        for least, found, reference in pairs:
            for key, error in gradient_errors(found, reference).items():
                least[key] = min(error, least.get(key, error))
        if max(ours.values()) < GRADIENT_BOUND:
            break
    return ours, own, logits


def write_input(folder, x, dy):
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"], file["dy"] = x.numpy(), dy.numpy()


def compare(a, name, side, folder):
    net = network(name)
    torch.save(net.state_dict(), folder / "w.pth")
    run(a, "weights", "convert", "--quiet", folder / "w.pth", folder / "w.h5")
    x, dy = torch.randn(a.batch, 3, side, side), torch.rand(a.batch, 1000) * 2 - 1
    write_input(folder, x, dy)
    exact = copy.deepcopy(net).double()
    with torch.no_grad():
        own, expected = net(x).numpy(), exact(x.double()).numpy()
    errors = [error_of(forward(a, name, folder, "--precision", precision, *folded)[0], expected)
              for precision in BOUNDS for folded in ([], ["--folded"])]
    each, own_each, (training, own_training) = compare_gradients(a, name, net, exact, folder, x, dy)
    worst = max(each, key=each.get)
    errors += [training, each[worst]]
    own_errors = [error_of(own, expected), own_training, max(own_each.values())]
    print(f"{name:11} {side:4} " + " ".join(f"{e:11.1e}" for e in errors) + "   " + " ".join(f"{e:8.1e}" for e in own_errors) +
          f"   {worst}", flush=True)
    bounds = [bound for bound in BOUNDS.values() for _ in range(2)] + [BOUNDS["fp32"], GRADIENT_BOUND]
    return all(e < bound for e, bound in zip(errors, bounds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=pathlib.Path(__file__).parents[2] / "build/bin/cudenza")
    parser.add_argument("--models", default=",".join(SIDES))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    a = parser.parse_args()
    print(f"{'network':11} {'side':>4} " + " ".join(f"{c:>11}" for c in COLUMNS) +
          "   PyTorch's f32: evaluation, training, gradients; the parameter of the worst gradient")
    with tempfile.TemporaryDirectory() as folder:
        fine = [compare(a, name, side, pathlib.Path(folder)) for name in a.models.split(",") for side in SIDES[name]]
    sys.exit(0 if all(fine) else 1)


main()
