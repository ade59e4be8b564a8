"""A job as bench/recipe-peer.mjs writes it to a folder: what is to be trained, and its arrays. What PyTorch's side lacks is refused."""
import json
import os
import re
import sys

import torch

RECIPE = ["epochs", "batch", "optimizer", "learningRate", "schedule", "warmupSteps", "decaySparesNorms", "labelSmoothing", "seed", "whiten",
          "freeze", "biasRate", "rotation", "erasing", "alternateFlip", "reflectBorder"]
OPTIMIZER = ["name", "momentum", "nesterov", "weightDecay", "decoupledDecay", "unitFilters", "otherRate"]
NETWORK = ["model", "channels", "classes", "width"]
VARIATION = ["rotation", "erasing", "alternateFlip", "reflectBorder"]


def refuse(what):
    sys.exit(f"torch_recipe.py: {what}; take ours alone, with --only ours")


def require_known(options, known, what):
    unknown = sorted(set(options) - set(known))
    if unknown:
        refuse(f"knows no {what} {', '.join(unknown)}")


class Job:
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
            job = json.load(file)
        self.recipe, self.augmentation, self.normalization = job["recipe"], job["augmentation"], job["normalization"]
        self.optimizer, self.network = self.recipe["optimizer"], job["network"]
        self.counts, self.image_shape, self.shapes = job["counts"], job["imageShape"], job["start"]
        self.steps, self.threads = job["steps"], job["threads"]
        self.variation = {name: self.recipe[name] for name in VARIATION if name in self.recipe}
        self.depth = re.fullmatch(r"(?:cifar-)?resnet(\d+)", self.network["model"])
        self.require_known()

    def require_known(self):
        require_known(self.recipe, RECIPE, "field of a recipe")
        require_known(self.optimizer, OPTIMIZER, "option of an optimizer")
        require_known(self.augmentation, ["cropPadding", "flip"], "augmentation")
        require_known(self.network, [*NETWORK, "stemStride" if self.depth else "shortcut"], "option of this network")
        if self.optimizer["name"] != "muon" or self.recipe["decaySparesNorms"]:
            refuse("has Muon alone, whose decay spares no norms")
        if self.recipe["schedule"] not in ("cosine", "linear"):
            refuse(f"knows no schedule {self.recipe['schedule']}")

    def read(self, name, dtype, shape):
        with open(os.path.join(self.folder, name), "rb") as file:
            return torch.frombuffer(bytearray(file.read()), dtype=dtype).reshape(shape)

    def images(self, part):
        count = self.counts[part]
        labels = self.read(f"{part}-labels", torch.uint8, [count]).long()
        return self.read(f"{part}-images", torch.uint8, [count, *self.image_shape]), labels

    def batch(self, step):
        count = self.recipe["batch"]
        labels = self.read(f"batch-{step}-labels", torch.uint8, [count]).long()
        return self.read(f"batch-{step}-images", torch.float32, [count, *self.image_shape]), labels

    def start(self):
        """Residua's first weights."""
        return {name: self.read(f"start-{name}", torch.float32, shape) for name, shape in self.shapes.items()}
