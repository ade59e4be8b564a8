"""Golden gradient flow of a plain and a residual network of 56 layers, on the weights of noise.py.

python3 test/golden/gradient-flow.py (PyTorch 1.13, Debian's python3-torch); computed in float64.
"""
import numpy as np
import torch
import torch.nn.functional as F

from files import write_json
from networks import noise_like
from reference import CifarResnet, fill

DEPTH, BATCH, SIZE, CLASSES = 56, 8, 16, 10


def begin(network):
    """What an initialisation leaves of noise.py's weights: He's for the convolutions, batch norms 1 and 0, biases 0."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if value.dim() == 1:
                value.fill_(1 if name.endswith("weight") else 0)
    return network


def ratio_at_start(kind, seed, input_seed):
    """First over last layer's gradient norm before any training."""
    network = begin(fill(CifarResnet(DEPTH, kind), seed).double().train())
    F.cross_entropy(network(noise_like(input_seed, BATCH, 3, SIZE, SIZE).double()), labels_of()).backward()
    ratio = network.conv1.weight.grad.norm() / network.fc.weight.grad.norm()
    return {"shortcut": kind, "seed": seed, "inputSeed": input_seed, "ratio": ratio.item()}


def labels_of():
    return torch.tensor([(index * 7) % CLASSES for index in range(BATCH)])


def measure(kind, seed, input_seed):
    network = fill(CifarResnet(DEPTH, kind), seed).double().train()
    x = noise_like(input_seed, BATCH, 3, SIZE, SIZE).double()
    labels = labels_of()
    h = F.relu(network.bn1(network.conv1(x)))
    blocks, relus = [], {"conv1": h}
    for stage in ("layer1", "layer2", "layer3"):
        for index, block in enumerate(getattr(network, stage)):
            inner = F.relu(block.bn1(block.conv1(h)))
            residual = block.bn2(block.conv2(inner))
            shortcut = None if block.downsample is None else block.downsample(h)
            y = F.relu(residual if shortcut is None else residual + shortcut)
            h.retain_grad()
            name = f"{stage}.{index}"
            relus[f"{name}.conv1"], relus[f"{name}.conv2"] = inner, y
            blocks.append((name, h, residual, shortcut, y))
            h = y
    h.retain_grad()
    loss = F.cross_entropy(network.fc(h.mean((2, 3))), labels)
    loss.backward()
    flat = lambda value: value.reshape(BATCH, -1)
    rows = {}
    for name, x_in, residual, shortcut, y in blocks:
        rows[name] = {
            "gradientIn": x_in.grad.norm().item(),
            "gradientOut": y.grad.norm().item(),
            "residual": flat(residual).norm(dim=1).mean().item(),
            **({} if shortcut is None else {"shortcut": flat(shortcut).norm(dim=1).mean().item()}),
            **({"cosine": F.cosine_similarity(flat(x_in), flat(y)).mean().item()} if x_in.shape == y.shape else {}),
        }
    layers = {}
    for name, value in relus.items():
        layers[name] = {
            "gradient": network.get_parameter(f"{name}.weight").grad.norm().item(),
            "mean": value.mean().item(),
            "variance": value.var(unbiased=False).item(),
            "dead": (value.amax((0, 2, 3)) == 0).double().mean().item(),
            "zeros": (value == 0).double().mean().item(),
        }
    ratio = network.conv1.weight.grad.norm() / network.fc.weight.grad.norm()
    round_all = lambda values: {key: float(f"{value:.8g}") for key, value in values.items()}
    return {
        "shortcut": kind, "seed": seed, "inputSeed": input_seed, "loss": loss.item(), "ratio": ratio.item(),
        "layers": {key: round_all(value) for key, value in layers.items()},
        "blocks": {key: round_all(value) for key, value in rows.items()},
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    cases = [measure("plain", 1, 101), measure("project", 1, 101)]
    write_json("gradient-flow.json", {
        "madeBy": "test/golden/gradient-flow.py", "torch": torch.__version__,
        "depth": DEPTH, "batch": BATCH, "size": SIZE, "classes": CLASSES, "cases": cases,
        "starts": [ratio_at_start("plain", 1, 101), ratio_at_start("project", 1, 101)],
    })
    for case in cases:
        print(case["shortcut"], case["ratio"], list(case["blocks"].values())[0]["gradientIn"] / list(case["blocks"].values())[-1]["gradientOut"])
