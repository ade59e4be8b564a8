"""Muon for the filters of convolutions and SGD for all else, in PyTorch: docs/speed.md, Muon."""
import torch
import torch.nn as nn


def orthogonal(matrix):
    """Five Newton-Schulz iterations: kellerjordan.github.io/posts/muon, in float32."""
    a, b, c = 3.4445, -4.775, 2.0315
    x = matrix / (matrix.norm() + 1e-7)
    if len(matrix) > matrix.size(1):
        x = x.T
    for _ in range(5):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if len(matrix) > matrix.size(1) else x


def as_matrix(filters):
    """[O, everything that an output sees], without a copy in either memory format; the order of columns does not matter to Muon."""
    is_last = filters.is_contiguous(memory_format=torch.channels_last) and not filters.is_contiguous()
    return (filters.permute(0, 2, 3, 1) if is_last else filters).reshape(len(filters), -1)


class Muon:
    """`github.com/KellerJordan/Muon` with momentum summed as in SGD, which changes the directions' length alone, and decay by the rate.

    With unitFilters, ‖W‖ = √O before each step where a norm follows; in the networks here, it does where a convolution has no bias.
    """

    def __init__(self, model, momentum, nesterov, weightDecay=0, decoupledDecay=False, unitFilters=False, otherRate=5, biasRate=1):
        convs = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.weight.requires_grad]
        # Each with its velocity, and whether its norm is set.
        self.filters = [(conv.weight, torch.zeros_like(conv.weight), unitFilters and conv.bias is None) for conv in convs]
        self.momentum, self.nesterov, self.decay, self.decouples = momentum, nesterov, weightDecay, decoupledDecay
        others = [(name, p) for name, p in model.named_parameters() if p.requires_grad and p.ndim != 4]
        groups = [{"params": [p for name, p in others if name.endswith(".bias") == is_bias], "factor": otherRate * factor}
                  for is_bias, factor in ((False, 1), (True, biasRate))]
        self.rest = torch.optim.SGD(groups, 1.0, momentum=momentum, nesterov=nesterov, weight_decay=0 if decoupledDecay else weightDecay)

    def zero_grad(self):
        for p, _, _ in self.filters:
            p.grad = None
        self.rest.zero_grad(set_to_none=True)

    @torch.no_grad()
    def step(self, rate):
        for group in self.rest.param_groups:
            group["lr"] = rate * group["factor"]
            if self.decouples:
                for p in group["params"]:
                    p.mul_(1 - group["lr"] * self.decay)
        self.rest.step()
        for p, velocity, has_norm in self.filters:
            velocity.mul_(self.momentum).add_(p.grad)
            # In the velocity's memory format, which is the filters'.
            ahead = velocity.mul(self.momentum).add_(p.grad) if self.nesterov else velocity
            matrix = as_matrix(p)
            rows, columns = matrix.shape
            kept = rows**0.5 / (matrix.norm() + 1e-7) if has_norm else 1 - rate * self.decay
            matrix.mul_(kept).add_(orthogonal(as_matrix(ahead)), alpha=-rate * max(1, rows / columns) ** 0.5)
