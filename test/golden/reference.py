"""Residual networks written out in PyTorch as the papers have them, under torchvision's names."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class PaddedIdentity(nn.Module):
    """Option A: subsample, then zero channels after or around."""

    def __init__(self, inside, outside, stride, subsample, pad_side):
        super().__init__()
        self.stride, self.subsample = stride, subsample
        added = outside - inside
        before = added // 2 if pad_side == "both" else 0
        self.pads = (0, 0, 0, 0, before, added - before)

    def forward(self, x):
        if self.stride > 1:
            if self.subsample == "average":
                x = F.avg_pool2d(x, self.stride, self.stride, ceil_mode=True, count_include_pad=False)
            else:
                x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, self.pads)


def shortcut(kind, inside, outside, stride, subsample="stride", padSide="after", projectionNorm=True, projectionBias=False):
    same = inside == outside and stride == 1
    if kind == "plain":
        return None
    if kind == "project-all" or (kind == "project" and not same):
        averaged = subsample == "average" and stride > 1
        layers = [nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)] if averaged else []
        layers.append(nn.Conv2d(inside, outside, 1, 1 if averaged else stride, bias=projectionBias))
        return nn.Sequential(*layers, *([nn.BatchNorm2d(outside)] if projectionNorm else []))
    return nn.Identity() if same else PaddedIdentity(inside, outside, stride, subsample, padSide)


class Block(nn.Module):
    def __init__(self, inside, width, stride, kind, bottleneck, stridePlace="3x3", **options):
        super().__init__()
        self.bottleneck = bottleneck
        outside = width * 4 if bottleneck else width
        if bottleneck:
            first, second = (stride, 1) if stridePlace == "1x1" else (1, stride)
            self.conv1, self.bn1 = nn.Conv2d(inside, width, 1, first, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, second, 1, bias=False), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = nn.Conv2d(width, outside, 1, bias=False), nn.BatchNorm2d(outside)
        else:
            self.conv1, self.bn1 = nn.Conv2d(inside, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.downsample = shortcut(kind, inside, outside, stride, **options)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y if self.downsample is None else y + self.downsample(x))


def stage(inside, width, count, stride, kind, bottleneck, options):
    outside = width * 4 if bottleneck else width
    blocks = [Block(inside if i == 0 else outside, width, stride if i == 0 else 1, kind, bottleneck, **options) for i in range(count)]
    return nn.Sequential(*blocks)


class CifarResnet(nn.Module):
    def __init__(self, depth, kind, channels=3, classes=10, **options):
        super().__init__()
        n = (depth - 2) // 6
        self.conv1, self.bn1 = nn.Conv2d(channels, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = stage(16, 16, n, 1, kind, False, options)
        self.layer2 = stage(16, 32, n, 2, kind, False, options)
        self.layer3 = stage(32, 64, n, 2, kind, False, options)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


class ImagenetResnet(nn.Module):
    def __init__(self, depth, kind, channels=3, classes=1000, **options):
        super().__init__()
        bottleneck = depth >= 50
        counts = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3]}[depth]
        self.conv1, self.bn1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        inside = 64
        for index, count in enumerate(counts):
            width = 64 * 2**index
            setattr(self, f"layer{index + 1}", stage(inside, width, count, 1 if index == 0 else 2, kind, bottleneck, options))
            inside = width * (4 if bottleneck else 1)
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def fill(module, seed):
    """Gives every parameter and buffer its value of noise.state_value."""
    from noise import state_value

    for name, value in module.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            value.copy_(torch.from_numpy(state_value(seed, name, tuple(value.shape))))
    for name, part in module.named_modules():
        if hasattr(part, "place"):
            part.place = (seed, name)
    return module
