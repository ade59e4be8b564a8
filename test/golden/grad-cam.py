"""Golden Grad-CAM maps (Selvaraju et al. 2017) of a ResNet-8 on the weights of noise.py, by autograd, and pixels of a
picture with such a map laid over it, enlarged by torch.nn.functional.interpolate.

python3 test/golden/grad-cam.py (PyTorch 1.13, Debian's python3-torch); computed in float64.
"""
import numpy as np
import torch
import torch.nn.functional as F

from files import write_json
from networks import noise_like
from reference import CifarResnet, fill

DEPTH, BATCH, SIZE, CLASSES, SEED, INPUT_SEED = 8, 3, 24, 10, 4, 77
WANTED = [2, 7, 0]
PICTURE = 112


def measure(kind):
    network = fill(CifarResnet(DEPTH, kind), SEED).double().eval()
    x = noise_like(INPUT_SEED, BATCH, 3, SIZE, SIZE).double()
    planes = network.layer3(network.layer2(network.layer1(F.relu(network.bn1(network.conv1(x))))))
    scores = network.fc(planes.mean((2, 3)))
    maps = []
    for index, wanted in enumerate(WANTED):
        (gradient,) = torch.autograd.grad(scores[index, wanted], planes, retain_graph=True)
        alpha = gradient[index].mean((1, 2))
        map_ = torch.relu((alpha[:, None, None] * planes[index]).sum(0))
        maps.append(map_ / map_.max())
    return torch.stack(maps).detach()


def jet(share):
    return torch.stack([255 * torch.clamp(1.5 - (4 * share - middle).abs(), 0, 1) for middle in (3, 2, 1)])


def picture(map_):
    """Over black pixels, covered by 15 to 55 %."""
    share = F.interpolate(map_[None, None], size=PICTURE, mode="bilinear", align_corners=False)[0, 0]
    pixels = jet(share) * (0.15 + 0.4 * share)
    places = [(y, x) for y in range(0, PICTURE, 13) for x in range(3, PICTURE, 17)]
    return [[y, x, *(round(pixels[channel, y, x].item(), 2) for channel in range(3))] for y, x in places]


if __name__ == "__main__":
    cases = []
    for kind in ("plain", "project"):
        maps = measure(kind)
        cases.append({"shortcut": kind, "maps": [[float(f"{v:.7g}") for v in map_.flatten().tolist()] for map_ in maps],
                      "places": list(maps.shape[1:]), "picture": picture(maps[0])})
    write_json("grad-cam.json", {
        "madeBy": "test/golden/grad-cam.py", "torch": torch.__version__, "depth": DEPTH, "size": SIZE,
        "classes": CLASSES, "seed": SEED, "inputSeed": INPUT_SEED, "wanted": WANTED, "pictureSize": PICTURE, "cases": cases,
    })
