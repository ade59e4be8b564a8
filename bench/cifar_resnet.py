"""ResNet for CIFAR-10 as Residua builds it, in PyTorch."""
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class CifarResnet(nn.Module):
    """Names as torchvision's; width is a factor of all channels."""

    def __init__(self, depth, channels=3, classes=10, width=1, stem_stride=1):
        super().__init__()
        stem, *_ = widths = [round(width * each) for each in (16, 32, 64)]
        self.conv1, self.bn1 = nn.Conv2d(channels, stem, 3, stem_stride, 1, bias=False), nn.BatchNorm2d(stem)
        inside, stages = stem, []
        for stage, outside in enumerate(widths):
            strides = [2 if stage > 0 and index == 0 else 1 for index in range((depth - 2) // 6)]
            stages.append(nn.Sequential(*(Block(inside if index == 0 else outside, outside, stride) for index, stride in enumerate(strides))))
            inside = outside
        self.layer1, self.layer2, self.layer3 = stages
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))
