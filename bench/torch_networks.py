"""What `cudenza bench train|infer` measures, in PyTorch with torchvision and timm: one line of JSON.

    python3 bench/torch_networks.py train --model resnet50 --batch-size 16 --precision bf16 [--variant eager] [--device cuda]

Pictures are channels-last. 16-bit training is autocast (fp16 with GradScaler), 16-bit inference a network cast as a whole,
whichever is PyTorch's fastest there. Variants: eager; compile (torch.compile as it is); max-autotune (torch.compile at its best,
CUDA graphs among it); graphs (the eager step captured in one CUDA graph). bench/networks.py runs this and ours in turns.
"""
import argparse
import json
import resource

import torch
import torchvision

from turns import timed

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def network(name, classes=1000):
    if name == "resnetrs50":
        import timm

        return timm.create_model(name, num_classes=classes)
    return getattr(torchvision.models, name)(weights=None, num_classes=classes)


def training_step(net, x, labels, precision, in_graph):
    net.train()
    on_gpu = x.device.type == "cuda"
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4, foreach=True)
    loss_of = torch.nn.CrossEntropyLoss()
    # A captured step cannot ask whether it overflowed: it scales by a constant, which is what GradScaler costs least.
    scaler = torch.amp.GradScaler(x.device.type, enabled=precision == "fp16" and on_gpu and not in_graph)
    factor = 1024.0 if precision == "fp16" and in_graph else 1.0

    def step():
        optimizer.zero_grad(set_to_none=not in_graph)
        with torch.autocast(x.device.type, TYPES[precision], enabled=precision != "fp32"):
            loss = loss_of(net(x), labels) * factor
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    return step


def inference_step(net, x):
    net.eval()

    def step():
        with torch.inference_mode():
            net(x)

    return step


def captured(step):
    """The step as one CUDA graph, warmed up on a stream of its own as PyTorch's manual asks."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def seconds_of(step, device, budget):
    calls, wait = (10, torch.cuda.synchronize) if device == "cuda" else (1, lambda: None)
    for _ in range(3 if device == "cuda" else 1):
        step()
    wait()
    return timed(step, budget, calls=calls, wait=wait)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", choices=["train", "infer"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--image-size", type=int, default=224)
    parser.add_argument("--precision", choices=list(TYPES), default="fp32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--variant", choices=["eager", "compile", "max-autotune", "graphs"], default="eager")
    a = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    net = network(a.model).to(a.device, memory_format=torch.channels_last)
    x = torch.randn(a.batch_size, 3, a.image_size, a.image_size, device=a.device).contiguous(memory_format=torch.channels_last)
    if a.bench == "infer" and a.precision != "fp32":
        net, x = net.to(TYPES[a.precision]), x.to(TYPES[a.precision])
    if a.variant in ("compile", "max-autotune"):
        net = torch.compile(net, mode=None if a.variant == "compile" else a.variant)
    labels = torch.arange(a.batch_size, device=a.device) % 1000
    in_graph = a.variant == "graphs"
    step = training_step(net, x, labels, a.precision, in_graph) if a.bench == "train" else inference_step(net, x)
    seconds = seconds_of(captured(step) if in_graph else step, a.device, a.seconds)
    on_gpu = a.device == "cuda"
    result = {
        "bench": a.bench,
        "model": a.model,
        "device": a.device,
        "precision": a.precision,
        "variant": a.variant,
        "torch": torch.__version__,
        "batch_size": a.batch_size,
        "image_size": a.image_size,
        "images_per_s": a.batch_size / seconds,
        "seconds_median": seconds,
        "peak_bytes": torch.cuda.max_memory_allocated() if on_gpu else None,
        "reserved_bytes": torch.cuda.max_memory_reserved() if on_gpu else None,
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
