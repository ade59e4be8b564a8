"""Golden learning rates of schedules: python3 test/golden/schedules.py (PyTorch 1.13)."""
import torch
from torch.optim import lr_scheduler

from files import write_json

PEAK = 0.3


def rates(make, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    schedule, found = make(optimizer, steps), []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


SCHEDULES = {
    "constant": lambda optimizer, steps: lr_scheduler.ConstantLR(optimizer, 1),
    "step": lambda optimizer, steps: lr_scheduler.MultiStepLR(optimizer, [steps // 2, 3 * steps // 4]),
    "linear": lambda optimizer, steps: lr_scheduler.LinearLR(optimizer, 1, 0, steps),
    "cosine": lambda optimizer, steps: lr_scheduler.CosineAnnealingLR(optimizer, steps),
    "one-cycle": lambda optimizer, steps: lr_scheduler.OneCycleLR(optimizer, PEAK, steps),
}
cases = [{"name": name, "steps": steps, "rates": rates(make, steps)} for name, make in SCHEDULES.items() for steps in (4, 11)]
write_json("schedules.json", {"madeBy": "test/golden/schedules.py", "torch": torch.__version__, "peak": PEAK, "cases": cases})
