"""Residual networks without batch norm in PyTorch: Fixup as its authors publish it, and SkipInit."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from reference import PaddedIdentity


class Bias(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x + self.bias


class Factor(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x * self.weight


class FixupBlock(nn.Module):
    """hongyi-zhang/Fixup: FixupBasicBlock (cifar/models/fixup_resnet_cifar.py), FixupBottleneck (imagenet/models/fixup_resnet_imagenet.py)"""

    def __init__(self, inside, width, stride, kind, bottleneck, groups, base):
        super().__init__()
        self.bottleneck, outside = bottleneck, width * 4 if bottleneck else width
        inner = width * base // 64 * groups
        self.bias1a, self.bias1b, self.bias2a, self.bias2b, self.scale = Bias(), Bias(), Bias(), Bias(), Factor()
        if bottleneck:
            self.conv1 = nn.Conv2d(inside, inner, 1, bias=False)
            self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
            self.bias3a, self.conv3, self.bias3b = Bias(), nn.Conv2d(inner, outside, 1, bias=False), Bias()
        else:
            self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        if inside != outside or stride > 1:
            if kind == "project":
                self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False))
            else:
                self.shortcut = PaddedIdentity(inside, outside, stride, "stride", "after")

    def forward(self, x):
        moved = self.bias1a(x)
        y = self.conv2(self.bias2a(F.relu(self.bias1b(self.conv1(moved)))))
        if self.bottleneck:
            y = self.bias3b(self.scale(self.conv3(self.bias3a(F.relu(self.bias2b(y))))))
        else:
            y = self.bias2b(self.scale(y))
        if hasattr(self, "downsample"):
            return F.relu(y + self.downsample(moved))
        return F.relu(y + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class Fixup(nn.Module):
    def __init__(self, counts, widths, kind, bottleneck=False, groups=1, base=64, stem_width=None, classes=10):
        super().__init__()
        inside = stem_width or widths[0]
        self.branches = sum(counts)
        self.conv1, self.bias1 = nn.Conv2d(3, inside, 3, 1, 1, bias=False), Bias()
        for stage, (count, width) in enumerate(zip(counts, widths)):
            blocks = []
            for index in range(count):
                blocks.append(FixupBlock(inside, width, 2 if stage > 0 and index == 0 else 1, kind, bottleneck, groups, base))
                inside = width * 4 if bottleneck else width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.stages = len(counts)
        self.bias2, self.fc = Bias(), nn.Linear(inside, classes)

    def forward(self, x):
        x = F.relu(self.bias1(self.conv1(x)))
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(self.bias2(x.mean((2, 3))))


def start_fixup(network):
    """The authors' loop over the modules, with the number of branches' layers in the exponent."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, 0, (2 / (module.weight.shape[0] * module.weight[0, 0].numel())) ** 0.5)
    for module in network.modules():
        if isinstance(module, FixupBlock):
            convolutions = [module.conv1, module.conv2] + ([module.conv3] if module.bottleneck else [])
            for convolution in convolutions[:-1]:
                convolution.weight.data *= network.branches ** (-1 / (2 * len(convolutions) - 2))
            nn.init.zeros_(convolutions[-1].weight)
    nn.init.zeros_(network.fc.weight)
    nn.init.zeros_(network.fc.bias)
    return network


def without_norm(network):
    """SkipInit's form of a network: no batch norm, and biases in the convolutions."""
    for part in list(network.modules()):
        for name, child in list(part.named_children()):
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, nn.Identity())
            elif isinstance(child, nn.Conv2d) and child.bias is None:
                child.bias = nn.Parameter(torch.zeros(child.out_channels))
    return network
