"""Golden losses of SGD with decoupled weight decay: python3 test/golden/decoupled_decay.py (PyTorch 1.13, which has none of its own)."""
import torch

from files import write_json
from networks import trajectory
from reference import CifarResnet

RATE, MOMENTUM, DECAY = 0.05, 0.9, 0.2


class DecoupledSgd(torch.optim.SGD):
    """After Loshchilov and Hutter 2019, arXiv:1711.05101, the decay multiplied by the whole rate, as in torch.optim.AdamW."""

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.mul_(1 - RATE * DECAY)
        super().step()


def losses(seed, *options):
    optimizer = lambda p: DecoupledSgd(p, RATE, momentum=MOMENTUM, nesterov=True)
    return trajectory(lambda: CifarResnet(8, "project"), seed, optimizer, 0.0, None, *options, steps=12)


best = None
for seed in range(7, 15):
    exact = losses(seed, torch.float64)
    others = [losses(seed, torch.float32), losses(seed, torch.float64, 1e-7)]
    limit = 3 * max(abs(a - b) for other in others for a, b in zip(exact, other))
    if best is None or limit < best["limit"]:
        best = {"seed": seed, "losses": exact, "limit": limit}
write_json("decoupled-decay.json", {"madeBy": "test/golden/decoupled_decay.py", "torch": torch.__version__, "rate": RATE,
                                    "momentum": MOMENTUM, "weightDecay": DECAY, **best, "limit": max(best["limit"], 1e-5)})
