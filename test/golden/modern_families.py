"""Golden logits, losses and gradients of families since 2020.

python3 test/golden/modern_families.py [NAME …] (PyTorch 1.13, Debian's python3-torch): all files, or those of these families
"""
import sys

import torch
import torch.nn.functional as F

import networks
from calm import CalmFill
from families_reference import PreactivationResnet, Resnet
from files import write_json, write_safetensors
from fixup_reference import Fixup, start_fixup, without_norm
from modern_reference import Airbench, Convnext, Regnet
from networks import SAMPLES, network_case
import split_reference
from split_reference import NETWORKS
from reference import fill

# Biases of ±4 close the gates of wide attention altogether, and nothing of a residual is left to compare.
SPARED = (".se.",)
ATTO = [2, 2, 6, 2], [40, 80, 160, 320]


def convnext():
    """Model name, its options, how PyTorch makes it, side of the images, batch, seeds to choose from, whether biases are calmed."""
    yield "convnext_atto", {}, lambda: Convnext(*ATTO), 32, 2, 1, False
    yield "convnext_atto", {"stochasticDepth": 0.5, "layerScale": "scalar"}, lambda: Convnext(*ATTO, layer_scale="scalar", drop=0.5), 32, 2, 1, False
    yield "convnext_atto", {"shortcut": "plain", "layerScale": "none"}, lambda: Convnext(*ATTO, kind="plain", layer_scale="none"), 32, 2, 1, False
    for kind in ("project-all", "gated", "dropout"):
        yield "convnext_atto", {"shortcut": kind}, lambda: Convnext(*ATTO, kind=kind), 32, 2, 1, False
    yield "convnext_tiny", {}, lambda: Convnext([3, 3, 9, 3], [96, 192, 384, 768], drop=0.1), 32, 2, 1, False


def resnet_rs():
    """The same; as ResNet-RS is ResNet-D with other settings, so is its reference, that of families.py."""
    rs = dict(stem="deep", average=True, attention="se", reduction=4, convolved=True, bottleneck=True)
    yield "resnetrs50", {}, lambda: Resnet([3, 4, 6, 3], [64, 128, 256, 512], **rs), 48, 3, 3, True


# Blocks, width and group width of stages, as pycls publishes them.
REGNET = {
    "regnetx_002": [(1, 24, 8), (1, 56, 8), (4, 152, 8), (7, 368, 8)],
    "regnet_x_400mf": [(1, 32, 16), (2, 64, 16), (7, 160, 16), (12, 400, 16)],
    "regnet_y_400mf": [(1, 48, 8), (3, 104, 8), (6, 208, 8), (6, 440, 8)],
}


def regnet():
    """The same; X without, Y with squeeze-and-excitation."""
    yield "regnetx_002", {}, lambda: Regnet(REGNET["regnetx_002"], False), 64, 3, 3, True
    yield "regnet_x_400mf", {"shortcut": "pad"}, lambda: Regnet(REGNET["regnet_x_400mf"], False, "pad"), 64, 3, 3, True
    for options, more in (
        ({}, {}), ({"shortcut": "plain"}, dict(kind="plain")), ({"shortcut": "project-all"}, dict(kind="project-all")),
        ({"shortcut": "gated"}, dict(kind="gated")), ({"shortcut": "gated-shortcut"}, dict(kind="gated-shortcut")),
        ({"shortcut": "scaled"}, dict(kind="scaled")), ({"shortcut": "dropout"}, dict(kind="dropout")),
        ({"stochasticDepth": 0.5, "layerScale": "channel"}, dict(drop=0.5, layer_scale="channel")),
    ):
        yield "regnet_y_400mf", options, lambda more=more: Regnet(REGNET["regnet_y_400mf"], True, **more), 64, 3, 3, True


TINY = [1, 1, 1], [16, 32, 64]
FIXUPS = [
    ("resnet8", {"norm": "fixup", "shortcut": "pad"}, lambda: Fixup(*TINY, "pad")),
    ("resnet20", {"norm": "fixup"}, lambda: Fixup([3, 3, 3], [16, 32, 64], "project")),
    ("resnext29_2x8d", {"norm": "fixup"}, lambda: Fixup([3, 3, 3], [64, 128, 256], "project", True, 2, 8, 64)),
]


def fixup():
    """The same, without batch norm: Fixup, then SkipInit."""
    for model, options, make in FIXUPS:
        yield model, options, make, 16, 3, 24, False
    skip = dict(stem="3x3", stem_width=16, layer_scale="scalar")
    options = {"norm": "none", "layerScale": "scalar"}
    yield "resnet8", options, lambda: without_norm(Resnet(*TINY, **skip)), 16, 3, 24, False
    yield "resnet8", {**options, "shortcut": "pad"}, lambda: without_norm(Resnet(*TINY, "pad", **skip)), 16, 3, 24, False
    yield "resnetv2_8", options, lambda: without_norm(PreactivationResnet(*TINY, convolution=False, **skip)), 16, 3, 24, False


def build_starts():
    """Mean and deviation of each parameter as Fixup's authors start it."""
    listed = []
    for model, options, make in FIXUPS:
        torch.manual_seed(7)
        parameters = {
            name: {"mean": 0 if value.numel() > 1 else value.item(), "deviation": value.std(unbiased=False).item()}
            for name, value in start_fixup(make()).named_parameters()
        }
        listed.append({"model": model, "options": options, "parameters": parameters})
    write_json("fixup-starts.json", {"madeBy": "test/golden/modern_families.py", "torch": torch.__version__, "cases": listed})


def res2net():
    """The same; a narrow one first, for tests that should be quick."""
    yield "res2net50_4w_4s", {}, lambda: split_reference.res2net(4, 4), 48, 3, 5, True
    yield "res2net50_26w_4s", {}, NETWORKS["res2net50_26w_4s"], 48, 3, 3, True


def resnest():
    """The same; splits and groups of other numbers are in split_blocks.py."""
    yield "resnest14d", {}, NETWORKS["resnest14d"], 48, 4, 3, True


def airbench():
    """The same."""
    small, large = [64, 256, 256], [128, 512, 512]
    yield "airbench94", {}, lambda: Airbench(small), 32, 3, 3, False
    yield "airbench96", {}, lambda: Airbench(large, 2, momentum=0.1, kind="pad"), 32, 3, 3, False
    yield "airbench95", {"width": 0.5}, lambda: Airbench([64, 192, 192]), 24, 3, 3, False
    for kind in ("pad", "project-all", "gated", "dropout"):
        yield "airbench94", {"shortcut": kind}, lambda kind=kind: Airbench(small, kind=kind), 16, 3, 3, False
    yield "airbench94", {"activation": "relu", "shortcut": "pad"}, lambda: Airbench(small, act=lambda x: F.relu(x), kind="pad"), 16, 3, 3, True


FAMILIES = {"convnext": (convnext, 20000), "resnet-rs": (resnet_rs, 30000), "regnet": (regnet, 40000), "fixup": (fixup, 50000)}
FAMILIES |= {"airbench": (airbench, 60000), "res2net": (res2net, 40000), "resnest": (resnest, 50000, (".fc2.", ".bn0."))}


def build(file, cases, first_seed, spared=SPARED):
    listed, tensors = [], {}
    for index, (model, options, make, size, batch, tries, calm) in enumerate(cases()):
        networks.fill = CalmFill(spared) if calm else fill
        case, values = network_case(f"{file}{index}", make, size, batch, 10, first_seed + 100 * index, tries)
        del case["gradientLimit"]  # of parameters whose gradient is nothing but rounding, too
        listed.append({**case, "model": model, "options": options, "calm": calm})
        tensors.update(values)
    write_safetensors(f"{file}.safetensors", tensors)
    write_json(f"{file}.json", {"madeBy": "test/golden/modern_families.py", "torch": torch.__version__, "samples": SAMPLES, "spared": spared, "cases": listed})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for name in sys.argv[1:] or FAMILIES:
        build(name, *FAMILIES[name])
        if name == "fixup":
            build_starts()
