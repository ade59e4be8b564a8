"""Families of residual networks written out in PyTorch as their papers and timm have them, under timm's names."""
import torch
import torch.nn as nn
import torch.nn.functional as F

import reference
from noise import mask_value


class Mask(nn.Module):
    """What leaves out: by element (dropout) or by sample (stochastic depth); its numbers are noise by name."""

    def __init__(self, rate, whole=False):
        super().__init__()
        self.keep, self.whole, self.place = 1 - rate, whole, None

    def forward(self, x):
        if not self.training:
            return x
        shape = (x.shape[0],) + (1,) * (x.dim() - 1) if self.whole else tuple(x.shape)
        return x * torch.from_numpy(mask_value(*self.place, shape, self.keep)).to(x.dtype)


class Gate(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return torch.sigmoid(self.conv(x))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        squeezed = max(8, int(channels / reduction + 4) // 8 * 8)
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))))


class ChannelAttention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        squeezed = max(1, int(channels / 16 + 0.5))
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1, bias=False), nn.Conv2d(squeezed, channels, 1, bias=False)

    def forward(self, x):
        means = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        maxima = self.fc2(F.relu(self.fc1(x.amax((2, 3), keepdim=True))))
        return x * torch.sigmoid(means + maxima)


class LayerScale(nn.Module):
    """A factor on the residual: one for the block (ReZero, SkipInit), or one for each channel (LayerScale)."""

    def __init__(self, kind, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1 if kind == "scalar" else channels))

    def forward(self, x):
        return x * self.gamma.reshape(1, -1, 1, 1)


class ConvNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1)

    def forward(self, x):
        return self.bn(self.conv(x))


class SpatialAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = ConvNorm()

    def forward(self, x):
        return x * torch.sigmoid(self.conv(torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)))


class Cbam(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.channel, self.spatial = ChannelAttention(channels), SpatialAttention()

    def forward(self, x):
        return self.spatial(self.channel(x))


class Projection(nn.Module):
    """timm's resnetv2: pool, conv and norm by name; torchvision's and ResNet-D's by number."""

    def __init__(self, inside, outside, stride, average, norm):
        super().__init__()
        self.pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False) if average and stride > 1 else nn.Identity()
        self.conv = nn.Conv2d(inside, outside, 1, 1 if average else stride, bias=False)
        self.norm = nn.BatchNorm2d(outside) if norm else nn.Identity()

    def forward(self, x):
        return self.norm(self.conv(self.pool(x)))


def numbered_projection(inside, outside, stride, average):
    pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
    layers = [pool] if average else []
    return nn.Sequential(*layers, nn.Conv2d(inside, outside, 1, 1 if average else stride, bias=False), nn.BatchNorm2d(outside))


class Block(nn.Module):
    """A residual block of either order, basic or bottleneck, with any additive shortcut."""

    def __init__(self, inside, width, stride, kind, bottleneck=False, preact=False, groups=1, base=64, average=False,
                 dilation=1, first_dilation=None, attention="none", drop_path=0.0, inner_dropout=0.0, scale=0.5,
                 scale_residual=False, shortcut_dropout=0.5, layer_scale="none", reduction=16):
        super().__init__()
        self.kind, self.bottleneck, self.preact, self.scale, self.scale_residual = kind, bottleneck, preact, scale, scale_residual
        first = first_dilation or dilation
        outside = width * 4 if bottleneck else width
        inner = width * base // 64 * groups if bottleneck else width
        if bottleneck:
            convs = [nn.Conv2d(inside, inner, 1, bias=False),
                     nn.Conv2d(inner, inner, 3, stride, first, first, groups, bias=False),
                     nn.Conv2d(inner, outside, 1, bias=False)]
        else:
            convs = [nn.Conv2d(inside, inner, 3, stride, first, first, bias=False),
                     nn.Conv2d(inner, outside, 3, 1, dilation, dilation, bias=False)]
        self.count = len(convs)
        for index, conv in enumerate(convs, 1):
            setattr(self, f"conv{index}", conv)
            size = conv.in_channels if preact else conv.out_channels
            setattr(self, f"norm{index}" if preact else f"bn{index}", nn.BatchNorm2d(size))
        if attention != "none":
            self.se = SqueezeExcitation(outside, reduction) if attention == "se" else Cbam(outside)
        if drop_path:
            self.drop_path = Mask(drop_path, whole=True)
        if inner_dropout:
            self.dropout = Mask(inner_dropout)
        if layer_scale != "none":
            self.layer_scale = LayerScale(layer_scale, outside)
        self.same = inside == outside and stride == 1
        if kind == "project-all" or (kind not in ("plain", "pad") and not self.same):
            self.downsample = Projection(inside, outside, stride, average, False) if preact else numbered_projection(inside, outside, stride, average)
        elif kind == "pad" and not self.same:
            self.shortcut = reference.PaddedIdentity(inside, outside, stride, "average" if average else "stride", "after")
        elif kind in ("gated", "gated-shortcut"):
            self.gate = Gate(inside)
        elif kind == "dropout":
            self.shortcut = Mask(shortcut_dropout)

    def residual(self, x):
        y = activated = x
        for index in range(1, self.count + 1):
            if self.preact:
                y = F.relu(getattr(self, f"norm{index}")(y))
                activated = y if index == 1 else activated
            if index == self.count and hasattr(self, "dropout"):
                y = self.dropout(y)
            y = getattr(self, f"conv{index}")(y)
            if not self.preact:
                y = getattr(self, f"bn{index}")(y)
                y = F.relu(y) if index < self.count else y
        for name in ("se", "drop_path", "layer_scale"):
            y = getattr(self, name)(y) if hasattr(self, name) else y
        return y, activated

    def forward(self, x):
        y, activated = self.residual(x)
        if hasattr(self, "downsample"):
            y = y + self.downsample(activated)
        elif hasattr(self, "shortcut"):
            y = y + self.shortcut(x)
        elif self.kind == "scaled":
            y = (y * (1 - self.scale) if self.scale_residual else y) + self.scale * x
        elif self.kind == "gated":
            g = self.gate(x)
            y = (1 - g) * x + g * y
        elif self.kind == "gated-shortcut":
            y = (1 - self.gate(x)) * x + y
        elif self.kind != "plain":
            y = y + x
        return y if self.preact else F.relu(y)


def build_stages(inside, widths, counts, kind, bottleneck, stochastic_depth=0.0, make=Block, **options):
    stages, total, place = [], sum(counts), 0
    for stage, (width, count) in enumerate(zip(widths, counts)):
        blocks = []
        for index in range(count):
            stride = 2 if stage > 0 and index == 0 else 1
            blocks.append(make(inside, width, stride, kind, bottleneck, drop_path=stochastic_depth * place / max(1, total - 1), **options))
            inside, place = width * (4 if bottleneck else 1), place + 1
        stages.append(nn.Sequential(*blocks))
    return stages, inside


def deep_stem(channels, width):
    half = width // 2
    return [nn.Conv2d(channels, half, 3, 2, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, half, 3, 1, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(),
            nn.Conv2d(half, width, 3, 1, 1, bias=False)]


class Resnet(nn.Module):
    """Activation after the addition: ResNet-D, ResNeXt, SE, CBAM, and CIFAR's."""

    def __init__(self, counts, widths, kind="project", stem="7x7", stem_width=64, bottleneck=False, classes=10, dropout=0.0, convolved=False, **options):
        super().__init__()
        self.pools = stem != "3x3"
        if convolved:
            self.maxpool = nn.Sequential(nn.Conv2d(stem_width, stem_width, 3, 2, 1, bias=False), nn.BatchNorm2d(stem_width), nn.ReLU())
        self.conv1 = {"7x7": nn.Conv2d(3, stem_width, 7, 2, 3, bias=False), "3x3": nn.Conv2d(3, stem_width, 3, 1, 1, bias=False),
                      "deep": nn.Sequential(*deep_stem(3, stem_width))}[stem]
        self.bn1 = nn.BatchNorm2d(stem_width)
        stages, outside = build_stages(stem_width, widths, counts, kind, bottleneck, **options)
        for index, stage in enumerate(stages, 1):
            setattr(self, f"layer{index}", stage)
        self.stages = len(stages)
        if dropout:
            self.dropout = Mask(dropout)
        self.fc = nn.Linear(outside, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if hasattr(self, "maxpool"):
            x = self.maxpool(x)
        elif self.pools:
            x = F.max_pool2d(x, 3, 2, 1)
        for index in range(1, self.stages + 1):
            x = getattr(self, f"layer{index}")(x)
        x = x.mean((2, 3))
        return self.fc(self.dropout(x) if hasattr(self, "dropout") else x)


class StemV2(nn.Module):
    def __init__(self, stem, width):
        super().__init__()
        self.kind = stem
        if stem == "deep":
            layers = deep_stem(3, width)
            self.conv1, self.norm1, self.conv2, self.norm2, self.conv3 = layers[0], layers[1], layers[3], layers[4], layers[6]
        else:
            self.conv = nn.Conv2d(3, width, 7, 2, 3, bias=False) if stem == "7x7" else nn.Conv2d(3, width, 3, 1, 1, bias=False)

    def forward(self, x):
        if self.kind == "deep":
            x = F.relu(self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x))))))
            x = self.conv3(x)
        else:
            x = self.conv(x)
        return x if self.kind == "3x3" else F.max_pool2d(x, 3, 2, 1)


class Head(nn.Module):
    def __init__(self, channels, classes, convolution):
        super().__init__()
        self.fc = nn.Conv2d(channels, classes, 1) if convolution else nn.Linear(channels, classes)
        self.convolution = convolution

    def forward(self, x):
        x = x.mean((2, 3), keepdim=self.convolution)
        return self.fc(x).flatten(1)


class Stage(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.blocks = blocks

    def forward(self, x):
        return self.blocks(x)


class PreactivationResnet(nn.Module):
    """ResNet v2 and, with wider stages and dropout within blocks, Zagoruyko's Wide ResNet."""

    def __init__(self, counts, widths, kind="project", stem="7x7", stem_width=64, bottleneck=False, classes=10, convolution=True, **options):
        super().__init__()
        self.stem = StemV2(stem, stem_width)
        stages, outside = build_stages(stem_width, widths, counts, kind, bottleneck, preact=True, **options)
        self.stages = nn.Sequential(*map(Stage, stages))
        self.norm = nn.BatchNorm2d(outside)
        self.head = Head(outside, classes, convolution)

    def forward(self, x):
        return self.head(F.relu(self.norm(self.stages(self.stem(x)))))


class DenseLayer(nn.Module):
    def __init__(self, inside, growth, bottleneck, rate):
        super().__init__()
        self.bottleneck = bottleneck
        self.norm1 = nn.BatchNorm2d(inside)
        self.conv1 = nn.Conv2d(inside, 4 * growth, 1, bias=False) if bottleneck else nn.Conv2d(inside, growth, 3, 1, 1, bias=False)
        if bottleneck:
            self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), nn.Conv2d(4 * growth, growth, 3, 1, 1, bias=False)
        if rate:
            self.drop = Mask(rate)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y))) if self.bottleneck else y
        return torch.cat([x, self.drop(y) if hasattr(self, "drop") else y], 1)


class Transition(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(inside), nn.Conv2d(inside, outside, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2, 2)


class CifarDensenet(nn.Module):
    """DenseNet and DenseNet-BC for 32×32, as Huang et al. have them."""

    def __init__(self, depth, growth, compressed, classes=10, dropout=0.0):
        super().__init__()
        count, channels = (depth - 4) // (6 if compressed else 3), 2 * growth if compressed else 16
        features = nn.Sequential()
        features.add_module("conv0", nn.Conv2d(3, channels, 3, 1, 1, bias=False))
        for block in range(1, 4):
            layers = nn.Sequential()
            for layer in range(1, count + 1):
                layers.add_module(f"denselayer{layer}", DenseLayer(channels, growth, compressed, dropout))
                channels += growth
            features.add_module(f"denseblock{block}", layers)
            if block < 3:
                kept = channels // 2 if compressed else channels
                features.add_module(f"transition{block}", Transition(channels, kept))
                channels = kept
        features.add_module("norm4", nn.BatchNorm2d(channels))
        self.features, self.classifier = features, nn.Linear(channels, classes)

    def forward(self, x):
        return self.classifier(F.relu(self.features(x)).mean((2, 3)))
