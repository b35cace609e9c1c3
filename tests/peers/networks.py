"""The networks as torchvision and timm make them, for the scripts of this folder: needs torch, torchvision, timm."""
import timm
import torch
import torchvision

# The sides of the pictures that each is tried on.
SIDES = {"alexnet": [224], "vgg16": [224], "vgg16_bn": [224], "resnet34": [224], "resnet50": [224], "resnetrs50": [224, 160]}


def network(name):
    """Randomly initialised, batch norms too; the same at every call. Nothing of it is random when it runs. What batch norms add
    is far from 0, so that few ReLUs' inputs lie so near their kink that f32's rounding would move gradients."""
    torch.manual_seed(1)
    net = timm.create_model(name) if name == "resnetrs50" else getattr(torchvision.models, name)(weights=None)
    for part in net.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1)
            part.bias.data.uniform_(2, 3).mul_(torch.randint_like(part.bias, 2).mul(2).sub(1))
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
        if isinstance(part, torch.nn.Dropout):
            part.p = 0
    return net.eval()


def tensors_of(state):
    """A state dict without what our files leave out."""
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
