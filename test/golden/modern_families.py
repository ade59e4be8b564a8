"""Golden logits, losses and gradients of families since 2020.

python3 test/golden/modern_families.py [NAME …] (PyTorch 1.13, Debian's python3-torch): all files, or those of these families
"""
import sys

import torch

import networks
from calm import CalmFill
from files import write_json, write_safetensors
from families_reference import Resnet
from modern_reference import Convnext
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


def res2net():
    """The same; a narrow one first, for tests that should be quick."""
    yield "res2net50_4w_4s", {}, lambda: split_reference.res2net(4, 4), 48, 3, 5, True
    yield "res2net50_26w_4s", {}, NETWORKS["res2net50_26w_4s"], 48, 3, 3, True


def resnest():
    """The same; splits and groups of other numbers are in split_blocks.py."""
    yield "resnest14d", {}, NETWORKS["resnest14d"], 48, 4, 3, True


FAMILIES = {"convnext": (convnext, 20000), "resnet-rs": (resnet_rs, 30000)}
FAMILIES |= {"res2net": (res2net, 40000), "resnest": (resnest, 50000, (".fc2.", ".bn0."))}


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
