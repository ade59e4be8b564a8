"""Loads state dicts that Residua exported into torchvision's own networks, strictly, and prints their logits as JSON:
/usr/bin/python3 test/golden/load-export.py resnet18=FILE.pth …   (PyTorch 1.13, torchvision 0.14)"""
import json
import sys

import torch
import torchvision

images = torch.linspace(-2, 2, 2 * 3 * 64 * 64).reshape(2, 3, 64, 64)
found = {"torch": torch.__version__, "torchvision": torchvision.__version__, "logits": {}}
for argument in sys.argv[1:]:
    name, path = argument.split("=", 1)
    model = getattr(torchvision.models, name)(num_classes=10)
    model.load_state_dict(torch.load(path), strict=True)
    with torch.no_grad():
        found["logits"][name] = model.double().eval()(images.double()).tolist()
print(json.dumps(found))
