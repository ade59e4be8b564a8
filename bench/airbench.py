"""airbench as Residua builds it, in PyTorch: Jordan 2024, arXiv:2404.00498, listing 2."""
import math

import torch.nn as nn
import torch.nn.functional as F

# Widths, convolutions of a block, shortcut, momentum of norms: airbench94.py, airbench95.py and airbench96.py of the author.
PLANS = {
    "airbench94": ([64, 256, 256], 1, "plain", 0.4),
    "airbench95": ([128, 384, 384], 1, "plain", 0.4),
    "airbench96": ([128, 512, 512], 2, "pad", 0.1),
}


def create_conv(inside, outside):
    """As nn.Conv2d draws it, but for the identity on the first channels."""
    conv = nn.Conv2d(inside, outside, 3, padding=1, bias=False)
    nn.init.dirac_(conv.weight.data[:inside])
    return conv


class Block(nn.Module):
    """GELU(F(x) + x), or GELU(F(x)) without a shortcut; F is a convolution and a norm, or two of both."""

    def __init__(self, channels, depth, shortcut, momentum):
        super().__init__()
        self.depth, self.has_shortcut = depth, shortcut == "pad"
        for place in range(1, depth + 1):
            setattr(self, f"conv{place}", create_conv(channels, channels))
            setattr(self, f"bn{place}", nn.BatchNorm2d(channels, 1e-12, momentum))

    def forward(self, x):
        y = self.bn1(self.conv1(x))
        if self.depth == 2:
            y = self.bn2(self.conv2(F.gelu(y)))
        return F.gelu(y + x if self.has_shortcut else y)


class Stage(nn.Module):
    def __init__(self, inside, outside, depth, shortcut, momentum):
        super().__init__()
        self.conv, self.bn = create_conv(inside, outside), nn.BatchNorm2d(outside, 1e-12, momentum)
        self.block = Block(outside, depth, shortcut, momentum)

    def forward(self, x):
        return self.block(F.gelu(self.bn(F.max_pool2d(self.conv(x), 2))))


class Airbench(nn.Module):
    """Names as Residua's; width is a factor of all channels but the stem's, shortcut "plain" or "pad", the model's own if None."""

    def __init__(self, model, channels=3, classes=10, width=1, shortcut=None):
        super().__init__()
        widths, depth, own, momentum = PLANS[model]
        stem, *widths = 2 * channels * 2**2, *(math.floor(width * each + 0.5) for each in widths)
        self.conv1 = nn.Conv2d(channels, stem, 2)
        nn.init.zeros_(self.conv1.bias)
        stages = [Stage(*pair, depth, shortcut or own, momentum) for pair in zip([stem, *widths], widths)]
        self.layer1, self.layer2, self.layer3 = stages
        self.fc = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.gelu(self.conv1(x)))))
        return self.fc(x.amax((2, 3))) / 9
