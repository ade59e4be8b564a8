"""Filters that whiten the patches of images, in PyTorch: Jordan 2024, arXiv:2404.00498, 3.2; docs/speed.md, Whitening."""
import math

import torch
import torch.nn.functional as F

# Images that are taken, patches of so many, and what is added to variances.
IMAGES, PATCHES, EPSILON = 1000, 200_000, 5e-4


@torch.no_grad()
def whiten(weight, images):
    """The largest directions over the root of their variance, each with both signs; filters beyond those stay."""
    filters, channels, *kernel = weight.shape
    size = channels * math.prod(kernel)
    patches = F.unfold(images, kernel).transpose(1, 2)
    every = math.ceil(IMAGES * patches.size(1) / PATCHES)
    patches = patches.reshape(-1, size)[::every].double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    pairs = min(size, filters // 2)
    directions = (vectors / (values.clamp(min=0) + EPSILON).sqrt()).T.flip(0)[:pairs]
    weight[:2 * pairs] = torch.cat([directions, -directions]).view(-1, channels, *kernel).float()


def difference(one, other):
    """How far two layers are from whitening alike, as a share, whatever the signs and the basis of equal variances."""
    one, other = (each.flatten(1).double() for each in (one, other))
    one, other = one.T @ one, other.T @ other
    return ((one - other).abs().max() / other.abs().max()).item()
