"""A recipe of `residua train --preset fast` in PyTorch: python3 bench/torch_recipe.py steps|train FOLDER MODE.

FOLDER is as bench/recipe-peer.mjs fills it, MODE is contiguous, channels-last or compiled. A part of the network or of the recipe that is
not here is refused. "steps" says what it is in a line of JSON, takes a step on Residua's next batch for each line that it reads, and
answers with its loss and processor seconds; an empty line ends it. "train" trains and answers with one line; progress goes to standard error.
"""
import json
import math
import re
import resource
import sys
import time

import torch
import torch.nn.functional as F

from torch_job import Job
from torch_muon import Muon
from torch_network import compare_starts, create_network, load
from torch_views import Views
from torch_whitening import difference


class Training:
    """A network and its optimizer in one of PyTorch's modes; compiled is channels-last, too."""

    def __init__(self, model, job, mode):
        self.format = torch.contiguous_format if mode == "contiguous" else torch.channels_last
        self.model = model.to(memory_format=self.format)
        self.run = torch.compile(self.model) if mode == "compiled" else self.model
        options = {name: value for name, value in job.optimizer.items() if name != "name"}
        self.optimizer = Muon(self.model, **options, biasRate=job.recipe.get("biasRate", 1))
        self.smoothing = job.recipe["labelSmoothing"]

    def step(self, images, labels, rate):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.run(images.contiguous(memory_format=self.format)), labels, label_smoothing=self.smoothing)
        loss.backward()
        self.optimizer.step(rate)
        return loss.item()


def rate_at(job, step):
    """A cosine or a line to 0, after a linear rise."""
    warmup, peak = job.recipe["warmupSteps"], job.recipe["learningRate"]
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = (step - warmup) / max(1, job.steps - warmup)
    return peak * (1 - share if job.recipe["schedule"] == "linear" else (1 + math.cos(math.pi * share)) / 2)


def take_steps(job, mode):
    """From Residua's first weights on Residua's batches, each when asked for."""
    model, start = create_network(job), job.start()
    whitened = difference(model.conv1.weight, start["conv1.weight"]) if job.recipe.get("whiten") else 0
    drawn = compare_starts(model, start)
    wrong = load(model, start)
    if wrong:
        sys.exit(f"torch_recipe.py: the networks differ in {', '.join(wrong)}")
    parameters = sum(p.numel() for p in model.parameters())
    answer({"version": torch.__version__, "blas": blas(), "parameters": parameters, "whitenedDiffersBy": whitened,
            "startDiffersBy": drawn})
    training, step = Training(model, job, mode), 0
    for line in sys.stdin:
        if not line.strip():
            break
        images, labels = job.batch(step)
        before = processor_seconds()
        loss = training.step(images, labels, rate_at(job, step))
        answer({"loss": loss, "seconds": processor_seconds() - before})
        step += 1


def train(job, mode):
    start, begin = processor_seconds(), time.perf_counter()
    training = Training(create_network(job), job, mode)
    images, labels = job.images("train")
    views = Views(images, **job.normalization, **job.augmentation, **job.variation)
    epochs, batch, step, losses = job.recipe["epochs"], job.recipe["batch"], 0, []
    for epoch in range(epochs):
        total, order = 0, torch.randperm(len(labels))
        # An incomplete last batch is dropped.
        batches = order[:len(order) // batch * batch].split(batch)
        for indices in batches:
            total += training.step(views.draw(indices, epoch), labels[indices], rate_at(job, step))
            step += 1
        losses.append(total / len(batches))
        used = processor_seconds() - start
        print(f"torch: epoch {epoch + 1}/{epochs}, loss {losses[-1]:.4f}, processor {used:.0f} s", file=sys.stderr, flush=True)
    images, labels = job.images("test")
    accuracy = test(training, Views(images, **job.normalization, cropPadding=0, flip=False), labels)
    whole = processor_seconds() - start
    answer({"lossByEpoch": losses, "accuracy": accuracy, "processorSeconds": whole, "processorSecondsOfTest": whole - used,
            "wallSeconds": time.perf_counter() - begin})


def test(training, views, labels):
    training.model.eval()
    right = 0
    with torch.no_grad():
        for indices in torch.arange(len(labels)).split(250):
            scores = training.model(views.plain(indices).contiguous(memory_format=training.format))
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


def answer(what):
    print(json.dumps(what), flush=True)


do, folder, mode = sys.argv[1:]
job = Job(folder)
torch.set_num_threads(job.threads)
{"steps": take_steps, "train": train}[do](job, mode)
