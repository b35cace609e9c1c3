"""Weights and multiplications of each network's layers at 224 x 224 and 1000 classes, from the input to the head."""


def conv(side, inputs, outputs, kernel):
    """(weights, multiplications a picture) of a convolution whose result has side x side pixels."""
    weights = kernel * kernel * inputs * outputs
    return weights, side * side * weights


def linear(inputs, outputs):
    return inputs * outputs, inputs * outputs


def alexnet():
    return [conv(55, 3, 64, 11), conv(27, 64, 192, 5), conv(13, 192, 384, 3), conv(13, 384, 256, 3), conv(13, 256, 256, 3),
            linear(9216, 4096), linear(4096, 4096), linear(4096, 1000)]


def vgg16():
    layers, inputs = [], 3
    for side, outputs, count in ((224, 64, 2), (112, 128, 2), (56, 256, 3), (28, 512, 3), (14, 512, 3)):
        for _ in range(count):
            layers.append(conv(side, inputs, outputs, 3))
            inputs = outputs
    return layers + [linear(25088, 4096), linear(4096, 4096), linear(4096, 1000)]


def stages(stem, block, counts, expansion):
    layers, inputs = list(stem), 64
    for stage, count in enumerate(counts):
        side, width = 56 >> stage, 64 << stage
        for number in range(count):
            layers += block(side, inputs, width)
            if number == 0 and inputs != width * expansion:
                layers.append(conv(side, inputs, width * expansion, 1))
            inputs = width * expansion
    return layers + [linear(inputs, 1000)]


def basic(side, inputs, width):
    return [conv(side, inputs, width, 3), conv(side, width, width, 3)]


def bottleneck(side, inputs, width):
    return [conv(side, inputs, width, 1), conv(side, width, width, 3), conv(side, width, 4 * width, 1)]


def squeezed(side, inputs, width):
    return [*bottleneck(side, inputs, width), linear(4 * width, width), linear(width, 4 * width)]


def resnet34():
    return stages([conv(112, 3, 64, 7)], basic, (3, 4, 6, 3), 1)


def resnet50():
    return stages([conv(112, 3, 64, 7)], bottleneck, (3, 4, 6, 3), 4)


def resnetrs50():
    stem = [conv(112, 3, 32, 3), conv(112, 32, 32, 3), conv(112, 32, 64, 3), conv(56, 64, 64, 3)]
    return stages(stem, squeezed, (3, 4, 6, 3), 4)


LAYERS = {network.__name__: network() for network in (alexnet, vgg16, resnet34, resnet50, resnetrs50)}
