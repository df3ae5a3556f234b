"""The recipe of Mori et al., "Pose Embeddings" (2015, arXiv:1507.00302), as far as it is published.

Triplets of an anchor, a photo at most 7 px away and one at least 15 px away, sought among 5,000 photos; a hinge on
squared distances; AdaGrad. A step has 600 photos: 200 triplets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto.errors import DataError
from contrapposto.networks.inception import SIDE, InceptionNetwork
from contrapposto.training.loop import Progress, Schedule, begin
from contrapposto.training.losses import triplet_hinge
from contrapposto.training.photo_task import Data, PhotoTask, Trained, device_of, run
from contrapposto.training.photos import Change, as_input
from contrapposto.training.sampling import Gap, gap_triplet
from contrapposto.training.targets import Target, Targets

WEIGHTS = "mori.onnx"

_ASKED = 200


@dataclass(frozen=True, slots=True)
class MoriOptions:
    """Settings of the recipe; the published ones but where said."""

    target: Target = "2d"
    """Which distance the embedding learns."""
    batch: int = 600
    """Photos of a step, three a triplet."""
    rate: float = 0.05
    """Learning rate of AdaGrad."""
    margin: float = 0.2
    """Of the hinge, between embeddings of length 1. Not published."""
    gap: Gap = field(default_factory=Gap)
    """In pixels of a pose of 128. For other targets the distances are taken that as large a share of the pairs
    keep."""
    change: Change = field(default_factory=lambda: Change(scale=0.1, shift=0.0))
    """Published: the scale."""
    data: Data = field(default_factory=Data)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=20_000, check=100))


def train_mori(
    folder: Path, out: Path, options: MoriOptions | None = None, progress: Progress | None = None
) -> Trained:
    """Learns from the keypoint set in `folder`; weights, learning curve and options go to `out`.

    Raises DataError."""
    options = options or MoriOptions()
    return learn_mori(PhotoTask.read(folder, options.data, SIDE, options.target), out, options, progress)


def learn_mori(task: PhotoTask, out: Path, options: MoriOptions, progress: Progress | None = None) -> Trained:
    """The same from photos and targets that were read before. Raises DataError when no photo has a positive."""
    schedule = options.schedule
    gap = gap_of(task, options.gap)
    rows = rows_with_positives(task.targets, gap)
    if not rows:
        raise DataError(f"no photo has another one within {gap.near:.3g}; train on more photos, or widen the gap")
    network = InceptionNetwork().to(begin(schedule))  # AdaGrad keeps its sums where the weights are now
    optimizer = torch.optim.Adagrad(network.parameters(), lr=options.rate)
    anchors = np.array(sorted(rows))

    def batch(step: int) -> Tensor:
        rng = np.random.default_rng([schedule.seed, 1, step])
        chosen: list[int] = []
        while len(chosen) < options.batch // 3 * 3:
            anchor = int(rng.choice(anchors))
            pair = gap_triplet(rows[anchor], anchor, rng, gap)
            chosen += [anchor, *pair] if pair is not None else []
        images: NDArray[np.uint8] = task.photos.changed(np.array(chosen), rng, options.change)
        return torch.from_numpy(np.ascontiguousarray(images))

    def loss_of(images: Tensor) -> Tensor:
        embedded = network(as_input(images, device_of(network))).reshape(len(images) // 3, 3, -1)
        return triplet_hinge(embedded[:, 0], embedded[:, 1:2], embedded[:, 2:], options.margin, squared=True)

    source = f"contrapposto train mori --target {options.target}"
    return run(
        task, network, optimizer, loss_of, batch, schedule, out / WEIGHTS, source, options, progress=progress
    )


def rows_with_positives(targets: Targets, gap: Gap) -> dict[int, NDArray[np.float32]]:
    """Distances (N,) to all, of the poses that have at least one near and one far."""
    rows = {}
    for anchor in range(len(targets)):
        row = targets.of_anchor(anchor)
        row[anchor] = np.nan
        if (row <= gap.near).any() and (row >= gap.far).any():
            rows[anchor] = row.astype(np.float32)
    return rows


def gap_of(task: PhotoTask, gap: Gap) -> Gap:
    """A gap in 2D as one in the task's target: what as large a share of the pairs is nearer than."""
    if task.targets.target == "2d":
        return gap
    asked = np.linspace(0, len(task.photos) - 1, min(_ASKED, len(task.photos))).astype(np.intp)
    flat, wanted = (_others(targets, asked) for targets in (Targets.of("2d", task.photos.joints), task.targets))
    near, far = (float(np.quantile(wanted, (flat <= edge).mean())) for edge in (gap.near, gap.far))
    return Gap(near, max(far, near), gap.within)


def _others(targets: Targets, anchors: NDArray[np.intp]) -> NDArray[np.float64]:
    """All distances of these to others that can be compared."""
    rows = targets.of_anchors(anchors)
    rows[np.arange(len(anchors)), anchors] = np.nan
    found: NDArray[np.float64] = rows[np.isfinite(rows)]
    return found
