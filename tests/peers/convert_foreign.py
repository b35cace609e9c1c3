"""Holds `cudenza weights convert` against torch, onnx, keras and h5py for files that are not PyTorch's: ONNX as torch.onnx.export
writes it, with and without PyTorch's names, and Keras's HDF5 in every layout. Each tensor must be bit-equal to its source; what
cannot be converted must be refused with the reason. Keras's VGG16 must give the same answers here, its ResNet50 the same as
PyTorch's once the strides are moved, which is the only thing that a conversion does not carry.

    python3 tests/peers/convert_foreign.py [--program build/bin/cudenza] [--only onnx|keras] [--folder /tmp]
    python3 tests/peers/convert_foreign.py --onnx FILE.onnx --pth FILE.pth --input-scale caffe   # the same weights in two files

needs torch, torchvision, timm, onnx, keras, h5py; onnxscript too for the exporter by dynamo, else that is left out
"""
import argparse
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["KERAS_BACKEND"] = "torch"

import h5py
import numpy as np
import torch

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
VGG16_CONVS = {(1, 1): 0, (1, 2): 2, (2, 1): 5, (2, 2): 7, (3, 1): 10, (3, 2): 12, (3, 3): 14, (4, 1): 17, (4, 2): 19, (4, 3): 21,
               (5, 1): 24, (5, 2): 26, (5, 3): 28}
RESNET50_BLOCKS = {2: 3, 3: 4, 4: 6, 5: 3}
KERAS_EPSILON, TORCH_EPSILON = 1.001e-5, 1e-5


class Judge:
    def __init__(self, program, folder):
        self.program, self.folder, self.fine = program, folder, True

    def say(self, what, fine, detail=""):
        self.fine = self.fine and fine
        print(f"{'ok ' if fine else 'NOT'} {what:52} {detail}", flush=True)

    def convert(self, source, *options):
        """What the program printed as an error; empty if it converted."""
        target = self.folder / "w.h5"
        target.unlink(missing_ok=True)
        command = [self.program, "weights", "convert", source, target, "--quiet", *options]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode < 0:
            return f"ended by signal {-ran.returncode}"
        return ran.stderr.strip() if ran.returncode else ""

    def refused(self, what, source, words):
        message = self.convert(source)
        self.say(what, words in message, f"refused: …{words}…" if words in message else message or "converted")

    def bits(self, what, source, wanted, *options):
        message = self.convert(source, *options)
        if message:
            return self.say(what, False, message)
        with h5py.File(self.folder / "w.h5") as file:
            names = set(file) - {"classes"}
            wrong = [name for name in names & set(wanted) if not same_bits(file[name][()], wanted[name])]
            odd = sorted(names ^ set(wanted)) + wrong
        self.say(what, not odd, f"{len(names)} tensors bit-equal" if not odd else f"differ: {odd[:4]}")

    def logits(self, arch, x):
        with h5py.File(self.folder / "x.h5", "w") as file:
            file["x"] = x.astype(np.float32)
        subprocess.run([self.program, "forward", "--arch", arch, "--weights", self.folder / "w.h5", "--input",
                        self.folder / "x.h5", "--output", self.folder / "y.h5", "--device", "cpu", "--precision", "fp32",
                        "--quiet"], check=True, stderr=subprocess.DEVNULL)
        with h5py.File(self.folder / "y.h5") as file:
            return file["logits"][()]


def same_bits(a, b):
    b = np.ascontiguousarray(b, dtype=np.float32)
    return a.shape == b.shape and a.dtype == np.float32 and np.array_equal(a.view(np.uint32), b.view(np.uint32))


# ONNX.

def state_of(net):
    return {k: v.float().numpy().copy() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}


def with_foreign_names(source, target):
    """The same graph with tensors called W0, W1 … and its Gemms as MatMul of transposed weights and Add, as others write."""
    import onnx
    from onnx import helper, numpy_helper
    model = onnx.load(source)
    graph = model.graph
    names = {t.name: f"W{i}" for i, t in enumerate(graph.initializer)}
    for tensor in graph.initializer:
        tensor.name = names[tensor.name]
    nodes = []
    for node in graph.node:
        node.input[:] = [names.get(i, i) for i in node.input]
        if node.op_type != "Gemm":
            nodes.append(node)
            continue
        weight = next(t for t in graph.initializer if t.name == node.input[1])
        weight.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weight).T), weight.name))
        nodes.append(helper.make_node("MatMul", node.input[:2], [node.output[0] + "_m"]))
        nodes.append(helper.make_node("Add", [node.output[0] + "_m", node.input[2]], node.output))
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, target)


def judge_onnx(judge):
    from networks import network
    has_dynamo = importlib.util.find_spec("onnxscript") is not None
    file = judge.folder / "net.onnx"
    for name in ("alexnet", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"):
        net, x = network(name), torch.randn(1, 3, 224, 224)
        has_norms = "resnet" in name or name.endswith("_bn")
        wanted = state_of(net)

        def export(**how):
            torch.onnx.export(network(name), (x,), file, verbose=False, **how)

        export(dynamo=False, do_constant_folding=False)
        judge.bits(f"{name}, do_constant_folding=False", file, wanted)
        with_foreign_names(file, judge.folder / "foreign.onnx")
        judge.bits(f"{name}, foreign names", judge.folder / "foreign.onnx", wanted)
        export(dynamo=False)
        if has_norms:
            judge.refused(f"{name}, folded", file, "its batch norms are folded into its convolutions")
        else:
            judge.bits(f"{name}, as exported", file, wanted)
        if has_dynamo:
            export(dynamo=True, optimize=False, external_data=False)
            judge.bits(f"{name}, dynamo, optimize=False", file, wanted)
            export(dynamo=True, external_data=False)
            if has_norms:
                judge.refused(f"{name}, dynamo, folded", file, "its batch norms are folded into its convolutions")
            else:
                judge.bits(f"{name}, dynamo, optimized", file, wanted)
            export(dynamo=True)
            judge.refused(f"{name}, dynamo as it is", file, "has its numbers in another file")


# Keras.

def drawn(net, seed):
    """Every variable drawn anew: Keras leaves biases and batch norms at 0 and 1."""
    rng = np.random.default_rng(seed)
    for variable in net.weights:
        shape = tuple(variable.shape)
        fan_in = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
        values = rng.normal(size=shape) * (np.sqrt(2 / fan_in) if len(shape) > 1 else 0.1)
        if variable.path.endswith(("gamma", "moving_variance")):
            values = np.abs(values) + 0.7
        variable.assign(values.astype(np.float32))
    return net


def filters(kernel):
    return kernel.transpose(3, 2, 0, 1)


def vgg16_state(get, classes):
    state = {}
    for (block, conv), number in VGG16_CONVS.items():
        kernel, bias = get(f"block{block}_conv{conv}", "kernel", "bias")
        state[f"features.{number}.weight"], state[f"features.{number}.bias"] = filters(kernel), bias
    for layer, number in (("fc1", 0), ("fc2", 3), ("predictions", 6)) if classes else ():
        kernel, bias = get(layer, "kernel", "bias")
        weight = kernel.T
        if number == 0:
            weight = weight.reshape(len(weight), 49, 512).transpose(0, 2, 1).reshape(len(weight), -1)
        state[f"classifier.{number}.weight"], state[f"classifier.{number}.bias"] = weight, bias
    return state


def resnet50_state(get, classes):
    state = {}

    def add(conv, norm, layer):
        kernel, bias = get(layer + "_conv", "kernel", "bias")
        gamma, beta, mean, variance = get(layer + "_bn", "gamma", "beta", "moving_mean", "moving_variance")
        state[conv + ".weight"], state[norm + ".weight"], state[norm + ".bias"] = filters(kernel), gamma, beta
        state[norm + ".running_mean"] = (mean.astype(np.float64) - bias.astype(np.float64)).astype(np.float32)
        state[norm + ".running_var"] = (variance.astype(np.float64) + (KERAS_EPSILON - TORCH_EPSILON)).astype(np.float32)

    add("conv1", "bn1", "conv1")
    for stage, blocks in RESNET50_BLOCKS.items():
        for block in range(blocks):
            ours, theirs = f"layer{stage - 1}.{block}", f"conv{stage}_block{block + 1}"
            for part in (1, 2, 3):
                add(f"{ours}.conv{part}", f"{ours}.bn{part}", f"{theirs}_{part}")
            if block == 0:
                add(f"{ours}.downsample.0", f"{ours}.downsample.1", f"{theirs}_0")
    if classes:
        kernel, bias = get("predictions", "kernel", "bias")
        state["fc.weight"], state["fc.bias"] = kernel.T, bias
    return state


def getter(net):
    def get(layer, *parts):
        of = {v.name: np.array(v.value.detach().cpu()) for v in net.get_layer(layer).weights}
        return [of[part] for part in parts]
    return get


def write_old_layout(net, path, keras1):
    """Layouts that no Keras of today writes: Keras 1's "layer/layer_W_1:0", and Keras 2's "layer/layer/kernel:0"."""
    roles = {"kernel": "W", "bias": "b", "gamma": "gamma", "beta": "beta", "moving_mean": "running_mean",
             "moving_variance": "running_std"}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in net.layers]
        for layer in net.layers:
            group, names = file.create_group(layer.name), []
            for v in layer.weights:
                names.append(f"{layer.name}_{roles[v.name]}_1:0" if keras1 else f"{layer.name}/{v.name}:0")
                group[names[-1]] = np.array(v.value.detach().cpu())
            group.attrs["weight_names"] = [name.encode() for name in names]


def layouts_of(net, folder):
    """Every way to keep it: (what, file)."""
    net.save(folder / "model.h5")
    net.save_weights(folder / "k.weights.h5")
    write_old_layout(net, folder / "keras1.h5", True)
    write_old_layout(net, folder / "keras2.h5", False)
    return [("whole model", folder / "model.h5"), (".weights.h5", folder / "k.weights.h5"), ("Keras 1", folder / "keras1.h5"),
            ("Keras 2", folder / "keras2.h5")]


def relative(got, wanted):
    return float(np.abs(got - wanted).max() / np.abs(wanted).max())


def caffe(rgb):
    return 255 * rgb[..., ::-1] - np.array([103.939, 116.779, 123.68])


def judge_answers(judge, arch, net, file):
    """Keras's answers on its own preprocessing, ours on ours. The difference is what zeros around the picture stand for."""
    rgb = np.random.default_rng(5).uniform(size=(2, 224, 224, 3))
    net.layers[-1].activation = lambda x: x
    x = ((rgb - MEAN) / STD).transpose(0, 3, 1, 2)
    for scale, given in (("torch", (rgb - MEAN) / STD), ("caffe", caffe(rgb)), ("tf", 2 * rgb - 1)):
        message = judge.convert(file, "--input-scale", scale)
        wanted = np.array(net.predict(given.astype(np.float32), verbose=0))
        error = relative(judge.logits(arch, x), wanted) if not message else np.inf
        bound = {"torch": 1e-4, "caffe": 2e-2, "tf": 0.2}[scale]
        judge.say(f"{arch} from Keras, answers, --input-scale {scale}", error < bound, f"{error:.1e} of the largest logit")


def judge_strides(judge, net, file):
    """ResNet50: ours as it is, and PyTorch's with Keras's strides, from the converted file, on our input."""
    import torchvision
    rgb = np.random.default_rng(5).uniform(size=(2, 224, 224, 3))
    net.layers[-1].activation = lambda x: x
    x = (rgb - MEAN) / STD
    wanted = np.array(net.predict(x.astype(np.float32), verbose=0))
    judge.convert(file)
    ours = relative(judge.logits("resnet50", x.transpose(0, 3, 1, 2)), wanted)
    moved = torchvision.models.resnet50(weights=None, num_classes=wanted.shape[1]).eval()
    for layer in (moved.layer2, moved.layer3, moved.layer4):
        layer[0].conv1.stride, layer[0].conv2.stride = (2, 2), (1, 1)
    with h5py.File(judge.folder / "w.h5") as weights:
        moved.load_state_dict({k: torch.from_numpy(weights[k][()]) for k in weights if k != "classes"}, strict=False)
    with torch.no_grad():
        same = relative(moved(torch.from_numpy(x.transpose(0, 3, 1, 2)).float()).numpy(), wanted)
    judge.say("resnet50 from Keras, strides moved in PyTorch", same < 1e-4, f"{same:.1e} of the largest logit")
    judge.say("resnet50 from Keras, as ours has its strides", ours > 10 * same, f"{ours:.1e}: another function, as is said")


def judge_keras(judge):
    import keras
    for arch, make, state in (("vgg16", keras.applications.VGG16, vgg16_state),
                              ("resnet50", keras.applications.ResNet50, resnet50_state)):
        for classes in (0, 11):
            shape = {"include_top": classes > 0, "input_shape": (224, 224, 3), "classes": classes or 1000}
            net = drawn(make(weights=None, **shape), 1 + classes)
            wanted = state(getter(net), classes)
            for what, file in layouts_of(net, judge.folder):
                judge.bits(f"{arch} from Keras, {'top' if classes else 'no top'}, {what}", file, wanted, "--input-scale", "torch")
        if arch == "vgg16":
            judge_answers(judge, arch, net, judge.folder / "model.h5")
        else:
            judge_strides(judge, net, judge.folder / "model.h5")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=pathlib.Path(__file__).parents[2] / "build/bin/cudenza")
    parser.add_argument("--only", choices=["onnx", "keras"])
    parser.add_argument("--folder", help="where the files lie for the time being: 3 GB")
    parser.add_argument("--onnx", help="an ONNX file whose weights must be those of --pth")
    parser.add_argument("--pth")
    parser.add_argument("--input-scale", default="torch")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        judge = Judge(pathlib.Path(a.program).resolve(), pathlib.Path(folder))
        if a.onnx:
            state = torch.load(a.pth, map_location="cpu")
            judge.bits(a.onnx, pathlib.Path(a.onnx), {k: v.numpy() for k, v in state.items()}, "--input-scale", a.input_scale)
        else:
            for name, run in (("onnx", judge_onnx), ("keras", judge_keras)):
                if a.only in (None, name):
                    run(judge)
    sys.exit(0 if judge.fine else 1)


if __name__ == "__main__":
    main()
