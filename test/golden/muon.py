"""Golden values of Muon: python3 test/golden/muon.py (PyTorch 1.13; any later one gives the same to the limits in the file)."""
import torch

from files import write_json
from networks import trajectory
from noise import uniform
from reference import CifarResnet

SHAPES = [(4, 6), (6, 4), (16, 27), (32, 16), (16, 144)]
RATE, OTHER_RATE, DECAY = 0.02, 5, 0.05


def newtonschulz5(G, steps=5, eps=1e-7):
    """As in the article (kellerjordan.github.io/posts/muon), but in the type that it is given instead of bfloat16."""
    assert G.ndim == 2
    a, b, c = (3.4445, -4.7750, 2.0315)
    X = G / (G.norm() + eps)
    if G.size(0) > G.size(1):
        X = X.T
    for _ in range(steps):
        A = X @ X.T
        B = b * A + c * A @ A
        X = a * X + B @ X
    if G.size(0) > G.size(1):
        X = X.T
    return X


class Muon(torch.optim.Optimizer):
    """`Muon` of github.com/KellerJordan/Muon for filters, flattened, and torch.optim.SGD for all else; with unit filters, the norms
    of airbench94_muon.py, for a network in which a batch norm follows every convolution."""

    def __init__(self, params, momentum, nesterov, unit=False):
        self.unit = unit
        params = list(params)
        filters = [p for p in params if p.ndim == 4]
        super().__init__(filters, {"momentum": momentum, "nesterov": nesterov})
        others = [p for p in params if p.ndim != 4]
        self.rest = torch.optim.SGD(others, RATE * OTHER_RATE, momentum=momentum, nesterov=nesterov, weight_decay=DECAY)

    def zero_grad(self, set_to_none=True):
        super().zero_grad(set_to_none)
        self.rest.zero_grad(set_to_none)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                beta = group["momentum"]
                state["momentum"].lerp_(p.grad, 1 - beta)
                update = p.grad.lerp(state["momentum"], beta) if group["nesterov"] else state["momentum"]
                matrix = update.reshape(len(update), -1)
                matrix = newtonschulz5(matrix) * max(1, matrix.size(0) / matrix.size(1)) ** 0.5
                if self.unit:
                    p.mul_(len(p) ** 0.5 / p.norm())
                else:
                    p.mul_(1 - RATE * DECAY)
                p.add_(matrix.reshape(p.shape), alpha=-RATE)
        self.rest.step()


def trajectories():
    made = []
    make = lambda: CifarResnet(8, "project")
    for name, momentum, nesterov, unit in (("nesterov", 0.95, True, False), ("plain momentum", 0.9, False, False),
                                           ("unit filters", 0.9, True, True)):
        optimizer = lambda p, momentum=momentum, nesterov=nesterov, unit=unit: Muon(p, momentum, nesterov, unit)
        best = None
        for seed in range(7, 15):
            exact = trajectory(make, seed, optimizer, 0.0, None, torch.float64, steps=12)
            others = [trajectory(make, seed, optimizer, 0.0, None, torch.float32, steps=12),
                      trajectory(make, seed, optimizer, 0.0, None, torch.float64, 1e-7, steps=12)]
            limit = 3 * max(abs(a - b) for other in others for a, b in zip(exact, other))
            if best is None or limit < best["limit"]:
                best = {"name": name, "momentum": momentum, "nesterov": nesterov, "unitFilters": unit, "seed": seed, "losses": exact, "limit": limit}
        print(name, "seed", best["seed"], "loss limit", best["limit"])
        made.append({**best, "limit": max(best["limit"], 1e-5)})
    return made


def matrices():
    made = []
    for seed, (rows, columns) in enumerate(SHAPES):
        matrix = torch.from_numpy(uniform(seed, rows * columns).reshape(rows, columns))
        made.append({"seed": seed, "shape": [rows, columns], "orthogonal": newtonschulz5(matrix).flatten().tolist()})
    return made


if __name__ == "__main__":
    write_json("muon.json", {"madeBy": "test/golden/muon.py", "torch": torch.__version__, "rate": RATE, "otherRate": OTHER_RATE,
                             "weightDecay": DECAY, "matrices": matrices(), "trajectories": trajectories()})
