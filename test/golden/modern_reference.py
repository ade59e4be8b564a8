"""Families since 2020 written out in PyTorch, under torchvision's or timm's names; each class names the source that it follows."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from families_reference import Gate, Mask


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
