"""State for networks whose relus must not flip."""
import torch

from reference import fill


class CalmFill:
    """
    `fill` with biases of about +4 and -4: what relus read lies far from 0, so that rounding flips none of millions and
    gradients can be compared closely; every relu still has open and closed channels. The noise of one network and seed
    is computed only once.
    """

    def __init__(self, spared=()):
        self.spared = spared
        self.key, self.state = None, {}

    def __call__(self, module, seed):
        key = (seed, tuple(module.state_dict()))
        if key == self.key:
            module.load_state_dict(self.state)
            for name, part in module.named_modules():
                if hasattr(part, "place"):
                    part.place = (seed, name)
            return module
        fill(module, seed)
        for name, value in module.state_dict().items():
            if name.endswith("bias") and not any(part in name for part in self.spared):
                value.add_(4 * torch.sign(value))
        self.key, self.state = key, {name: value.clone() for name, value in module.state_dict().items()}
        return module
