"""What the recipes on photos share: photos and targets of a split that is learned from and of one that is held out,
how well an embedding ranks the latter, and the run itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.training.export import write
from contrapposto.training.loop import Progress, Schedule, learn
from contrapposto.training.photos import Photos, as_input, read_photos
from contrapposto.training.targets import Target, Targets

NEAREST = 10
"""The held-out error is the mean true distance of so many that are ranked first."""

_AT_ONCE = 50

B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Data:
    """Which photos a recipe learns from."""

    train: str = "train"
    """Split that is learned from."""
    held_out: str = "val"
    """Split that is looked at."""
    most: int | None = None
    """No more than so many photos of `train`; None for all."""
    most_held_out: int = 500
    """No more than so many photos of `held_out`."""


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTask:
    """truth: (V, V) distances between the held-out photos, NaN on the diagonal, within a scene, and where poses
    cannot be compared."""

    photos: Photos
    targets: Targets
    held_out: Photos
    truth: NDArray[np.float64]

    @staticmethod
    def of(photos: Photos, held_out: Photos, target: Target) -> PhotoTask:
        """Distances of these photos."""
        truth = Targets.of(target, held_out.joints).of_anchors(np.arange(len(held_out)))
        truth[held_out.clusters[:, None] == held_out.clusters] = np.nan
        return PhotoTask(photos, Targets.of(target, photos.joints), held_out, truth)

    @staticmethod
    def read(folder: Path, data: Data, side: int, target: Target) -> PhotoTask:
        """From the folder of a keypoint set; side: pixels of the network's input. Raises DataError."""
        photos = read_photos(folder, data.train, side, data.most)
        return PhotoTask.of(photos, read_photos(folder, data.held_out, side, data.most_held_out), target)


@dataclass(frozen=True, slots=True)
class Trained:
    """weights: the ONNX file, whose input `image` (N, 3, side, side) is (RGB - 127) / 128 and whose output is
    `embedding` (N, width); steps: done; error: mean true distance of the first `NEAREST` of a ranking of the
    held-out photos, in the target's unit; difference: most that the ONNX file and PyTorch differ on these;
    seconds: of the run."""

    weights: Path
    steps: int
    error: float
    difference: float
    seconds: float


def run(
    task: PhotoTask,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[B], Tensor],
    batches: Callable[[int], B],
    schedule: Schedule,
    weights: Path,
    source: str,
    options: Any,
    rate: Callable[[int, int], float] | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Learns and writes what was learned; arguments as `loop.learn`, the run's folder is the one of `weights`."""

    def held_out() -> dict[str, float]:
        return retrieval(embed(network, task.held_out), task.truth)

    learned = learn(
        network, optimizer, loss_of, batches, held_out, schedule, weights.parent, options, rate, progress
    )
    shown = as_input(task.held_out.middle(np.arange(min(16, len(task.held_out)))))
    difference = write(network, [shown], weights, source)
    return Trained(weights, learned.steps, learned.best, difference, learned.seconds)


def embed(network: nn.Module, photos: Photos) -> NDArray[np.float32]:
    """(N, width) of all photos, by a network in evaluation mode, on its device."""
    device = device_of(network)
    found = []
    with torch.no_grad():
        for start in range(0, len(photos), _AT_ONCE):
            numbers = np.arange(start, min(start + _AT_ONCE, len(photos)))
            found.append(network(as_input(photos.middle(numbers), device)).float().cpu().numpy())
    return np.concatenate(found)


def retrieval(embeddings: NDArray[np.floating], truth: NDArray[np.float64]) -> dict[str, float]:
    """Every photo asks for the others by embedded distance, those of truth NaN left out. distance: mean true
    distance of the first `NEAREST`, over the photos that have any; nearest: of the first."""
    points = np.asarray(embeddings, dtype=np.float64)
    squares = (points**2).sum(axis=1)
    embedded = squares[:, None] + squares - 2 * points @ points.T
    embedded[np.isnan(truth)] = np.inf
    order = np.argsort(embedded, axis=1, kind="stable")[:, :NEAREST]
    found = np.take_along_axis(truth, order, axis=1)
    asked = np.isfinite(found[:, 0])
    if not asked.any():
        return {"distance": float("nan"), "nearest": float("nan")}
    return {"distance": float(np.nanmean(found[asked], axis=1).mean()), "nearest": float(found[asked, 0].mean())}


def device_of(network: nn.Module) -> torch.device:
    """Where a network is."""
    device: torch.device = next(network.parameters()).device
    return device
