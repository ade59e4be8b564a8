"""Muon for the filters of convolutions and SGD for all else, in PyTorch: docs/speed.md, Muon."""
import torch


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
    """`github.com/KellerJordan/Muon` with momentum summed as in SGD, which changes the directions' length alone, and decay by the rate."""

    def __init__(self, parameters, momentum, nesterov, weightDecay=0, otherRate=5):
        parameters = list(parameters)
        self.filters = [p for p in parameters if p.ndim == 4]
        self.velocities = [torch.zeros_like(p) for p in self.filters]
        self.momentum, self.nesterov, self.decay, self.other_rate = momentum, nesterov, weightDecay, otherRate
        others = [p for p in parameters if p.ndim != 4]
        self.rest = torch.optim.SGD(others, 1.0, momentum=momentum, nesterov=nesterov, weight_decay=weightDecay)

    def zero_grad(self):
        for p in self.filters:
            p.grad = None
        self.rest.zero_grad(set_to_none=True)

    @torch.no_grad()
    def step(self, rate):
        self.rest.param_groups[0]["lr"] = rate * self.other_rate
        self.rest.step()
        for p, velocity in zip(self.filters, self.velocities):
            velocity.mul_(self.momentum).add_(p.grad)
            ahead = p.grad.add(velocity, alpha=self.momentum) if self.nesterov else velocity
            matrix = as_matrix(p)
            rows, columns = matrix.shape
            matrix.mul_(1 - rate * self.decay).add_(orthogonal(as_matrix(ahead)), alpha=-rate * max(1, rows / columns) ** 0.5)
