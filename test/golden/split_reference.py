"""Residual networks whose blocks split their channels, written out in PyTorch under timm's names; each class names the source that it follows."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from families_reference import Block, Resnet


class Res2netBlock(Block):
    """timm/models/res2net.py Bottle2neck; `shortcut` of any type, and whether the parts meet follows from the shapes"""

    def __init__(self, inside, width, stride, kind, bottleneck=True, scale_parts=4, groups=1, base=26, dilation=1, first_dilation=None, **options):
        super().__init__(inside, width, stride, kind, True, **options)
        first, part, outside = first_dilation or dilation, width * base // 64 * groups, 4 * width
        del self.conv2, self.bn2
        self.parts, self.part, self.apart = scale_parts, part, not self.same
        convolved = max(1, scale_parts - 1)
        self.conv1, self.bn1 = nn.Conv2d(inside, part * scale_parts, 1, bias=False), nn.BatchNorm2d(part * scale_parts)
        self.convs = nn.ModuleList([nn.Conv2d(part, part, 3, stride, first, first, groups, bias=False) for _ in range(convolved)])
        self.bns = nn.ModuleList([nn.BatchNorm2d(part) for _ in range(convolved)])
        self.pool = nn.AvgPool2d(3, stride, 1)
        self.conv3 = nn.Conv2d(part * scale_parts, outside, 1, bias=False)

    def residual(self, x):
        parts = torch.split(F.relu(self.bn1(self.conv1(x))), self.part, 1)
        outputs = []
        for index, (conv, norm) in enumerate(zip(self.convs, self.bns)):
            y = parts[index] if index == 0 or self.apart else y + parts[index]
            y = F.relu(norm(conv(y)))
            outputs.append(y)
        if self.parts > 1:
            outputs.append(self.pool(parts[-1]) if self.apart else parts[-1])
        y = self.bn3(self.conv3(torch.cat(outputs, 1)))
        for name in ("se", "drop_path", "layer_scale"):
            y = getattr(self, name)(y) if hasattr(self, name) else y
        return y, x


class SplitAttention(nn.Module):
    """timm/layers/split_attn.py SplitAttn"""

    def __init__(self, channels, radix, groups, dilation):
        super().__init__()
        self.radix, self.groups = radix, groups
        wanted = channels * radix * 0.25
        squeezed = max(32, int(wanted + 4) // 8 * 8)
        squeezed += 8 if squeezed < 0.9 * wanted else 0
        self.conv = nn.Conv2d(channels, channels * radix, 3, 1, dilation, dilation, groups * radix, bias=False)
        self.bn0 = nn.BatchNorm2d(channels * radix)
        self.fc1, self.bn1 = nn.Conv2d(channels, squeezed, 1, groups=groups), nn.BatchNorm2d(squeezed)
        self.fc2 = nn.Conv2d(squeezed, channels * radix, 1, groups=groups)

    def weights(self, scores):
        batch = scores.shape[0]
        if self.radix == 1:
            return torch.sigmoid(scores).reshape(batch, -1)
        return F.softmax(scores.reshape(batch, self.groups, self.radix, -1).transpose(1, 2), 1).reshape(batch, -1)

    def forward(self, x):
        x = F.relu(self.bn0(self.conv(x)))
        batch, channels, height, width = x.shape
        x = x.reshape(batch, self.radix, channels // self.radix, height, width)
        means = x.sum(1).mean((2, 3), keepdim=True)
        weights = self.weights(self.fc2(F.relu(self.bn1(self.fc1(means)))))
        return (x * weights.reshape(batch, self.radix, channels // self.radix, 1, 1)).sum(1)


class ResnestBlock(Block):
    """timm/models/resnest.py ResNestBottleneck; `shortcut` of any type"""

    def __init__(self, inside, width, stride, kind, bottleneck=True, radix=2, groups=1, base=64, first=False, dilation=1, first_dilation=None, **options):
        super().__init__(inside, width, stride, kind, True, **options)
        inner = width * base // 64 * groups
        del self.bn2
        self.conv1, self.bn1 = nn.Conv2d(inside, inner, 1, bias=False), nn.BatchNorm2d(inner)
        pool = nn.AvgPool2d(3, stride, 1) if stride > 1 else nn.Identity()
        self.avd_first, self.avd_last = (pool, nn.Identity()) if first else (nn.Identity(), pool)
        self.conv2 = SplitAttention(inner, radix, groups, first_dilation or dilation)
        self.conv3 = nn.Conv2d(inner, 4 * width, 1, bias=False)

    def residual(self, x):
        y = self.avd_last(self.conv2(self.avd_first(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        for name in ("drop_path", "layer_scale"):
            y = getattr(self, name)(y) if hasattr(self, name) else y
        return y, x


FOUR, THREE_FOUR_SIX_THREE = [64, 128, 256, 512], [3, 4, 6, 3]


def res2net(base=26, parts=4, counts=THREE_FOUR_SIX_THREE, **options):
    return Resnet(counts, FOUR, bottleneck=True, make=Res2netBlock, base=base, scale_parts=parts, **options)


def resnest(counts, stem_width=64, **options):
    deep = dict(stem="deep", average=True, stem_width=stem_width)
    return Resnet(counts, FOUR, bottleneck=True, make=ResnestBlock, **deep, **options)


# timm/models/res2net.py and resnest.py
NETWORKS = {
    "res2net50_26w_4s": lambda **more: res2net(**more),
    "res2net50_14w_8s": lambda **more: res2net(14, 8, **more),
    "res2net50_48w_2s": lambda **more: res2net(48, 2, **more),
    "res2net50_26w_6s": lambda **more: res2net(26, 6, **more),
    "res2net50_26w_8s": lambda **more: res2net(26, 8, **more),
    "res2net101_26w_4s": lambda **more: res2net(counts=[3, 4, 23, 3], **more),
    "res2next50": lambda **more: res2net(4, 4, groups=8, **more),
    "res2net50d": lambda **more: res2net(stem="deep", average=True, **more),
    "res2net101d": lambda **more: res2net(counts=[3, 4, 23, 3], stem="deep", average=True, **more),
    "resnest14d": lambda **more: resnest([1] * 4, **more),
    "resnest26d": lambda **more: resnest([2] * 4, **more),
    "resnest50d": lambda **more: resnest(THREE_FOUR_SIX_THREE, **more),
    "resnest101e": lambda **more: resnest([3, 4, 23, 3], 128, **more),
    "resnest200e": lambda **more: resnest([3, 24, 36, 3], 128, **more),
    "resnest269e": lambda **more: resnest([3, 30, 48, 8], 128, **more),
    "resnest50d_4s2x40d": lambda **more: resnest(THREE_FOUR_SIX_THREE, radix=4, groups=2, base=40, first=True, **more),
    "resnest50d_1s4x24d": lambda **more: resnest(THREE_FOUR_SIX_THREE, radix=1, groups=4, base=24, first=True, **more),
}
