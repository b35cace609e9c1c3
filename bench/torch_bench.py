"""PyTorch on the sizes that the op cases are timed at, under their names, so that two tables can be laid side by side.

    python3 bench/torch_bench.py [--device cuda|cpu] [--seconds 0.2] > torch.json        (the table goes to stderr)

Pictures are channels-last, as here. Medians of repeated runs; a backward pass is timed by itself on a kept graph.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F


def picture(shape, dtype, device):
    """[N,H,W,C] extents as the channels-last tensor that PyTorch calls [N,C,H,W]."""
    n, h, w, c = shape
    return torch.randn(n, c, h, w, dtype=dtype, device=device).contiguous(memory_format=torch.channels_last)


def conv(x, w, stride, pad):
    k, r, s, c = w
    return lambda dtype, device: (
        [picture(x, dtype, device), picture((k, r, s, c), dtype, device)],
        lambda a, b: F.conv2d(a, b, stride=stride, padding=pad),
    )


def linear(n, inputs, outputs):
    return lambda dtype, device: (
        [torch.randn(n, inputs, dtype=dtype, device=device), torch.randn(outputs, inputs, dtype=dtype, device=device)],
        F.linear,
    )


def batch_norm(shape, relu):
    def make(dtype, device):
        gamma, beta = torch.ones(shape[3], device=device), torch.zeros(shape[3], device=device)
        mean, var = torch.zeros(shape[3], device=device), torch.ones(shape[3], device=device)

        def run(x, g, b):
            y = F.batch_norm(x, mean, var, g, b, training=True)
            return F.relu(y) if relu else y

        return [picture(shape, dtype, device), gamma, beta], run

    return make


def of_picture(shape, run):
    return lambda dtype, device: ([picture(shape, dtype, device)], run)


def cross_entropy(rows, classes):
    def make(dtype, device):
        labels = torch.randint(classes, (rows,), device=device)
        return [torch.randn(rows, classes, dtype=dtype, device=device)], lambda x: F.cross_entropy(x.float(), labels)

    return make


CASES = {
    "relu/whole_packs": of_picture((32, 112, 112, 64), F.relu),
    "sigmoid/short_last_pack": of_picture((32, 112, 112, 64), torch.sigmoid),
    "batch_norm/training": batch_norm((32, 56, 56, 64), False),
    "batch_norm/training_relu": batch_norm((32, 56, 56, 64), True),
    "batch_norm/training_2048_channels": batch_norm((32, 7, 7, 2048), False),
    "max_pool2d/k3_s2_p1": of_picture((64, 112, 112, 64), lambda x: F.max_pool2d(x, 3, 2, 1)),
    "dropout/whole_packs": of_picture((32, 112, 112, 64), lambda x: F.dropout(x, 0.5)),
    "softmax_xent/ten_genres": cross_entropy(16384, 1000),
    "conv2d/k1": conv((8, 56, 56, 256), (64, 1, 1, 256), 1, 0),
    "conv2d/k3_p1": conv((8, 56, 56, 64), (64, 3, 3, 64), 1, 1),
    "conv2d/k3_p1_whole_packs": conv((8, 14, 14, 256), (256, 3, 3, 256), 1, 1),
    "conv2d/k7_s2_p3_stem": conv((8, 224, 224, 3), (64, 7, 7, 3), 2, 3),
    "linear/plain": linear(64, 9216, 4096),
    "linear/bias": linear(64, 2048, 1000),
}


def median_seconds(work, device, budget):
    """Of one call; on a GPU calls are counted in twenties, since one wait costs as much as a small kernel."""
    calls = 20 if device == "cuda" else 1
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    work()
    wait()
    times, end = [], time.perf_counter() + budget
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(calls):
            work()
        wait()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def measure(name, make, dtype, device, budget):
    inputs, run = make(dtype, device)
    with torch.no_grad():
        yield "forward", median_seconds(lambda: run(*inputs), device, budget)
    # A picture that enters the network wants no gradient; neither does it here.
    wanted = [x.requires_grad_() for i, x in enumerate(inputs) if not (i == 0 and "stem" in name)]
    y = run(*inputs)
    dy = torch.full_like(y, 0.5)
    yield "backward", median_seconds(lambda: torch.autograd.grad(y, wanted, dy, retain_graph=True), device, budget)


def sound(device):
    """Name, items a call and work of what mel_bench.cpp and augment_bench.cpp time; spectrograms only with torchaudio."""
    clips, pictures = (256 if device == "cuda" else 4), 64
    where = f"gpu:{int(device == 'cuda')}"
    x = torch.randn(pictures, 224, 224, 3, device=device)
    lam, order = torch.rand(pictures, 1, 1, 1, device=device), torch.randperm(pictures, device=device)
    yield f"mixup/pictures/f32/{where}/batch:{pictures}", pictures, lambda: torch.lerp(x[order], x, lam)
    try:
        from torchaudio.transforms import AmplitudeToDB, MelSpectrogram
    except ImportError:
        return
    pcm = 0.1 * torch.randn(clips, 30 * 44100, device=device)
    decibels = AmplitudeToDB("power", top_db=80.0)
    mel = MelSpectrogram(44100, n_fft=2048, hop_length=512, n_mels=128, mel_scale="slaney", norm="slaney").to(device)
    yield f"mel/seed/f32/{where}", clips, lambda: decibels(mel(pcm))
    yield f"mel/whole_way/{where}", clips, lambda: F.interpolate(
        decibels(mel(pcm))[:, None], (224, 224), mode="bilinear", antialias=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", choices=["cuda", "cpu"])
    parser.add_argument("--seconds", type=float, default=0.2, help="for each figure")
    arguments = parser.parse_args()
    device, torch.backends.cudnn.benchmark = arguments.device, True
    where = "cuda:0" if device == "cuda" else "cpu"
    types = {"f32": torch.float32, "bf16": torch.bfloat16} | ({"f16": torch.float16} if device == "cuda" else {})
    results = []
    for name, make in CASES.items():
        for type_name, dtype in types.items():
            for step, seconds in measure(name, make, dtype, device, arguments.seconds):
                results.append({"name": f"{name}/{step}/{where}/{type_name}", "seconds_median": seconds})
                print(f"{results[-1]['name']:60} {1e3 * seconds:10.4f} ms", file=sys.stderr)
    for name, items, work in sound(device):
        with torch.no_grad():
            seconds = median_seconds(work, device, arguments.seconds)
        results.append({"name": name, "seconds_median": seconds, "items_per_s": items / seconds})
        print(f"{name:60} {1e3 * seconds:10.4f} ms", file=sys.stderr)
    json.dump({"torch": torch.__version__, "device": where, "benchmarks": results}, sys.stdout, indent=1)


main()
