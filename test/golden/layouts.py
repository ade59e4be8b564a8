"""Networks of other systems under the names that their published sources give, for make-layouts.py.

Each class follows the source named in its comment: names, order, where biases are, where the stride is, what the shortcut reads.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
MAXPOOL = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
LAYERS = {10: [1, 1, 1, 1], 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3], 152: [3, 8, 36, 3], 200: [3, 24, 36, 3]}


class PaddedShortcut(nn.Module):
    """Option A of 3D-ResNets-PyTorch, MedicalNet and MONAI: every stride-th point, zero channels after."""

    def __init__(self, planes, stride):
        super().__init__()
        self.planes, self.stride = planes, stride

    def forward(self, x):
        x = x[(slice(None), slice(None)) + (slice(None, None, self.stride),) * (x.dim() - 2)]
        return torch.cat([x, x.new_zeros(x.shape[0], self.planes - x.shape[1], *x.shape[2:])], 1)


class VolumeBlock(nn.Module):
    def __init__(self, inside, planes, stride, downsample, dims, bottleneck, dilation):
        super().__init__()
        conv, norm = CONV[dims], NORM[dims]
        if bottleneck:
            self.conv1, self.bn1 = conv(inside, planes, 1, bias=False), norm(planes)
            self.conv2 = conv(planes, planes, 3, stride, dilation, dilation, bias=False)
            self.bn2 = norm(planes)
            self.conv3, self.bn3 = conv(planes, planes * 4, 1, bias=False), norm(planes * 4)
        else:
            self.conv1, self.bn1 = conv(inside, planes, 3, stride, dilation, dilation, bias=False), norm(planes)
            self.conv2, self.bn2 = conv(planes, planes, 3, 1, dilation, dilation, bias=False), norm(planes)
        self.downsample = downsample
        self.bottleneck = bottleneck

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(F.relu(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class VolumeResnet(nn.Module):
    """MONAI networks/nets/resnet.py; kenshohara/3D-ResNets-PyTorch models/resnet.py; Tencent/MedicalNet models/resnet.py.

    stem_stride: MONAI conv1_t_stride 1 on every axis, 3D-ResNets (1, 2, 2), MedicalNet 2.
    MedicalNet: layers 3 and 4 keep the stride at 1 and dilate by 2 and 4.
    """

    def __init__(self, depth, dims=3, channels=3, classes=400, shortcut="B", bias=False, stem_stride=2, dilated=False):
        super().__init__()
        self.dims, self.shortcut, self.bias, self.inside = dims, shortcut, bias, 64
        self.bottleneck = depth >= 50
        self.conv1 = CONV[dims](channels, 64, 7, stem_stride, 3, bias=False)
        self.bn1 = NORM[dims](64)
        self.maxpool = MAXPOOL[dims](3, 2, 1)
        plan = [(64, 1, 1), (128, 2, 1), (256, 1 if dilated else 2, 2 if dilated else 1), (512, 1 if dilated else 2, 4 if dilated else 1)]
        for index, (planes, stride, dilation) in enumerate(plan):
            setattr(self, f"layer{index + 1}", self.stage(planes, LAYERS[depth][index], stride, dilation))
        if classes is not None:
            self.fc = nn.Linear(self.inside, classes)

    def stage(self, planes, count, stride, dilation):
        outside, downsample = planes * (4 if self.bottleneck else 1), None
        if stride != 1 or self.inside != outside:
            if self.shortcut == "A":
                downsample = PaddedShortcut(outside, stride)
            else:
                conv = CONV[self.dims](self.inside, outside, 1, stride, bias=self.bias)
                downsample = nn.Sequential(conv, NORM[self.dims](outside))
        blocks = [VolumeBlock(self.inside, planes, stride, downsample, self.dims, self.bottleneck, dilation)]
        self.inside = outside
        blocks += [VolumeBlock(outside, planes, 1, None, self.dims, self.bottleneck, dilation) for _ in range(count - 1)]
        return nn.Sequential(*blocks)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = x.flatten(2).mean(2)
        return self.fc(x) if hasattr(self, "fc") else x


class AkamasterBlock(nn.Module):
    """akamaster/pytorch_resnet_cifar10 resnet.py, option A: half of the new planes before, half after."""

    def __init__(self, inside, planes, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.changes, self.quarter = stride != 1 or inside != planes, planes // 4

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.quarter, self.quarter)) if self.changes else x
        return F.relu(y + short)


class Akamaster(nn.Module):
    def __init__(self, depth):
        super().__init__()
        count = (depth - 2) // 6
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        inside = 16
        for index, planes in enumerate([16, 32, 64]):
            first = AkamasterBlock(inside, planes, 1 if index == 0 else 2)
            rest = [AkamasterBlock(planes, planes, 1) for _ in range(count - 1)]
            setattr(self, f"layer{index + 1}", nn.Sequential(first, *rest))
            inside = planes
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


class WideBlock(nn.Module):
    """szagoruyko/wide-residual-networks pytorch/resnet.py: block(); the projection reads relu(bn0(x))."""

    def __init__(self, inside, outside, stride):
        super().__init__()
        self.bn0, self.conv0 = nn.BatchNorm2d(inside), nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1, self.conv1 = nn.BatchNorm2d(outside), nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        if inside != outside:
            self.convdim = nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x):
        active = F.relu(self.bn0(x))
        y = self.conv1(F.relu(self.bn1(self.conv0(active))))
        return y + (self.convdim(active) if hasattr(self, "convdim") else x)


class Wide(nn.Module):
    """A WRN-depth-width for 32x32, under Zagoruyko's names; `rename_wide` gives the other systems'."""

    def __init__(self, depth, width, classes=10):
        super().__init__()
        count, inside = (depth - 4) // 6, 16
        self.conv0 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        for index in range(3):
            outside, group = 16 * width * 2**index, nn.Module()
            for place in range(count):
                group.add_module(f"block{place}", WideBlock(inside, outside, 2 if index > 0 and place == 0 else 1))
                inside = outside
            setattr(self, f"group{index}", group)
        self.bn, self.fc = nn.BatchNorm2d(inside), nn.Linear(inside, classes)

    def forward(self, x):
        x = self.conv0(x)
        for group in (self.group0, self.group1, self.group2):
            for block in group.children():
                x = block(x)
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


def zagoruyko_names(name):
    """The flat dictionary of the functional source: a convolution is its weight, nothing counts batches."""
    return None if name.endswith("num_batches_tracked") else name.replace("convdim.weight", "convdim") if "convdim" in name else strip_conv(name)


def strip_conv(name):
    parts = name.split(".")
    return ".".join(parts[:-1]) if parts[-2].startswith("conv") else name


def xternalz_names(name):
    """xternalz/WideResNet-pytorch wideresnet.py."""
    parts = name.split(".")
    if parts[0].startswith("group"):
        leaf = {"bn0": "bn1", "conv0": "conv1", "bn1": "bn2", "conv1": "conv2", "convdim": "convShortcut"}[parts[2]]
        return f"block{int(parts[0][5:]) + 1}.layer.{parts[1][5:]}.{leaf}.{parts[3]}"
    return ".".join([{"conv0": "conv1", "bn": "bn1"}.get(parts[0], parts[0]), *parts[1:]])


class MeliketoyBlock(nn.Module):
    """meliketoy/wide-resnet.pytorch networks/wide_resnet.py: biases, the stride in conv2, a projection of x itself."""

    def __init__(self, inside, planes, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inside), nn.Conv2d(inside, planes, 3, 1, 1)
        self.bn2, self.conv2 = nn.BatchNorm2d(planes), nn.Conv2d(planes, planes, 3, stride, 1)
        self.shortcut = nn.Sequential()
        if stride != 1 or inside != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, planes, 1, stride))

    def forward(self, x):
        return self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x)))))) + self.shortcut(x)


class Meliketoy(nn.Module):
    def __init__(self, depth, width, classes=10):
        super().__init__()
        count, inside = (depth - 4) // 6, 16
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1)
        for index in range(3):
            planes = 16 * width * 2**index
            first = MeliketoyBlock(inside, planes, 1 if index == 0 else 2)
            setattr(self, f"layer{index + 1}", nn.Sequential(first, *[MeliketoyBlock(planes, planes, 1) for _ in range(count - 1)]))
            inside = planes
        self.bn1, self.linear = nn.BatchNorm2d(inside), nn.Linear(inside, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.linear(F.relu(self.bn1(x)).mean((2, 3)))


class TimmBottleneck(nn.Module):
    """huggingface/pytorch-image-models timm/models/resnet.py: Bottleneck with downsample_avg and, where wanted, SE."""

    def __init__(self, inside, planes, stride, first, attention):
        super().__init__()
        outside = planes * 4
        self.conv1, self.bn1 = nn.Conv2d(inside, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, outside, 1, bias=False), nn.BatchNorm2d(outside)
        if attention:
            self.se = nn.Module()
            self.se.fc1, self.se.fc2 = nn.Conv2d(outside, outside // 16, 1), nn.Conv2d(outside // 16, outside, 1)
        self.downsample = None
        if first and attention:
            self.downsample = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))
        elif first:
            pool = nn.Identity() if stride == 1 else nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False)
            self.downsample = nn.Sequential(pool, nn.Conv2d(inside, outside, 1, bias=False), nn.BatchNorm2d(outside))

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        if hasattr(self, "se"):
            y = y * self.se.fc2(F.relu(self.se.fc1(y.mean((2, 3), keepdim=True)))).sigmoid()
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class TimmResnet(nn.Module):
    """timm's resnet50d (three 3x3 convolutions in the stem, averaged shortcuts) and seresnet50."""

    def __init__(self, depth, attention=False, classes=1000):
        super().__init__()
        if attention:
            self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        else:
            self.conv1 = nn.Sequential(
                *[nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU()],
                *[nn.Conv2d(32, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3, 1, 1, bias=False)],
            )
        self.bn1, inside = nn.BatchNorm2d(64), 64
        for index, count in enumerate(LAYERS[depth]):
            planes, blocks = 64 * 2**index, []
            for place in range(count):
                blocks.append(TimmBottleneck(inside, planes, 2 if index > 0 and place == 0 else 1, place == 0, attention))
                inside = planes * 4
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class TimmV2Block(nn.Module):
    """timm/models/resnetv2.py: PreActBottleneck; the projection reads norm1's output and has no norm.

    average: DownsampleAvg, which pools by the stride and then projects.
    """

    def __init__(self, inside, outside, stride, first, average=False):
        super().__init__()
        middle = outside // 4
        self.norm1, self.conv1 = nn.BatchNorm2d(inside), nn.Conv2d(inside, middle, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(middle), nn.Conv2d(middle, middle, 3, stride, 1, bias=False)
        self.norm3, self.conv3 = nn.BatchNorm2d(middle), nn.Conv2d(middle, outside, 1, bias=False)
        if first:
            self.downsample = nn.Module()
            self.downsample.conv = nn.Conv2d(inside, outside, 1, 1 if average else stride, bias=False)
        self.pool = nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False) if average and stride > 1 else nn.Identity()

    def forward(self, x):
        active = F.relu(self.norm1(x))
        short = self.downsample.conv(self.pool(active)) if hasattr(self, "downsample") else x
        y = self.conv2(F.relu(self.norm2(self.conv1(active))))
        return self.conv3(F.relu(self.norm3(y))) + short


class TimmResnetV2(nn.Module):
    """deep: create_resnetv2_stem("deep"), with averaged shortcuts, as resnetv2_50d has them."""

    def __init__(self, depth, classes=1000, deep=False):
        super().__init__()
        self.stem, stages, inside = nn.Module(), [], 64
        self.deep = deep
        if deep:
            self.stem.conv1, self.stem.norm1 = nn.Conv2d(3, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32)
            self.stem.conv2, self.stem.norm2 = nn.Conv2d(32, 32, 3, 1, 1, bias=False), nn.BatchNorm2d(32)
            self.stem.conv3 = nn.Conv2d(32, 64, 3, 1, 1, bias=False)
        else:
            self.stem.conv = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        for index, count in enumerate(LAYERS[depth]):
            outside, stage = 256 * 2**index, nn.Module()
            blocks = []
            for place in range(count):
                blocks.append(TimmV2Block(inside, outside, 2 if index > 0 and place == 0 else 1, place == 0, deep))
                inside = outside
            stage.blocks = nn.Sequential(*blocks)
            stages.append(stage)
        self.stages = nn.ModuleList(stages)
        self.norm, self.head = nn.BatchNorm2d(inside), nn.Module()
        self.head.fc = nn.Conv2d(inside, classes, 1)

    def stem_output(self, x):
        if not self.deep:
            return self.stem.conv(x)
        x = F.relu(self.stem.norm1(self.stem.conv1(x)))
        return self.stem.conv3(F.relu(self.stem.norm2(self.stem.conv2(x))))

    def forward(self, x):
        x = F.max_pool2d(self.stem_output(x), 3, 2, 1)
        for stage in self.stages:
            x = stage.blocks(x)
        return self.head.fc(F.relu(self.norm(x)).mean((2, 3), keepdim=True)).flatten(1)


class KerasBlock(nn.Module):
    """keras/applications/resnet.py block1: stride in the first 1x1, biases everywhere, epsilon 1.001e-5."""

    def __init__(self, inside, filters, stride, first):
        super().__init__()
        norm = lambda planes: nn.BatchNorm2d(planes, eps=1.001e-5)
        if first:
            self.conv_0, self.bn_0 = nn.Conv2d(inside, 4 * filters, 1, stride), norm(4 * filters)
        self.conv_1, self.bn_1 = nn.Conv2d(inside, filters, 1, stride), norm(filters)
        self.conv_2, self.bn_2 = nn.Conv2d(filters, filters, 3, 1, 1), norm(filters)
        self.conv_3, self.bn_3 = nn.Conv2d(filters, 4 * filters, 1), norm(4 * filters)

    def forward(self, x):
        short = self.bn_0(self.conv_0(x)) if hasattr(self, "conv_0") else x
        y = F.relu(self.bn_1(self.conv_1(x)))
        return F.relu(self.bn_3(self.conv_3(F.relu(self.bn_2(self.conv_2(y))))) + short)


class KerasResnet(nn.Module):
    def __init__(self, depth, classes=1000):
        super().__init__()
        self.conv1_conv, self.conv1_bn = nn.Conv2d(3, 64, 7, 2, 3), nn.BatchNorm2d(64, eps=1.001e-5)
        inside, self.order = 64, []
        for index, count in enumerate(LAYERS[depth]):
            filters = 64 * 2**index
            for place in range(count):
                name = f"conv{index + 2}_block{place + 1}"
                setattr(self, name, KerasBlock(inside, filters, 2 if index > 0 and place == 0 else 1, place == 0))
                self.order.append(name)
                inside = 4 * filters
        self.predictions = nn.Linear(inside, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1_bn(self.conv1_conv(x))), 3, 2, 1)
        for name in self.order:
            x = getattr(self, name)(x)
        return self.predictions(x.mean((2, 3)))


def keras_names(name):
    """conv2_block1.conv_0.weight -> conv2_block1_0_conv.weight; the leaf and the axes stay PyTorch's here."""
    parts = name.split(".")
    if parts[-1] == "num_batches_tracked":
        return None
    if len(parts) == 3:
        kind, place = parts[1].split("_")
        return f"{parts[0]}_{place}_{kind}.{parts[2]}"
    return name


def old_keras_names(name):
    """Keras before 2.2.5: res2a_branch2a, bn2a_branch2a, res2a_branch1, fc1000."""
    new = keras_names(name)
    if new is None:
        return None
    layer, leaf = new.split(".")
    fixed = {"conv1_conv": "conv1", "conv1_bn": "bn_conv1", "predictions": "fc1000"}
    if layer in fixed:
        return f"{fixed[layer]}.{leaf}"
    stage, block, place, kind = layer.removeprefix("conv").split("_")
    letter = chr(ord("a") + int(block.removeprefix("block")) - 1)
    branch = "branch1" if place == "0" else "branch2" + "abc"[int(place) - 1]
    return f"{'res' if kind == 'conv' else 'bn'}{stage}{letter}_{branch}.{leaf}"
