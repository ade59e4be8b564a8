"""Golden values of shrunken images: python3 test/golden/shrink-images.py (PyTorch 1.13)."""
import torch

from files import write_json
from noise import uniform

CASES = [((2, 3, 32, 32), (24, 24)), ((1, 2, 9, 7), (5, 6)), ((1, 1, 28, 28), (14, 7)), ((1, 1, 5, 8), (5, 3))]

cases = []
for seed, (shape, to) in enumerate(CASES):
    images = torch.tensor(uniform(seed, int(torch.tensor(shape).prod())), dtype=torch.float32).reshape(shape)
    small = torch.nn.functional.interpolate(images, size=to, mode="bilinear", antialias=True)
    cases.append({"seed": seed, "shape": shape, "to": to, "small": [float(f"{x:.7g}") for x in small.flatten().tolist()]})
write_json("shrink-images.json", {"torch": torch.__version__, "cases": cases})
