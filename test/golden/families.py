"""Golden logits, losses and gradients of the families: torchvision's own modules, hand-written ones elsewhere.

python3 test/golden/families.py (PyTorch 1.13 and torchvision 0.14, Debian's python3-torchvision)
"""
import torch
import torch.nn as nn
import torchvision

from calm import CalmFill
from families_reference import CifarDensenet, PreactivationResnet, Resnet
import networks
from files import write_json, write_safetensors
from networks import SAMPLES, network_case

FOUR = [64, 128, 256, 512]
# Deep bottlenecks need a calmer seed and fewer numbers for no relu to flip.
DEEP = ("resnet50", "resnet101")
CIFAR = dict(stem="3x3", stem_width=16)


def torchvision_case(model, classes, **options):
    def make():
        network = getattr(torchvision.models, model)(num_classes=classes, **options)
        for name, part in list(network.named_modules()):
            if isinstance(part, nn.ReLU):
                part.inplace = False
        return network
    return make


def cifar(kind="project", depth=8, **options):
    count = (depth - 2) // 6
    return lambda: Resnet([count] * 3, [16, 32, 64], kind, **CIFAR, **options)


def preactivation(kind="project", depth=8, **options):
    count = (depth - 2) // 6
    return lambda: PreactivationResnet([count] * 3, [16, 32, 64], kind, **CIFAR, convolution=False, **options)


def cases():
    """Model name, its options, how PyTorch makes it, side of the images, batch, classes, seeds to choose from."""
    yield "resnet18d", {}, lambda: Resnet([2] * 4, FOUR, stem="deep", average=True), 48, 4, 10, 1
    yield "seresnet18", {}, lambda: Resnet([2] * 4, FOUR, attention="se"), 48, 4, 10, 1
    yield "cbamresnet18", {}, lambda: Resnet([2] * 4, FOUR, attention="cbam"), 48, 4, 10, 1
    yield "resnetv2_18", {}, lambda: PreactivationResnet([2] * 4, FOUR), 48, 4, 10, 1
    yield "resnetv2_50", {}, lambda: PreactivationResnet([3, 4, 6, 3], FOUR, bottleneck=True), 48, 4, 10, 1
    yield "resnetv2_50d", {}, lambda: PreactivationResnet([3, 4, 6, 3], FOUR, bottleneck=True, stem="deep", average=True), 48, 4, 10, 1
    yield "wrn-10-2", {"dropout": 0.3}, lambda: PreactivationResnet([1] * 3, [32, 64, 128], inner_dropout=0.3, convolution=False, **CIFAR), 16, 4, 10, 3
    yield "resnext11_4x16d", {}, lambda: Resnet([1] * 3, [64, 128, 256], stem="3x3", bottleneck=True, groups=4, base=16), 16, 4, 10, 3
    yield "sdresnet20", {}, lambda: cifar("pad", 20, stochastic_depth=0.5)(), 16, 4, 10, 3
    yield "densenet10_k12", {"dropout": 0.2}, lambda: CifarDensenet(10, 12, False, dropout=0.2), 16, 4, 10, 3
    yield "densenetbc16_k8", {}, lambda: CifarDensenet(16, 8, True), 16, 4, 10, 3
    yield "resnet14", {"dropout": 0.5, "attention": "se"}, cifar(depth=14, dropout=0.5, attention="se"), 16, 4, 10, 3
    for kind in ("scaled", "gated", "gated-shortcut", "dropout"):
        yield "resnet14", {"shortcut": kind}, cifar(kind, 14), 16, 4, 10, 3
        yield "resnetv2_14", {"shortcut": kind}, preactivation(kind, 14), 16, 4, 10, 3
    yield "resnet14", {"shortcut": "scaled", "shortcutScale": 0.7, "scaleResidual": True}, cifar("scaled", 14, scale=0.7, scale_residual=True), 16, 4, 10, 3
    for kind in ("plain", "pad", "project-all"):
        yield "resnetv2_14", {"shortcut": kind}, preactivation(kind, 14), 16, 4, 10, 3
    for model in ("resnet18", "resnet50", "resnext50_32x4d", "densenet121", "resnet34", "resnet101", "wide_resnet50_2"):
        yield model, {}, torchvision_case(model, 10), 48, 3 if model in DEEP else 4, 10, 5 if model in DEEP else 1
    yield "resnet50", {"outputStride": 8}, torchvision_case("resnet50", 10, replace_stride_with_dilation=[False, True, True]), 32, 3, 10, 1


def layer_scale_cases():
    """A learnable factor on F, in both orders of activation and in bottlenecks."""
    for kind in ("scalar", "channel"):
        yield "resnet8", {"layerScale": kind}, cifar(layer_scale=kind), 16, 4, 10, 3
        yield "resnetv2_8", {"layerScale": kind}, preactivation(layer_scale=kind), 16, 4, 10, 3
    yield "resnet8", {"layerScale": "channel", "shortcut": "gated"}, cifar("gated", layer_scale="channel"), 16, 4, 10, 20
    yield "resnext11_4x16d", {"layerScale": "channel"}, lambda: Resnet([1] * 3, [64, 128, 256], stem="3x3", bottleneck=True, groups=4, base=16, layer_scale="channel"), 16, 4, 10, 3


def build(file, cases):
    networks.fill = CalmFill()
    listed, tensors = [], {}
    for index, (model, options, make, size, batch, classes, tries) in enumerate(cases):
        case, values = network_case(f"family{index}", make, size, batch, classes, 1000 + 100 * index, tries)
        del case["gradientLimit"]  # of parameters whose gradient is nothing but rounding, too
        listed.append({**case, "model": model, "options": options})
        tensors.update(values)
        write_safetensors(f"{file}.safetensors", tensors)
        versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
        write_json(f"{file}.json", {"madeBy": "test/golden/families.py", **versions, "samples": SAMPLES, "cases": listed})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    build("families", cases())
    build("layer-scale", layer_scale_cases())
