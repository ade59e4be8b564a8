"""Golden scores and gradients of residual networks on signals, volumes, sequences and for segmentation."""
import copy
import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet
from torchvision.ops import FeaturePyramidNetwork

from files import write_json, write_safetensors
from noise import uniform
from reference import fill

SAMPLES = 8
CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}


class Pad(nn.Module):
    """Option A as in 3D-ResNets-PyTorch, without the detaching that cuts its gradient."""

    def __init__(self, outside, stride):
        super().__init__()
        self.outside, self.stride = outside, stride

    def forward(self, x):
        x = x[(slice(None), slice(None)) + (slice(None, None, self.stride),) * (x.dim() - 2)]
        return F.pad(x, (0, 0) * (x.dim() - 2) + (0, self.outside - x.shape[1]))


def shortcut(dims, kind, inside, outside, stride, bias=False):
    if kind == "plain":
        return None
    if kind != "project-all" and inside == outside and stride == 1:
        return nn.Identity()
    if kind == "pad":
        return Pad(outside, stride)
    return nn.Sequential(CONV[dims](inside, outside, 1, stride, bias=bias), NORM[dims](outside))


class Block(nn.Module):
    def __init__(self, dims, inside, width, stride, kind, bottleneck, dilation=1, bias=False):
        super().__init__()
        conv, norm = CONV[dims], NORM[dims]
        outside = 4 * width if bottleneck else width
        if bottleneck:
            self.conv1, self.bn1 = conv(inside, width, 1, bias=False), norm(width)
            self.conv2, self.bn2 = conv(width, width, 3, stride, dilation, dilation, bias=False), norm(width)
            self.conv3, self.bn3 = conv(width, outside, 1, bias=False), norm(outside)
        else:
            self.conv1, self.bn1 = conv(inside, width, 3, stride, dilation, dilation, bias=False), norm(width)
            self.conv2, self.bn2 = conv(width, width, 3, 1, dilation, dilation, bias=False), norm(width)
        self.downsample, self.bottleneck = shortcut(dims, kind, inside, outside, stride, bias), bottleneck

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y if self.downsample is None else y + self.downsample(x))


class Resnet(nn.Module):
    """3D-ResNets-PyTorch's, MedicalNet's and MONAI's ResNet."""

    def __init__(self, dims, counts, kind, channels, classes, stem=2, bottleneck=False, dilated=False, bias=False):
        super().__init__()
        self.conv1, self.bn1 = CONV[dims](channels, 64, 7, stem, 3, bias=False), NORM[dims](64)
        self.maxpool, inside = POOL[dims](3, 2, 1), 64
        for index, count in enumerate(counts):
            width = 64 * 2**index
            wide = dilated and index >= 2
            stride, dilation = (1 if index == 0 or wide else 2), (2 ** (index - 1) if wide else 1)
            blocks = []
            for block in range(count):
                blocks.append(Block(dims, inside, width, stride if block == 0 else 1, kind, bottleneck, dilation, bias))
                inside = 4 * width if bottleneck else width
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.flatten(2).mean(2))


class Recurrent(nn.Module):
    def __init__(self, cell, layers, channels, hidden, classes, kind):
        super().__init__()

        class Layer(nn.Module):
            def __init__(self, inside):
                super().__init__()
                self.rnn = cell(inside, hidden)
                project = kind == "project-all" or (kind == "project" and inside != hidden)
                if project:
                    self.downsample = nn.Sequential(nn.Conv1d(inside, hidden, 1))
                self.carry = kind != "plain"

            def forward(self, x):
                y = self.rnn(x.permute(2, 0, 1))[0].permute(1, 2, 0)
                if not self.carry:
                    return y
                return y + (self.downsample(x) if hasattr(self, "downsample") else F.pad(x, (0, 0, 0, hidden - x.shape[1])))
        self.layers = nn.Sequential(*[Layer(channels if index == 0 else hidden) for index in range(layers)])
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.fc(self.layers(x)[:, :, -1])


class Gate(nn.Module):
    """MONAI's AttentionBlock."""

    def __init__(self, channels):
        super().__init__()
        inner = max(1, channels // 2)
        self.W_g = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.W_x = nn.Sequential(nn.Conv2d(channels, inner, 1), nn.BatchNorm2d(inner))
        self.psi = nn.Sequential(nn.Conv2d(inner, 1, 1), nn.BatchNorm2d(1))

    def forward(self, g, x):
        return x * torch.sigmoid(self.psi(F.relu(self.W_g(g) + self.W_x(x))))


class Unet(nn.Module):
    def __init__(self, gates, channels, classes, width, kind):
        super().__init__()
        self.gates, up = gates, "project" if kind == "pad" else kind
        for level in range(5):
            inside = channels if level == 0 else width * 2 ** (level - 1)
            setattr(self, f"down{level}", Block(2, inside, width * 2**level, 1 if level == 0 else 2, kind, False))
        for level in range(4):
            wide = width * 2**level
            setattr(self, f"up{level}", nn.ConvTranspose2d(2 * wide, wide, 2, 2))
            if gates:
                setattr(self, f"gate{level}", Gate(wide))
            setattr(self, f"block{level}", Block(2, 2 * wide, wide, 1, up, False))
        self.final = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        skips = []
        for level in range(5):
            x = getattr(self, f"down{level}")(x)
            skips.append(x)
        for level in reversed(range(4)):
            skip = skips[level]
            x = getattr(self, f"up{level}")(x)[:, :, : skip.shape[2], : skip.shape[3]]
            passed = getattr(self, f"gate{level}")(x, skip) if self.gates else skip
            x = getattr(self, f"block{level}")(torch.cat([passed, x], 1))
        return self.final(x)


class Encoder(ResNet):
    """torchvision's ResNet without its classifier."""

    def __init__(self, block, counts):
        super().__init__(block, counts)
        del self.fc
        self.widths = [64 * 2**level * block.expansion for level in range(4)]

    def planes(self, x):
        finest = self.relu(self.bn1(self.conv1(x)))
        planes = [finest, self.layer1(self.maxpool(finest))]
        for stage in (self.layer2, self.layer3, self.layer4):
            planes.append(stage(planes[-1]))
        return planes


class Pyramid(Encoder):
    """torchvision's pyramid; the head is that of Kirillov et al. with batch norms and enlargement to the nearest."""

    def __init__(self, block, counts, classes, width):
        super().__init__(block, counts)
        half = width // 2
        self.fpn = FeaturePyramidNetwork(self.widths, width)
        layer = lambda inside: nn.Sequential(nn.Conv2d(inside, half, 3, 1, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU())
        self.head = nn.ModuleList(
            [nn.ModuleList([layer(width if place == 0 else half) for place in range(max(1, level))]) for level in range(4)])
        self.final = nn.ConvTranspose2d(half, classes, 4, 4)

    def forward(self, x):
        planes = self.planes(x)[1:]
        said = []
        for level, y in enumerate(self.fpn({str(index): plane for index, plane in enumerate(planes)}).values()):
            for place, layer in enumerate(self.head[level]):
                y = layer(y)
                if level > 0:
                    y = F.interpolate(y, size=planes[level - 1 - place].shape[2:], mode="nearest")
            said.append(y)
        return self.final(sum(said))[:, :, : x.shape[2], : x.shape[3]]


class EncoderUnet(Encoder):
    def __init__(self, block, counts, gates, classes):
        super().__init__(block, counts)
        self.gates, widths = gates, [64, *self.widths]
        for level in range(4):
            setattr(self, f"up{level}", nn.ConvTranspose2d(widths[level + 1], widths[level], 2, 2))
            if gates:
                setattr(self, f"gate{level}", Gate(widths[level]))
            setattr(self, f"block{level}", Block(2, 2 * widths[level], widths[level], 1, "project", False))
        self.final = nn.ConvTranspose2d(64, classes, 2, 2)

    def forward(self, x):
        skips = self.planes(x)
        y = skips[4]
        for level in reversed(range(4)):
            skip = skips[level]
            y = getattr(self, f"up{level}")(y)[:, :, : skip.shape[2], : skip.shape[3]]
            passed = getattr(self, f"gate{level}")(y, skip) if self.gates else skip
            y = getattr(self, f"block{level}")(torch.cat([passed, y], 1))
        return self.final(y)[:, :, : x.shape[2], : x.shape[3]]


def build():
    cases, tensors = [], {}

    def case(model, options, module, shape):
        name = f"{model}{len(cases)}"
        seed = 300 + len(cases)
        fill(module, seed)
        module.double()
        x = torch.from_numpy((1.7 * uniform(seed + 1000, int(np.prod(shape)))).reshape(shape).astype(np.float32)).double()
        module.eval()
        with torch.no_grad():
            tensors[f"{name}/evaluate"] = module(x).float().numpy()
        module.train()
        scores = module(x)
        tensors[f"{name}/train"] = scores.detach().float().numpy()
        weights = torch.from_numpy((1.7 * uniform(seed + 2000, scores.numel())).reshape(tuple(scores.shape)).astype(np.float32)).double()
        (scores * weights).sum().backward()
        single = copy.deepcopy(module).float()
        single.zero_grad()
        (single(x.float()) * weights.float()).sum().backward()
        # Biases before a batch norm have a gradient of nothing but rounding, so there is a least scale to share by.
        floor = 1e-3 * max(float(parameter.grad.abs().max()) for parameter in module.parameters())
        for (key, parameter), rounded in zip(module.named_parameters(), single.parameters()):
            gradient = parameter.grad.flatten().float().numpy()
            taken = gradient[(np.arange(SAMPLES) * 7919) % gradient.size]
            scale = max(float(np.abs(gradient).max()), floor)
            # What PyTorch's own float32 misses its float64 by.
            missed = float((rounded.grad - parameter.grad).abs().max()) / scale
            tensors[f"{name}/gradient/{key}"] = np.append(taken, [scale, missed]).astype(np.float32)
        parameters = sum(parameter.numel() for parameter in module.parameters())
        cases.append({"name": name, "model": model, "options": options, "seed": seed, "shape": shape, "parameters": parameters})

    case("resnet18-1d", {"shortcut": "project", "channels": 2, "classes": 3}, Resnet(1, [2, 2, 2, 2], "project", 2, 3), [3, 2, 128])
    case("resnet18-1d", {"shortcut": "pad", "channels": 1, "classes": 3, "stemStride": 1}, Resnet(1, [2, 2, 2, 2], "pad", 1, 3, stem=1), [3, 1, 100])
    case("resnet50-1d", {"shortcut": "project", "projectionBias": True}, Resnet(1, [3, 4, 6, 3], "project", 1, 2, bottleneck=True, bias=True), [4, 1, 128])
    case("resnet10-3d", {"shortcut": "project", "classes": 4}, Resnet(3, [1, 1, 1, 1], "project", 3, 4, stem=(1, 2, 2)), [2, 3, 8, 32, 24])
    case("medicalnet10", {"shortcut": "pad"}, Resnet(3, [1, 1, 1, 1], "pad", 1, 2, dilated=True), [2, 1, 16, 16, 24])
    for cell, kind in (("lstm", "project"), ("gru", "pad"), ("lstm", "plain"), ("gru", "project-all")):
        options = {"shortcut": kind, "channels": 5, "hidden": 8, "classes": 3}
        case(f"res{cell}3", options, Recurrent({"lstm": nn.LSTM, "gru": nn.GRU}[cell], 3, 5, 8, 3, kind), [4, 5, 6])
    case("attention-resunet", {"shortcut": "project", "channels": 2, "classes": 3, "stemWidth": 4}, Unet(True, 2, 3, 4, "project"), [2, 2, 32, 48])
    case("attention-resunet", {"shortcut": "pad", "stemWidth": 4}, Unet(True, 1, 2, 4, "pad"), [2, 1, 37, 45])
    case("resunet", {"shortcut": "plain", "channels": 3, "stemWidth": 4}, Unet(False, 3, 2, 4, "plain"), [2, 3, 32, 32])
    case("resnet18-fpn", {"classes": 3, "pyramidWidth": 8}, Pyramid(BasicBlock, [2, 2, 2, 2], 3, 8), [2, 3, 37, 50])
    case("resnet50-fpn", {"classes": 2, "pyramidWidth": 6}, Pyramid(Bottleneck, [3, 4, 6, 3], 2, 6), [2, 3, 32, 48])
    case("resnet18-unet", {"classes": 3}, EncoderUnet(BasicBlock, [2, 2, 2, 2], False, 3), [2, 3, 37, 50])

    write_safetensors("further-networks.safetensors", tensors)
    write_json("further-networks.json", {"madeBy": "test/golden/further_networks.py", "torch": torch.__version__, "samples": SAMPLES, "cases": cases})
    # Published by MONAI and MedicalNet: key lists are torchvision's, so only counts differ by the number of axes.
    print(json.dumps({name: sum(p.numel() for p in net.parameters()) for name, net in {
        "resnet18-3d": Resnet(3, [2, 2, 2, 2], "project", 3, 400, stem=(1, 2, 2)),
        "resnet50-3d": Resnet(3, [3, 4, 6, 3], "project", 3, 400, stem=(1, 2, 2), bottleneck=True),
        "attention-resunet": Unet(True, 1, 2, 32, "project"),
        "resunet": Unet(False, 1, 2, 32, "project"),
        "resnet18-fpn": Pyramid(BasicBlock, [2, 2, 2, 2], 2, 256),
        "resnet18-unet": EncoderUnet(BasicBlock, [2, 2, 2, 2], False, 2),
    }.items()}))
