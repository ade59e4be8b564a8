"""Golden losses of points and regions, with their gradients: PyTorch's own where it has them, the papers' formulas elsewhere.

python3 test/golden/segmentation-losses.py (PyTorch 1.13, Debian's python3-torch); seed 0, computed in float64.
"""
import torch
import torch.nn.functional as F

from files import write_json

BATCH, CLASSES, SIZE, IGNORED = 2, 3, 5, 255
WEIGHTS = [1.0, 0.5, 2.0]

torch.manual_seed(0)
scores = (2 * torch.randn(BATCH, CLASSES, SIZE, SIZE)).float().double().requires_grad_()
labels = torch.randint(0, CLASSES, (BATCH, SIZE, SIZE))
labels[0, 0, :3] = IGNORED
labels[1, 4, 4] = IGNORED
counted = (labels != IGNORED).double()
safe = torch.where(labels == IGNORED, torch.zeros_like(labels), labels)
target = F.one_hot(safe, CLASSES).movedim(3, 1).double() * counted[:, None]


def cross_entropy(weight=None):
    return F.cross_entropy(scores, labels, weight=weight, ignore_index=IGNORED)


def focal(gamma=2):
    surprise = F.cross_entropy(scores, labels, ignore_index=IGNORED, reduction="none")
    return ((1 - torch.exp(-surprise)) ** gamma * surprise * counted).sum() / counted.sum()


def tversky(alpha, beta, weight=None):
    p = torch.softmax(scores, 1) * counted[:, None]
    over = (0, 2, 3)
    hits = (p * target).sum(over)
    excess, missed = (p * (1 - target)).sum(over), ((1 - p) * target).sum(over)
    loss = 1 - (hits + 1) / (hits + 1 + alpha * excess + beta * missed)
    return loss.mean() if weight is None else (weight * loss).sum() / weight.sum()


def boundary(weight=5):
    present = F.max_pool2d(target, 3, 1, 1).sum(1)
    factor = counted * torch.where(present > 1, weight, 1)
    surprise = F.cross_entropy(scores, labels, ignore_index=IGNORED, reduction="none")
    return (surprise * factor).sum() / factor.sum()


def run(loss):
    scores.grad = None
    value = loss()
    value.backward()
    return {"loss": value.item(), "gradient": scores.grad.flatten().tolist()}


write_json(
    "segmentation-losses.json",
    {
        "torch": torch.__version__,
        "seed": 0,
        "shape": [BATCH, CLASSES, SIZE, SIZE],
        "scores": scores.flatten().tolist(),
        "labels": labels.flatten().tolist(),
        "cases": {
            "cross-entropy": run(cross_entropy),
            "cross-entropy with class weights": run(lambda: cross_entropy(torch.tensor(WEIGHTS).double())),
            "focal": run(focal),
            "dice": run(lambda: tversky(0.5, 0.5)),
            "dice with class weights": run(lambda: tversky(0.5, 0.5, torch.tensor(WEIGHTS).double())),
            "tversky with class weights": run(lambda: tversky(0.3, 0.7, torch.tensor(WEIGHTS).double())),
            "tversky": run(lambda: tversky(0.3, 0.7)),
            "boundary": run(boundary),
            "combined": run(lambda: cross_entropy() + tversky(0.5, 0.5)),
        },
    },
)
