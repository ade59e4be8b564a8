"""The network of a job in PyTorch, with fresh weights, and what of it is trained."""
import re

import torch
import torch.nn as nn

from airbench import PLANS, Airbench
from cifar_resnet import CifarResnet
from torch_job import refuse
from torch_views import Views
from torch_whitening import IMAGES, whiten

# Their deviation is within 2 % by one of its own.
ENOUGH = 2000


def create_network(job):
    """Drawn by the recipe's seed; the first layer is whitened and what is to stay is frozen."""
    torch.manual_seed(job.recipe["seed"])
    model = create_resnet(job) if job.depth else create_airbench(job.network)
    if job.recipe.get("whiten"):
        images, _ = job.images("train")
        first = images[:IMAGES]
        whiten(model.conv1.weight, Views(first, **job.normalization, cropPadding=0, flip=False).plain(torch.arange(len(first))))
        model.conv1.weight.requires_grad_(False)
    freeze(model, job.recipe.get("freeze", []))
    return model


def create_resnet(job):
    network = job.network
    model = CifarResnet(int(job.depth[1]), network["channels"], network["classes"], network.get("width", 1), network.get("stemStride", 1))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


def create_airbench(network):
    model, shortcut = network["model"], network.get("shortcut")
    if model not in PLANS or shortcut not in (None, "plain", "pad"):
        refuse(f"has CIFAR ResNets, and airbenches with the shortcut plain or pad, not {model}" + (f" with {shortcut}" if shortcut else ""))
    return Airbench(**network)


def freeze(model, patterns):
    """A pattern is a parameter's name or that of a module around it; * stands for any characters."""
    sources = [".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns]
    for name, parameter in model.named_parameters():
        if any(re.match(source + r"(\.|$)", name) for source in sources):
            parameter.requires_grad_(False)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d) and not (module.weight.requires_grad or module.bias.requires_grad):
            refuse(f"has no norm that is frozen altogether, as {name} is")


def compare_starts(model, state):
    """How far fresh weights are from being drawn as Residua's, at most: their deviation, as a share, or a constant itself."""
    own = model.state_dict()
    return max(compare_draws(own[name], theirs) for name, theirs in state.items() if name in own)


def compare_draws(ours, theirs):
    if theirs.min() == theirs.max():
        return (ours - theirs).abs().max().item()
    # Few numbers say nothing of how they were drawn.
    return abs(ours.std() / theirs.std() - 1).item() if theirs.numel() >= ENOUGH else 0


def load(model, state):
    """@returns what the two networks do not share, but for the counters that PyTorch alone has"""
    missing, unexpected = model.load_state_dict(state, strict=False)
    return unexpected + [name for name in missing if not name.endswith("num_batches_tracked")]
