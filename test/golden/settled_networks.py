"""Golden logits in evaluation of whole networks whose running statistics have settled.

Statistics drawn from noise, as in the other files, fit no activations: through fifty layers they let logits grow until
float32 itself is far from float64. Here they are the means over 30 batches, as training leaves them; the last norm of
each block is scaled down, as training from zero leaves it; and images differ in their means, as photographs do, since
the norm inside split attention divides by how much they differ. So logits can be held to 1e-5.

python3 test/golden/settled_networks.py (PyTorch 1.13, Debian's python3-torch)
"""
import torch
import torch.nn as nn

from families_reference import Resnet
from files import write_json, write_safetensors
from modern_families import resnet_rs
from networks import noise_like
from reference import fill
from split_reference import NETWORKS

BATCHES, BATCH, SIDE, CLASSES = 30, 8, 64, 10
LAST_NORM = 0.25


def networks():
    """Model name, and how PyTorch makes it."""
    _, _, resnetrs50, *_ = next(resnet_rs())
    yield "resnetrs50", resnetrs50
    yield "resnest50d", NETWORKS["resnest50d"]
    yield "res2net50_26w_4s", NETWORKS["res2net50_26w_4s"]


def images(seed, batch):
    """Noise around a level of its own for each image and channel."""
    return noise_like(seed, batch, 3, SIDE, SIDE) + noise_like(seed + 50, batch, 3, 1, 1)


def start(make, seed):
    network = fill(make(), seed)
    for name, value in network.state_dict().items():
        if name.endswith("bn3.weight"):
            value.mul_(LAST_NORM)
    return network


def settle(network, first_seed):
    """Running statistics become plain means over the batches."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    with torch.no_grad():
        for batch in range(BATCHES):
            network(images(first_seed + batch, BATCH).to(next(network.parameters()).dtype))
    return network.eval()


def build():
    cases, tensors = [], {}
    for index, (model, make) in enumerate(networks()):
        seed, input_seed = 60000 + 100 * index, 65000 + 100 * index
        network = settle(start(make, seed).double(), input_seed + 1).float()
        for key, value in network.state_dict().items():
            if key.endswith(("running_mean", "running_var")):
                tensors[f"{model}/state/{key}"] = value.numpy()
        x = images(input_seed, 2)
        with torch.no_grad():
            single = network(x).double()
            exact = network.double()(x.double())
        missed = ((single - exact).abs().max() / exact.abs().max()).item()
        print(model, "largest logit", exact.abs().max().item(), "PyTorch's float32 misses", missed)
        tensors[f"{model}/evaluate"] = exact.float().numpy()
        cases.append({"model": model, "seed": seed, "inputSeed": input_seed, "batch": 2, "size": SIDE, "classes": CLASSES, "lastNorm": LAST_NORM, "float32Misses": missed})
    write_safetensors("settled-networks.safetensors", tensors)
    write_json("settled-networks.json", {"madeBy": "test/golden/settled_networks.py", "torch": torch.__version__, "cases": cases})


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    build()
