"""Golden outputs, running statistics and gradients of blocks that split their channels, with every type of shortcut.

python3 test/golden/split_blocks.py (PyTorch 1.13, Debian's python3-torch)
"""
import copy

import torch

from files import write_json, write_safetensors
from networks import noise_like
from reference import fill
from split_reference import NETWORKS, Res2netBlock, ResnestBlock

# Where the shape changes, the other types are projections.
CHANGING = ("plain", "pad", "project")
KINDS = ("plain", "pad", "project", "project-all", "scaled", "gated", "gated-shortcut", "dropout")


def res2net_cases():
    """Channels into the block, its width, stride, shortcut, what Residua's options are, and what the reference's are."""
    for kind in KINDS:
        yield 32, 8, 1, kind, {"scale": 4, "baseWidth": 64}, dict(scale_parts=4, base=64)
    for kind in CHANGING:
        yield 16, 8, 2, kind, {"scale": 3, "baseWidth": 80}, dict(scale_parts=3, base=80)
    for parts in (1, 2, 8):
        yield 32, 8, 1, "project", {"scale": parts, "baseWidth": 32}, dict(scale_parts=parts, base=32)
    yield 16, 8, 1, "project", {"scale": 1, "baseWidth": 64}, dict(scale_parts=1, base=64)
    yield 16, 8, 1, "project", {"scale": 4, "baseWidth": 64}, dict(scale_parts=4, base=64)
    yield 32, 8, 1, "project", {"scale": 4, "baseWidth": 16, "groups": 4}, dict(scale_parts=4, base=16, groups=4)
    yield 16, 8, 2, "project", {"scale": 2, "baseWidth": 128, "groups": 2, "subsample": "average"}, dict(scale_parts=2, base=128, groups=2, average=True)
    yield 32, 8, 1, "project", {"scale": 4, "baseWidth": 64, "dilation": 2}, dict(scale_parts=4, base=64, dilation=2)
    yield 32, 8, 1, "project", {"scale": 3, "baseWidth": 64, "attention": "se", "layerScale": "channel", "layerScaleInit": 1}, dict(scale_parts=3, base=64, attention="se", layer_scale="channel")


def resnest_cases():
    """The same."""
    for kind in KINDS:
        yield 32, 8, 1, kind, {"radix": 2}, {}
    for kind in CHANGING:
        yield 16, 8, 2, kind, {"radix": 2, "subsample": "average"}, dict(average=True)
    yield 32, 8, 1, "project", {"radix": 1, "groups": 4}, dict(radix=1, groups=4)
    yield 32, 8, 1, "project", {"radix": 4, "groups": 2}, dict(radix=4, groups=2)
    yield 16, 16, 2, "project", {"radix": 4, "groups": 2, "baseWidth": 48, "averageFirst": True}, dict(radix=4, groups=2, base=48, first=True)
    yield 16, 8, 1, "project", {"radix": 2, "groups": 2}, dict(groups=2)
    yield 32, 8, 1, "project", {"radix": 2, "dilation": 2}, dict(dilation=2)
    yield 32, 8, 1, "project", {"radix": 3, "baseWidth": 192, "layerScale": "scalar", "layerScaleInit": 1}, dict(radix=3, base=192, layer_scale="scalar")


def numbers(module, seed, inside, dtype):
    """What the block makes of noise, in evaluation and in training; running statistics after a step; gradients of sum(y * dy)."""
    module = module.to(dtype)
    x = noise_like(1000 + seed, 4, inside, 7, 6).to(dtype)
    found = {"evaluate": copy.deepcopy(module).eval()(x).detach()}
    module.train()
    x.requires_grad_()
    y = module(x)
    (y * noise_like(2000 + seed, *y.shape).to(dtype)).sum().backward()
    found |= {"train": y.detach(), "gradient/input": x.grad}
    found |= {f"gradient/{key}": parameter.grad for key, parameter in module.named_parameters()}
    found |= {f"next/{key}": buffer for key, buffer in module.named_buffers() if not key.endswith("num_batches_tracked")}
    return found


def floor_of(name, exact):
    """As in test/support/block-golden.ts: a bias before batch norm has no gradient, and is compared with its weight's."""
    weight = exact.get(name[:-4] + "weight") if name.endswith("bias") else None
    return max(0.2, 0 if weight is None else 0.1 * weight.abs().max().item())


def build(block, cases):
    listed, tensors = [], {}
    for index, (inside, width, stride, kind, options, own) in enumerate(cases()):
        make = lambda: fill(block(inside, width, stride, kind, **own), index)
        exact, single = (numbers(make(), index, inside, dtype) for dtype in (torch.float64, torch.float32))
        missed = max(((single[key].double() - value).abs().max() / max(floor_of(key, exact), value.abs().max().item())).item() for key, value in exact.items())
        name = f"block{index}"
        tensors |= {f"{name}/{key}": value.float().numpy() for key, value in exact.items()}
        listed.append({"name": name, "seed": index, "inChannels": inside, "width": width, "stride": stride, "shortcut": kind, "limit": 3 * missed, "options": options})
    return listed, tensors


def write(file, block, cases):
    listed, tensors = build(block, cases)
    write_safetensors(f"{file}.safetensors", tensors)
    write_json(f"{file}.json", {"madeBy": "test/golden/split_blocks.py", "torch": torch.__version__, "cases": listed})


if __name__ == "__main__":
    torch.set_num_threads(1)
    write("res2net-blocks", Res2netBlock, res2net_cases)
    write("resnest-blocks", ResnestBlock, resnest_cases)
    counts = {name: sum(value.numel() for value in make(classes=1000).parameters()) for name, make in NETWORKS.items()}
    write_json("split-parameters.json", {"madeBy": "test/golden/split_blocks.py", "torch": torch.__version__, "parameters": counts})
