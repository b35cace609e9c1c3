"""Makes the file that an inference engine reads a network from, where it is not there yet; prints its name as JSON.

    python3 bench/inference_files.py openvino --model resnet50 --precision int8 --cache FOLDER

ONNX Runtime reads ONNX, OpenVINO its own format, made of the ONNX file; bf16 it makes of f32 by itself. Batch norms are in eval
mode (the export folds them), and any batch size is taken. Weights are random and int8 is calibrated on a few made-up pictures:
these files show speed, they recognise nothing.
"""
import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile

PICTURES = 4  # that int8 is calibrated on


def file_of(engine, model, precision):
    """Its name in the cache folder."""
    return f"{model}{'-int8' if precision == 'int8' else ''}.{'onnx' if engine == 'onnxruntime' else 'xml'}"


def pictures():
    import numpy

    random = numpy.random.default_rng(0)
    return [random.standard_normal((1, 3, 224, 224), dtype=numpy.float32) for _ in range(PICTURES)]


def export_onnx(model, path):
    import torch
    from torch_networks import network

    torch.manual_seed(0)
    net = network(model).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.ones_(module.weight)  # timm begins with zeros, which leave nothing to calibrate
    program = torch.onnx.export(net, (torch.randn(2, 3, 224, 224),), dynamo=True, input_names=["x"],
                                dynamic_shapes=({0: "batch"},), verbose=False)
    program.save(path, external_data=False)


def quantize_onnx(source, path):
    """As its manual asks for on CPUs with VNNI: unsigned activations, a scale for each channel of the weights."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        left = iter([{"x": picture} for picture in pictures()])

        def get_next(self):
            return next(self.left, None)

    prepared = path.with_name("prepared.onnx")
    quant_pre_process(source, prepared)
    quantize_static(prepared, path, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    prepared.unlink()


def convert_to_openvino(source, path):
    import openvino

    openvino.save_model(openvino.Core().read_model(source), path, compress_to_fp16=False)


def quantize_openvino(source, path):
    import nncf
    import openvino

    model = openvino.Core().read_model(source)
    openvino.save_model(nncf.quantize(model, nncf.Dataset(pictures()), subset_size=PICTURES), path, compress_to_fp16=False)


def make(engine, model, precision, cache, path):
    if precision == "int8":
        quantize = quantize_onnx if engine == "onnxruntime" else quantize_openvino
        quantize(made(engine, model, "fp32", cache), path)
    elif engine == "openvino":
        convert_to_openvino(made("onnxruntime", model, "fp32", cache), path)
    else:
        export_onnx(model, path)


def made(engine, model, precision, cache):
    path = cache / file_of(engine, model, precision)
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=cache) as scratch:  # a file is there whole or not at all
            make(engine, model, precision, cache, pathlib.Path(scratch) / path.name)
            for file in sorted(pathlib.Path(scratch).iterdir()):  # .bin before .xml
                os.replace(file, cache / file.name)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["onnxruntime", "openvino"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16", "int8"], default="fp32")
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    a = parser.parse_args()
    a.cache.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):
        path = made(a.engine, a.model, a.precision, a.cache)
    print(json.dumps({"file": str(path)}))


if __name__ == "__main__":
    main()
