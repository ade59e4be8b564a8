"""Families since 2020 written out in PyTorch, under torchvision's or timm's names; each class names the source that it follows."""
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F

from families_reference import Gate, LayerScale, Mask
from reference import PaddedIdentity


class LayerNorm2d(nn.LayerNorm):
    """torchvision/models/convnext.py"""

    def forward(self, x):
        y = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return y.permute(0, 3, 1, 2)


class Permute(nn.Module):
    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(self.order)


class Joined(nn.Module):
    """The end of a block that keeps its shape: F and S joined by any type of shortcut."""

    def add_shortcut(self, kind, channels, rate=0.5):
        self.kind = kind
        if kind == "project-all":
            self.downsample = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False))
        if kind in ("gated", "gated-shortcut"):
            self.gate = Gate(channels)
        if kind == "dropout":
            self.shortcut = Mask(rate)

    def join(self, x, y):
        if self.kind == "plain":
            return y
        if self.kind == "project-all":
            return y + self.downsample(x)
        if self.kind == "scaled":
            return y + 0.5 * x
        if self.kind == "gated":
            g = self.gate(x)
            return (1 - g) * x + g * y
        if self.kind == "gated-shortcut":
            return y + (1 - self.gate(x)) * x
        return y + (self.shortcut(x) if self.kind == "dropout" else x)


class ConvnextBlock(Joined):
    """torchvision/models/convnext.py CNBlock"""

    def __init__(self, channels, kind, layer_scale, drop):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels), Permute(0, 2, 3, 1), nn.LayerNorm(channels, eps=1e-6),
            nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels), Permute(0, 3, 1, 2))
        if layer_scale != "none":
            self.layer_scale = nn.Parameter(torch.ones(1) if layer_scale == "scalar" else torch.ones(channels, 1, 1))
        if drop:
            self.stochastic_depth = Mask(drop, whole=True)
        self.add_shortcut(kind, channels)

    def forward(self, x):
        y = self.block(x)
        y = self.layer_scale * y if hasattr(self, "layer_scale") else y
        y = self.stochastic_depth(y) if hasattr(self, "stochastic_depth") else y
        return self.join(x, y)


class Convnext(nn.Module):
    """torchvision/models/convnext.py ConvNeXt"""

    def __init__(self, counts, widths, kind="pad", layer_scale="channel", drop=0.0, classes=10):
        super().__init__()
        layers, place, total = [], 0, sum(counts)
        for stage, (count, width) in enumerate(zip(counts, widths)):
            before = widths[stage - 1]
            layers.append(nn.Sequential(nn.Conv2d(3, width, 4, 4), LayerNorm2d(width, eps=1e-6)) if stage == 0 else
                          nn.Sequential(LayerNorm2d(before, eps=1e-6), nn.Conv2d(before, width, 2, 2)))
            layers.append(nn.Sequential(*[ConvnextBlock(width, kind, layer_scale, drop * (place + i) / (total - 1)) for i in range(count)]))
            place += count
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(LayerNorm2d(widths[-1], eps=1e-6), nn.Flatten(1), nn.Linear(widths[-1], classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3), keepdim=True))


class AirbenchBlock(Joined):
    """github.com/KellerJordan/cifar10-airbench airbench96.py ConvGroup after its first activation; with one convolution, airbench94.py's"""

    def __init__(self, channels, depth, act, momentum, kind):
        super().__init__()
        self.depth, self.act = depth, act
        for place in range(1, depth + 1):
            setattr(self, f"conv{place}", nn.Conv2d(channels, channels, 3, padding=1, bias=False))
            setattr(self, f"bn{place}", nn.BatchNorm2d(channels, 1e-12, momentum))
        self.add_shortcut(kind, channels)
        if kind == "project-all":
            self.downsample.append(nn.BatchNorm2d(channels, 1e-12, momentum))

    def forward(self, x):
        y = x
        for place in range(1, self.depth + 1):
            y = getattr(self, f"bn{place}")(getattr(self, f"conv{place}")(y))
            y = self.act(y) if place < self.depth else y
        return self.act(self.join(x, y))


class AirbenchStage(nn.Module):
    """The same's ConvGroup"""

    def __init__(self, inside, outside, depth, act, momentum, kind):
        super().__init__()
        self.act = act
        self.conv, self.bn = nn.Conv2d(inside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside, 1e-12, momentum)
        self.block = AirbenchBlock(outside, depth, act, momentum, kind)

    def forward(self, x):
        return self.block(self.act(self.bn(F.max_pool2d(self.conv(x), 2))))


class Airbench(nn.Module):
    """The same's make_net"""

    def __init__(self, widths, depth=1, act=F.gelu, momentum=0.4, kind="plain", classes=10):
        super().__init__()
        self.act, inside = act, 2 * 3 * 2**2
        self.conv1 = nn.Conv2d(3, inside, 2)
        for index, width in enumerate(widths, 1):
            setattr(self, f"layer{index}", AirbenchStage(inside, width, depth, act, momentum, kind))
            inside = width
        self.fc = nn.Linear(inside, classes, bias=False)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.act(self.conv1(x)))))
        return self.fc(x.amax((2, 3))) / 9


def conv_norm(inside, outside, kernel, stride=1, groups=1, activates=True):
    """torchvision/ops/misc.py Conv2dNormActivation"""
    conv = nn.Conv2d(inside, outside, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outside), *([nn.ReLU()] if activates else []))


class Squeeze(nn.Module):
    """torchvision/ops/misc.py SqueezeExcitation"""

    def __init__(self, channels, squeezed):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class RegnetBlock(Joined):
    """torchvision/models/regnet.py ResBottleneckBlock"""

    def __init__(self, inside, outside, stride, group, squeezes, kind, layer_scale, drop):
        super().__init__()
        layers = OrderedDict(a=conv_norm(inside, outside, 1), b=conv_norm(outside, outside, 3, stride, outside // group))
        if squeezes:
            layers["se"] = Squeeze(outside, int(round(0.25 * inside)))
        self.f = nn.Sequential(OrderedDict(**layers, c=conv_norm(outside, outside, 1, activates=False)))
        if drop:
            self.drop_path = Mask(drop, whole=True)
        if layer_scale != "none":
            self.layer_scale = LayerScale(layer_scale, outside)
        same = inside == outside and stride == 1
        if kind == "project-all" or (kind not in ("plain", "pad") and not same):
            self.proj = conv_norm(inside, outside, 1, stride, activates=False)
        elif kind == "pad" and not same:
            self.padded = PaddedIdentity(inside, outside, stride, "stride", "after")
        self.add_shortcut(kind if same and kind != "project-all" or kind == "plain" else "pad", outside)

    def forward(self, x):
        y = self.f(x)
        for name in ("drop_path", "layer_scale"):
            y = getattr(self, name)(y) if hasattr(self, name) else y
        if hasattr(self, "proj"):
            return F.relu(y + self.proj(x))
        return F.relu(y + self.padded(x) if hasattr(self, "padded") else self.join(x, y))


class Regnet(nn.Module):
    """torchvision/models/regnet.py RegNet, of given stages: blocks, width, group width"""

    def __init__(self, stages, squeezes, kind="project", layer_scale="none", drop=0.0, classes=10):
        super().__init__()
        self.stem = conv_norm(3, 32, 3, 2)
        inside, place, total, trunk = 32, 0, sum(count for count, _, _ in stages), OrderedDict()
        for stage, (count, width, group) in enumerate(stages, 1):
            blocks = OrderedDict()
            for index in range(count):
                stride, rate = 2 if index == 0 else 1, drop * (place + index) / (total - 1)
                blocks[f"block{stage}-{index}"] = RegnetBlock(inside, width, stride, group, squeezes, kind, layer_scale, rate)
                inside = width
            trunk[f"block{stage}"], place = nn.Sequential(blocks), place + count
        self.trunk_output = nn.Sequential(trunk)
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        return self.fc(self.trunk_output(self.stem(x)).mean((2, 3)))
