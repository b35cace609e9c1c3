"""Inference by one of the engines that bench/inference_peers.py lays ours beside, in a process of its own: one line of JSON.

    python3 bench/inference_peer.py onnxruntime --model resnet50 --precision fp32 --batch-size 1 --threads 2 --seconds 3
                                    --cache FOLDER

onnxruntime and openvino read what bench/inference_files.py left in the cache folder. eager and compiled are PyTorch,
channels-last; compiled is torch.compile with frozen weights (batch norms folded), and keeps its code in the cache folder too.
In int8 OpenVINO computes what was not quantized in the type that it takes by itself, bf16 where the CPU has it.
"""
import argparse
import json
import os
import pathlib
import resource

from inference_files import file_of
from turns import timed


def picture_batch(count):
    import numpy

    return numpy.random.default_rng(0).standard_normal((count, 3, 224, 224), dtype=numpy.float32)


def onnxruntime(a):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = a.threads, 1
    options.add_free_dimension_override_by_name("batch", a.batch_size)
    path = a.cache / file_of("onnxruntime", a.model, a.precision)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: picture_batch(a.batch_size)}
    return lambda: session.run(None, inputs), onnxruntime.__version__


def openvino(a):
    import openvino

    core = openvino.Core()
    model = core.read_model(a.cache / file_of("openvino", a.model, a.precision))
    model.reshape([a.batch_size, 3, 224, 224])
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": a.threads, "ENABLE_HYPER_THREADING": True}
    if a.precision != "int8":
        options["INFERENCE_PRECISION_HINT"] = {"fp32": "f32", "bf16": "bf16"}[a.precision]
    request = core.compile_model(model, "CPU", options).create_infer_request()
    request.set_input_tensor(openvino.Tensor(picture_batch(a.batch_size)))
    return request.infer, openvino.__version__.split("-")[0]


def pytorch(a, compiled):
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(a.cache.resolve() / "inductor")
    import torch
    from torch_networks import TYPES, inference_step, network

    torch.set_num_threads(a.threads)
    torch.manual_seed(0)
    net = network(a.model).to(TYPES[a.precision], memory_format=torch.channels_last).eval()
    x = torch.from_numpy(picture_batch(a.batch_size)).to(TYPES[a.precision]).contiguous(memory_format=torch.channels_last)
    if compiled:
        import torch._inductor.config

        torch._inductor.config.freezing = True
        net = torch.compile(net)
    return inference_step(net, x), torch.__version__.split("+")[0]


ENGINES = {"onnxruntime": onnxruntime, "openvino": openvino, "eager": lambda a: pytorch(a, False),
           "compiled": lambda a: pytorch(a, True)}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=list(ENGINES))
    parser.add_argument("--model", required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16", "int8"], default="fp32")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    return parser.parse_args()


def main():
    a = arguments()
    os.environ["OMP_NUM_THREADS"] = str(a.threads)
    step, version = ENGINES[a.engine](a)
    for _ in range(2):
        step()
    seconds = timed(step, a.seconds)
    print(json.dumps({
        "engine": a.engine,
        "version": version,
        "model": a.model,
        "precision": a.precision,
        "batch_size": a.batch_size,
        "threads": a.threads,
        "images_per_s": a.batch_size / seconds,
        "seconds_median": seconds,
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }))


main()
