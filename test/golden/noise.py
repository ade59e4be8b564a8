"""Numbers that Python and TypeScript make alike (test/support/noise.ts), so that large weights need no file."""
import math

import numpy as np


def uniform(seed, count):
    """`count` numbers in [-1, 1): MurmurHash3's finalizer over a counter."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32((seed * 0x85EBCA6B) & 0xFFFFFFFF)
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def seed_of(text):
    h = 0x811C9DC5
    for character in text:
        h = ((h ^ ord(character)) * 0x01000193) & 0xFFFFFFFF
    return h


def state_value(seed, name, shape):
    """A plausible parameter or buffer for a state-dict name."""
    count = int(np.prod(shape))
    noise = uniform((seed + seed_of(name)) & 0xFFFFFFFF, count)
    if name.endswith("running_var"):
        values = 1 + 0.3 * noise
    elif name.endswith("running_mean"):
        values = 0.1 * noise
    elif len(shape) > 1:
        values = noise * math.sqrt(6 / int(np.prod(shape[1:])))
    elif name.endswith("weight"):
        values = 1 + 0.2 * noise
    else:
        values = 0.1 * noise
    return values.reshape(shape).astype(np.float32)


def mask_value(seed, name, shape, keep):
    """Bernoulli(keep) / keep for the mask of a module by its name, as test/support/noise.ts draws it."""
    noise = uniform((seed + seed_of(name + ".mask")) & 0xFFFFFFFF, int(np.prod(shape)))
    return np.where(noise < 2 * keep - 1, 1 / keep, 0).reshape(shape).astype(np.float32)
