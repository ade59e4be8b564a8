"""A recipe of `residua train --preset fast` in PyTorch: python3 bench/torch_recipe.py FOLDER, as bench/recipe-peer.mjs fills it.

Answers with one line of JSON; progress goes to standard error. A part of the network or of the recipe that is not here is refused.
"""
import json
import math
import os
import re
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from cifar_resnet import CifarResnet
from torch_muon import Muon
from torch_views import Views

# How far the losses of the first steps may be apart: Muon amplifies rounding.
LOSS_LIMIT = 0.01

folder = sys.argv[1]
with open(os.path.join(folder, "job.json"), encoding="utf-8") as file:
    job = json.load(file)
recipe, normalization, threads = job["recipe"], job["normalization"], job["threads"]


def take(options, known, what):
    """The options, if there is none but the known ones."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        sys.exit(f"torch_recipe.py: knows no {what} {', '.join(unknown)}; take ours alone, with --only ours")
    return options


take(recipe, ["epochs", "batch", "optimizer", "learningRate", "schedule", "warmupSteps", "decaySparesNorms", "labelSmoothing", "seed",
              "rotation", "alternateFlip", "reflectBorder"], "field of a recipe")
optimizer_options = take(recipe["optimizer"], ["name", "momentum", "nesterov", "weightDecay", "otherRate"], "option of an optimizer")
augmentation = take(job["augmentation"], ["cropPadding", "flip"], "augmentation")
network = take(job["network"], ["model", "width", "stemStride", "channels", "classes"], "option of a network")
depth = re.fullmatch(r"(?:cifar-)?resnet(\d+)", network["model"])
if depth is None or recipe["optimizer"]["name"] != "muon" or recipe["schedule"] != "cosine" or recipe["decaySparesNorms"]:
    sys.exit("torch_recipe.py: has a CIFAR ResNet, Muon and the cosine alone; take ours alone, with --only ours")


def read(name, dtype, shape):
    with open(os.path.join(folder, name), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype).reshape(shape)


def read_images(part):
    count = job["counts"][part]
    labels = read(f"{part}-labels", torch.uint8, [count]).long()
    return read(f"{part}-images", torch.uint8, [count, *job["imageShape"]]), labels


def create_network():
    torch.manual_seed(recipe["seed"])
    model = CifarResnet(int(depth[1]), network["channels"], network["classes"], network.get("width", 1), network.get("stemStride", 1))
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return model


class Training:
    """A network and its optimizer in one of PyTorch's modes: contiguous, channels-last, or compiled, which is channels-last, too."""

    def __init__(self, model, mode):
        self.format = torch.contiguous_format if mode == "contiguous" else torch.channels_last
        self.model = model.to(memory_format=self.format)
        self.run = torch.compile(self.model) if mode == "compiled" else self.model
        options = {name: value for name, value in optimizer_options.items() if name != "name"}
        self.optimizer = Muon(self.model.parameters(), **options)

    def step(self, images, labels, rate):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.run(images.contiguous(memory_format=self.format)), labels, label_smoothing=recipe["labelSmoothing"])
        loss.backward()
        self.optimizer.step(rate)
        return loss.item()


def rate_at(step):
    """A cosine to 0 after a linear rise."""
    warmup, peak = recipe["warmupSteps"], recipe["learningRate"]
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * (1 + math.cos(math.pi * (step - warmup) / max(1, job["steps"] - warmup))) / 2


def first_steps(mode):
    """Residua's first batches from Residua's first weights: how far the losses are from Residua's, and each step's processor seconds."""
    model = create_network()
    state = {name: read(f"start-{name}", torch.float32, shape) for name, shape in job["start"].items()}
    # Strict but for the counters that PyTorch alone has.
    missing, unexpected = model.load_state_dict(state, strict=False)
    wrong = unexpected + [name for name in missing if not name.endswith("num_batches_tracked")]
    if wrong:
        sys.exit(f"torch_recipe.py: the networks differ in {', '.join(wrong)}")
    parameters = sum(p.numel() for p in model.parameters())
    if parameters != job["parameters"]:
        sys.exit(f"torch_recipe.py: the network has {parameters} parameters, Residua's {job['parameters']}")
    training, differences, seconds = Training(model, mode), [], []
    for step, loss in enumerate(job["firstLosses"]):
        images = read(f"batch-{step}-images", torch.float32, [recipe["batch"], *job["imageShape"]])
        labels = read(f"batch-{step}-labels", torch.uint8, [recipe["batch"]]).long()
        start = processor_seconds()
        differences.append(abs(training.step(images, labels, rate_at(step)) - loss))
        seconds.append(processor_seconds() - start)
    if not max(differences) < LOSS_LIMIT:
        sys.exit(f"torch_recipe.py: the losses of the first steps differ from Residua's by {', '.join(f'{each:.4f}' for each in differences)}")
    return max(differences), seconds


def best_mode():
    """Each mode's first steps, and the mode with the least processor time for one."""
    modes = job.get("modes") or ["contiguous", "channels-last", *(["compiled"] if hasattr(torch, "compile") else [])]
    tried = {}
    for mode in modes:
        try:
            tried[mode] = first_steps(mode)
        except Exception as error:
            # Compiling needs a C++ compiler.
            if mode != "compiled" or len(modes) == 1:
                raise
            print(f"torch: not compiled: {type(error).__name__}", file=sys.stderr)
    best = min(tried, key=lambda mode: min(tried[mode][1]))
    return best, tried[best][0], {mode: round(min(seconds), 4) for mode, (_, seconds) in tried.items()}


def test(training, set_, labels):
    training.model.eval()
    right = 0
    with torch.no_grad():
        for indices in torch.arange(len(labels)).split(250):
            scores = training.model(set_.plain(indices).contiguous(memory_format=training.format))
            right += (scores.argmax(1) == labels[indices]).sum().item()
    return right / len(labels)


def processor_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def blas():
    """The library of matrix products that was loaded."""
    if torch.backends.mkl.is_available():
        return "MKL"
    with open("/proc/self/maps", encoding="utf-8") as file:
        found = re.findall(r"/([^/\s]*blas[^/\s]*)$", file.read(), re.MULTILINE)
    return ", ".join(sorted(set(found))) or "its own"


def train():
    mode, difference, seconds_by_mode = best_mode()
    print(f"torch: {mode}; seconds per step {seconds_by_mode}", file=sys.stderr, flush=True)
    start, begin = processor_seconds(), time.perf_counter()
    training = Training(create_network(), mode)
    images, labels = read_images("train")
    variation = {name: recipe[name] for name in ("rotation", "alternateFlip", "reflectBorder") if name in recipe}
    views = Views(images, **normalization, **augmentation, **variation)
    batch, step, losses = recipe["batch"], 0, []
    for epoch in range(recipe["epochs"]):
        total, order = 0, torch.randperm(len(labels))
        # An incomplete last batch is dropped.
        batches = order[:len(order) // batch * batch].split(batch)
        for indices in batches:
            total += training.step(views.draw(indices, epoch), labels[indices], rate_at(step))
            step += 1
        losses.append(total / len(batches))
        used = processor_seconds() - start
        print(f"torch: epoch {epoch + 1}/{recipe['epochs']}, loss {losses[-1]:.4f}, processor {used:.0f} s", file=sys.stderr, flush=True)
    images, labels = read_images("test")
    accuracy = test(training, Views(images, **normalization, cropPadding=0, flip=False), labels)
    whole = processor_seconds() - start
    return {
        "version": torch.__version__, "blas": blas(), "mode": mode, "processorSecondsPerStep": seconds_by_mode, "lossByEpoch": losses,
        "firstLossesDifferBy": difference, "accuracy": accuracy, "processorSeconds": whole, "processorSecondsOfTest": whole - used,
        "wallSeconds": time.perf_counter() - begin,
    }


torch.set_num_threads(threads)
print(json.dumps(train()))
