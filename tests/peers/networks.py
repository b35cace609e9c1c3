"""The networks as torchvision and timm make them, for the scripts of this folder: needs torch, torchvision, timm."""
import timm
import torch
import torchvision

# The sides of the pictures that each is tried on.
SIDES = {"alexnet": [224], "vgg16": [224], "vgg16_bn": [224], "resnet34": [224], "resnet50": [224], "resnetrs50": [224, 160]}


def far_from_zero(count):
    return torch.empty(count).uniform_(2, 3) * (torch.randint(2, (count,)) * 2 - 1)


def offset_layers(net):
    """Gives the layers of a network without batch norms such biases, in units of what they give without: a pass finds it."""
    def hook(layer, _, y):
        channels = (1, -1) + (1,) * (y.dim() - 2)
        bias = far_from_zero(len(layer.bias)) * y.std()
        y = y + (bias - layer.bias).view(channels)
        layer.bias.data = bias
        return y

    layers = [part for part in net.modules() if isinstance(part, (torch.nn.Conv2d, torch.nn.Linear))]
    hooks = [layer.register_forward_hook(hook) for layer in layers[:-1]]  # the last one's are the logits
    with torch.no_grad():
        net.eval()(torch.randn(2, 3, 96, 96))
    for one in hooks:
        one.remove()


def network(name):
    """Randomly initialised, batch norms too; the same at every call. Nothing of it is random when it runs. What batch norms add,
    or biases where there are none, is far from 0, so that few ReLUs' inputs lie so near their kink that f32's rounding would
    move gradients."""
    torch.manual_seed(1)
    net = timm.create_model(name) if name == "resnetrs50" else getattr(torchvision.models, name)(weights=None)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1)
            part.bias.data = far_from_zero(len(part.bias))
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, torch.nn.Dropout):
            part.p = 0
    if not any(isinstance(part, torch.nn.BatchNorm2d) for part in net.modules()):
        offset_layers(net)
    return net.eval()


def tensors_of(state):
    """A state dict without what our files leave out."""
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
