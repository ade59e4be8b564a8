"""Exports ResNets to ONNX as users of PyTorch do, for fine-tuning.

    python3 make-fine-tuning.py            the narrow networks beside this file, which the tests use
    python3 make-fine-tuning.py FOLDER     torchvision's resnet18 (45 MB a file) into FOLDER

Made with PyTorch 1.13 and torchvision 0.14 (Debian's python3-torch and python3-torchvision), seed 4. Weights are
random: what the tests look at is how exports are written, not what they know.
"""

import os
import sys
import warnings

import torch
from torch import nn
from torchvision.models import resnet18
from torchvision.models.resnet import BasicBlock, ResNet

SEED = 4


class NarrowResnet(ResNet):
    """torchvision's ResNet-18 with 4, 8, 12 and 16 channels, and dropout before the classifier."""

    def __init__(self, classes):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, 4, 1, 1, 64
        self.conv1 = nn.Conv2d(3, 4, 7, 2, 3, bias=False)
        self.bn1, self.relu, self.maxpool = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._make_layer(BasicBlock, 4, 2)
        self.layer2 = self._make_layer(BasicBlock, 8, 2, stride=2)
        self.layer3 = self._make_layer(BasicBlock, 12, 2, stride=2)
        self.layer4 = self._make_layer(BasicBlock, 16, 2, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def export(make, path, size, training, opset, dynamic=True):
    torch.manual_seed(SEED)
    model = make()
    model.train(training)
    images = torch.randn(2, 3, size, size)
    mode = torch.onnx.TrainingMode.TRAINING if training else torch.onnx.TrainingMode.EVAL
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, images, path, training=mode, do_constant_folding=not training, opset_version=opset,
                          input_names=["input"], output_names=["output"],
                          dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}} if dynamic else None)
    print(path, os.path.getsize(path))


if len(sys.argv) > 1:
    for training in (False, True):
        export(resnet18, os.path.join(sys.argv[1], f"resnet18-{'training' if training else 'folded'}.onnx"), 224,
               training, 17)
else:
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fine-tuning")
    narrow = lambda: NarrowResnet(10)
    export(narrow, os.path.join(folder, "narrow-folded.onnx"), 32, False, 17)
    export(narrow, os.path.join(folder, "narrow-training.onnx"), 32, True, 13, dynamic=False)
