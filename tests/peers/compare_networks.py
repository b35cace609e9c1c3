"""Holds `cudenza forward` against torchvision and timm at full size: random weights and batch norms, through our files.

    python3 tests/peers/compare_networks.py [--program build/bin/cudenza] [--models resnet50,…] [--batch 4] [--device cpu]

For each network a state dict is written as our HDF5 (one data set a tensor, OIHW), pictures as another; the program's logits
in f32, bf16, f32 folded and bf16 folded are held to PyTorch's in f64: max |difference| / max |reference|. Exits 1 if a bound
is broken.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
import torchvision

MODELS = {"alexnet": [224], "vgg16": [224], "vgg16_bn": [224], "resnet34": [224], "resnet50": [224], "resnetrs50": [224, 160]}
BOUNDS = {"fp32": 1e-4, "bf16": 3e-2}


def network(name):
    if name == "resnetrs50":
        import timm

        return timm.create_model(name)
    return getattr(torchvision.models, name)(weights=None)


def randomize_norms(net):
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1)
            part.bias.data.uniform_(-0.5, 0.5)
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)


def write_weights(path, name, net):
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["format_version"], file.attrs["arch"] = "cudenza", 1, name
        for key, tensor in net.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                file[key] = tensor.numpy()


def logits_of(a, name, folder, options):
    command = [a.program, "forward", "--arch", name, "--device", a.device, "--quiet", "--weights", folder / "w.h5",
               "--input", folder / "x.h5", "--output", folder / "y.h5", *options]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    with h5py.File(folder / "y.h5") as file:
        return file["logits"][:]


def compare(a, name, side, folder):
    torch.manual_seed(1)
    net = network(name).eval()
    randomize_norms(net)
    x = torch.randn(a.batch, 3, side, side)
    write_weights(folder / "w.h5", name, net)
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = x.numpy()
    with torch.no_grad():
        single = net(x).numpy()
        expected = net.double()(x.double()).numpy()
    error = lambda y: float(np.abs(y - expected).max() / np.abs(expected).max())
    errors = {}
    for precision in BOUNDS:
        for folded in ([], ["--folded"]):
            y = logits_of(a, name, folder, ["--precision", precision, *folded])
            errors[precision, bool(folded)] = error(y)
    print(f"{name:12} {side:4} " + " ".join(f"{e:12.2e}" for e in errors.values()) + f" {error(single):14.2e}", flush=True)
    return all(e < BOUNDS[precision] for (precision, _), e in errors.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=pathlib.Path(__file__).parents[2] / "build/bin/cudenza")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--device", default="cpu")
    a = parser.parse_args()
    print(f"{'network':12} {'side':>4} {'f32':>12} {'f32 folded':>12} {'bf16':>12} {'bf16 folded':>12} {'PyTorch in f32':>14}")
    with tempfile.TemporaryDirectory() as folder:
        fine = [compare(a, name, side, pathlib.Path(folder)) for name in a.models.split(",") for side in MODELS[name]]
    sys.exit(0 if all(fine) else 1)


main()
