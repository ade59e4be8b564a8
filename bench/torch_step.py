"""PyTorch's side of the benchmarks: python3 bench/torch_step.py MODEL BATCH SIZE contiguous|channels-last|compiled THREADS [DEVICE].

A compiled step is channels-last, too.

Reads the number of steps to run from a line of standard input, answers with their seconds as JSON; an empty line ends it.
"""
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

from cifar_resnet import CifarResnet

name, batch, size, mode, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
device = sys.argv[6] if len(sys.argv) > 6 else "cpu"
torch.manual_seed(0)
torch.set_num_threads(threads)
if size > 32:
    import torchvision

    model = getattr(torchvision.models, name)()
else:
    model = CifarResnet(int(name.removeprefix("resnet")))
images = torch.randn(batch, 3, size, size)
labels = torch.arange(batch) % 10
if mode != "contiguous":
    model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
model, images, labels = model.to(device), images.to(device), labels.to(device)
if mode == "compiled":
    model = torch.compile(model)
optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)


def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    # Waits for the device, too.
    return loss.item()


for line in sys.stdin:
    if not line.strip():
        break
    seconds = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}), flush=True)
