"""Measurements of drawn cells, written to cells.json, by NumPy and SciPy from the definitions of scikit-image 0.26.

    python3 test/golden/cells.py

scikit-image itself is not called: moments come from numpy.cov and numpy.linalg.eigvalsh, hulls from scipy.spatial.ConvexHull
(Qhull), whose half-planes tell which pixel centres lie in the hull. The smallest Feret diameter, which scikit-image lacks, is
the least extent of the hull across one of its edges.
"""

import json
import math
from pathlib import Path

import numpy as np
import scipy
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

HEIGHT, WIDTH = 40, 56
DIAMOND = np.array([(-0.5, 0), (0.5, 0), (0, -0.5), (0, 0.5)])


def draw() -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    labels = np.zeros((HEIGHT, WIDTH), int)

    def ellipse(row: float, column: float, long: float, short: float, angle: float) -> np.ndarray:
        down, right = rows - row, columns - column
        along = down * math.cos(angle) + right * math.sin(angle)
        across = -down * math.sin(angle) + right * math.cos(angle)
        return (along / long) ** 2 + (across / short) ** 2 <= 1

    labels[ellipse(12, 13, 11, 5, 0.6)] = 1
    labels[ellipse(14, 36, 10, 10, 0) & ~ellipse(11, 40, 8, 8, 0)] = 2
    labels[ellipse(31, 44, 12, 3, -1.2)] = 3
    labels[30:38, 0:9] = 4
    for step in range(7):
        labels[26 + step, 15 + 2 * step : 17 + 2 * step] = 5
    labels[38, 30] = 6
    return labels


def hull_points(pixels: np.ndarray) -> np.ndarray:
    return np.unique((pixels[:, None, :] + DIAMOND[None, :, :]).reshape(-1, 2), axis=0)


def crossings(mask: np.ndarray, down: int, right: int) -> int:
    padded = np.pad(mask, 1)
    return int(np.sum(padded & ~np.roll(padded, (down, right), (0, 1))))


def measure(labels: np.ndarray, samples: np.ndarray, label: int) -> dict:
    mask = labels == label
    pixels = np.argwhere(mask).astype(float)
    area = len(pixels)
    centroid = pixels.mean(axis=0)
    covariance = np.cov(pixels.T, bias=True) if area > 1 else np.zeros((2, 2))
    small, large = np.clip(np.linalg.eigvalsh(covariance), 0, None)
    hull = ConvexHull(hull_points(pixels))
    grid = np.argwhere(np.ones_like(labels)).astype(float)
    inside = np.all(grid @ hull.equations[:, :2].T + hull.equations[:, 2] <= 1e-9, axis=1)
    filled = hull_points(grid[inside])
    outer = ConvexHull(filled)
    corners = filled[outer.vertices]
    extents = [np.ptp(corners @ normal) for normal in outer.equations[:, :2]]
    straight = sum(crossings(mask, *by) for by in [(0, 1), (0, -1), (1, 0), (-1, 0)])
    slanted = sum(crossings(mask, *by) for by in [(1, 1), (-1, -1), (1, -1), (-1, 1)])
    perimeter = math.pi / 8 * (straight + slanted / math.sqrt(2))
    own = samples[mask]
    return {
        "id": label,
        "area": area,
        "perimeter": perimeter,
        "row": centroid[0],
        "column": centroid[1],
        "majorAxis": 4 * math.sqrt(large),
        "minorAxis": 4 * math.sqrt(small),
        "eccentricity": 0.0 if large == 0 else math.sqrt(1 - small / large),
        "orientation": -math.pi / 4
        if np.allclose(covariance[0, 0], covariance[1, 1])
        else 0.5 * math.atan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1]),
        "circularity": min(1.0, 4 * math.pi * area / perimeter**2),
        "solidity": area / int(inside.sum()),
        "feretMaximum": float(pdist(corners).max()),
        "feretMinimum": float(min(extents)),
        "touchesEdge": bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()),
        "intensities": [
            {
                "mean": own[:, channel].mean(),
                "minimum": int(own[:, channel].min()),
                "maximum": int(own[:, channel].max()),
                "deviation": own[:, channel].std(),
                "integrated": int(own[:, channel].sum()),
            }
            for channel in range(samples.shape[2])
        ],
    }


labels = draw()
places = np.arange(HEIGHT * WIDTH)
# 16 bits, two channels; the test computes the same.
samples = np.stack([places * 7919 % 65521, 60000 + places % 97], axis=1).reshape(HEIGHT, WIDTH, 2)
found = [measure(labels, samples, label) for label in range(1, labels.max() + 1)]
made = f"cells.py, NumPy {np.__version__}, SciPy {scipy.__version__}"
rows = ["".join(map(str, row)) for row in labels]
out = Path(__file__).with_name("cells.json")
out.write_text(json.dumps({"made": made, "labels": rows, "cells": found}, indent=1) + "\n")
