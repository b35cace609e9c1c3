"""What `cudenza bench train|infer` measures, in PyTorch with torchvision and timm: one line of JSON.

    python3 bench/torch_networks.py train --model resnet50 --batch-size 16 --precision bf16 [--compile] [--device cuda]

Pictures are channels-last. bf16 is autocast in training and a network cast as a whole in inference, whichever is PyTorch's
fastest there. bench/networks.py runs this and ours in turns.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torchvision


def network(name):
    if name == "resnetrs50":
        import timm

        return timm.create_model(name)
    return getattr(torchvision.models, name)(weights=None)


def training_step(net, x, labels, precision):
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, foreach=True)
    loss_of = torch.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of(net(x), labels)
        loss.backward()
        optimizer.step()

    return step


def inference_step(net, x):
    net.eval()

    def step():
        with torch.inference_mode():
            net(x)

    return step


def timed(step, device, budget):
    calls, wait = (10, torch.cuda.synchronize) if device == "cuda" else (1, lambda: None)
    for _ in range(3 if device == "cuda" else 1):
        step()
    wait()
    seconds, start = [], time.perf_counter()
    while len(seconds) < 3 or time.perf_counter() - start < budget:
        before = time.perf_counter()
        for _ in range(calls):
            step()
        wait()
        seconds.append((time.perf_counter() - before) / calls)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bench", choices=["train", "infer"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--compile", action="store_true")
    a = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    net = network(a.model).to(a.device, memory_format=torch.channels_last)
    x = torch.randn(a.batch_size, 3, a.image_size, a.image_size, device=a.device).contiguous(memory_format=torch.channels_last)
    if a.bench == "infer" and a.precision == "bf16":
        net, x = net.bfloat16(), x.bfloat16()
    if a.compile:
        net = torch.compile(net)
    labels = torch.arange(a.batch_size, device=a.device) % 1000
    step = training_step(net, x, labels, a.precision) if a.bench == "train" else inference_step(net, x)
    seconds = timed(step, a.device, a.seconds)
    on_gpu = a.device == "cuda"
    result = {
        "bench": a.bench,
        "model": a.model,
        "device": a.device,
        "precision": a.precision,
        "compiled": a.compile,
        "batch_size": a.batch_size,
        "image_size": a.image_size,
        "images_per_s": a.batch_size / seconds,
        "seconds_median": seconds,
        "peak_bytes": torch.cuda.max_memory_allocated() if on_gpu else None,
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result))


main()
