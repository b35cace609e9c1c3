"""Holds `cudenza weights convert` against PyTorch at real sizes: the networks of torchvision and timm, randomly initialised, in
every container and number type. h5py must read every tensor bit-equal to its source, the logits must be PyTorch's, and no
conversion may take more memory than the largest tensor and a constant.

    python3 tests/peers/convert_weights.py [--program build/bin/cudenza] [--models vgg16,…] [--no-logits] [--folder /tmp]
"""
import argparse
import copy
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np
import torch

from networks import network, tensors_of

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "fixtures"))
from make_weight_fixtures import legacy_tar, safetensors

CONTAINERS = {"zip": torch.save, "stream": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
              "tar": lambda state, path: legacy_tar(path, state), "safetensors": lambda state, path: safetensors(path, state)}
TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}
NETWORKS = ["alexnet", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"]
CONSTANT = 64 * 2**20  # bytes; beyond what the program takes before it does anything
LOGITS_BOUND = 1e-4
# A process of its own, since a child's peak begins with that of the process it was started from.
LAUNCHER = "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL); " \
           "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"


def run(*command):
    """Wall time in seconds and peak memory in bytes."""
    begin = time.monotonic()
    ran = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *map(str, command)], check=True, stdout=subprocess.PIPE)
    return time.monotonic() - begin, 1024 * int(ran.stdout)


def in_type(state, dtype):
    """The floating-point tensors in another type; doubles get digits that no float has."""
    def convert(t):
        if not t.is_floating_point():
            return t
        return t.double() * (1 + 1e-9 * torch.rand(t.shape, dtype=torch.float64)) if dtype == torch.float64 else t.to(dtype)

    return {name: convert(t) for name, t in state.items()}


def channels_last(state):
    return {k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in state.items()}


def check_bits(path, state, name):
    wanted = tensors_of(state)
    with h5py.File(path) as file:
        assert set(file) == set(wanted), set(file) ^ set(wanted)
        assert file.attrs["arch"] == name and len(file["classes"]) == 1000, dict(file.attrs)
        for key, tensor in wanted.items():
            expected = tensor.float().numpy()
            assert file[key].dtype == "<f4" and file[key].shape == expected.shape, key
            assert np.array_equal(file[key][()].view(np.uint32), expected.view(np.uint32)), key
    return len(wanted)


def write_pictures(path):
    x = torch.randn(4, 3, 224, 224)
    with h5py.File(path, "w") as file:
        file["x"] = x.numpy()
    return x


def reference(net, state, x):
    """PyTorch's logits in f64 with the numbers that the file has."""
    exact = copy.deepcopy(net).double()
    exact.load_state_dict(state)
    with torch.no_grad():
        return exact(x.double()).numpy()


def logits_error(program, name, folder, expected):
    run(program, "forward", "--arch", name, "--device", "cpu", "--precision", "fp32", "--quiet", "--weights", folder / "w.h5",
        "--input", folder / "x.h5", "--output", folder / "y.h5")
    with h5py.File(folder / "y.h5") as file:
        return float(np.abs(file["logits"][:] - expected).max() / np.abs(expected).max())


def try_file(a, name, label, state, write, folder, expected):
    """Converts one file; returns whether all is as it should be."""
    source, target = folder / "w.bin", folder / "w.h5"
    write(state, source)
    seconds, peak = run(a.program, "weights", "convert", source, target, "--quiet")
    count = check_bits(target, state, name)
    largest = max(t.numel() * t.element_size() for t in state.values())
    error = logits_error(a.program, name, folder, expected) if expected is not None else None
    print(f"{name:11} {label:18} {count:4} tensors bit-equal  {source.stat().st_size / 2**20:7.1f} MiB in {seconds:5.2f} s  "
          f"peak {peak / 2**20:6.1f} MiB, largest tensor {largest / 2**20:6.1f}  "
          f"logits {'-' if error is None else f'{error:.1e}'}", flush=True)
    return peak - a.at_rest <= largest + CONSTANT and (error is None or error < LOGITS_BOUND)


def try_network(a, name, folder):
    net = network(name)
    x = write_pictures(folder / "x.h5")
    fine = []
    for type_name, dtype in TYPES.items():
        state = in_type(net.state_dict(), dtype)
        expected = None if a.no_logits else reference(net, state, x)
        for container, write in CONTAINERS.items():
            fine.append(try_file(a, name, f"{container} {type_name}", state, write, folder, expected))
        if type_name == "f32":
            fine.append(try_file(a, name, "zip channels_last", channels_last(state), torch.save, folder, expected))
    return all(fine)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=pathlib.Path(__file__).parents[2] / "build/bin/cudenza")
    parser.add_argument("--models", default=",".join(NETWORKS))
    parser.add_argument("--no-logits", action="store_true", help="bits and memory alone")
    parser.add_argument("--folder", help="where the files lie for the time being: 2 GB for VGG16")
    a = parser.parse_args()
    a.at_rest = run(a.program, "weights", "list")[1]
    print(f"the program alone: {a.at_rest / 2**20:.1f} MiB")
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        fine = [try_network(a, name, pathlib.Path(folder)) for name in a.models.split(",")]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
