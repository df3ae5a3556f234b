"""The recipe `deeppose`: the cascade of regressors of Toshev and Szegedy (2014), stage after stage.

The first stage learns as `heatmap` does, from changed views. A later one learns from squares around true joints,
moved as far as the stages before it err: by a Gaussian with the mean and the deviation, for each joint and axis, of
their errors on the held-out people, in lengths of the torso (their errors on people that they learned from are too
small). With `PoseData.views` the first part of the trunk is frozen, and looks at `squares` squares of each joint
once; without, every square is new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.networks.deeppose import Exported, Head, Stage
from contrapposto.poses.deeppose import SIGMA, STAGE, DeepPose
from contrapposto.training.deeppose_squares import HeldOut, Squares, fresh_squares, held_out_squares, kept_squares
from contrapposto.training.export import write
from contrapposto.training.loop import Progress, Schedule, begin, learn
from contrapposto.training.pose_batches import (
    Batch,
    PoseData,
    batches_of,
    cells_of,
    known_joints,
    looking,
    misses,
    on_device_of,
    trunk_parts,
)
from contrapposto.training.pose_photos import KnownPerson
from contrapposto.weights import Progress as FetchProgress

PUBLISHED_RATE, TRAINED_RATE = 5e-4, 1e-4
"""Learning rates: the published one, and one for trunks that begin with weights, behind whose larger features the
published one soon leaves hardly a hidden unit that answers."""


@dataclass(frozen=True, slots=True)
class DeepPoseOptions:
    """Settings of the recipe; the defaults are those of the paper where it states them."""

    data: PoseData = field(default_factory=lambda: PoseData("alexnet", 220, 220, batch=128))
    """What is learned from; the size is that of the first stage."""
    stages: int = 3
    """Regressors in a row."""
    sigma: float = 1.5
    """Side of the square around a joint, in lengths of the torso."""
    square: int = 220
    """Pixels of that square."""
    squares: int = 1
    """Squares of each joint of each person that a frozen trunk looks at."""
    hidden: int = 4096
    """Units of the two hidden layers."""
    dropout: float = 0.6
    """Share of the hidden units that are left out in a step."""
    rate: float = PUBLISHED_RATE
    """First learning rate (Adam)."""
    falls: tuple[float, ...] = (0.7, 0.9)
    """Shares of the steps after each of which the rate is a tenth."""
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=20_000, minutes=24 * 60, check=500, patience=100)
    )
    """Of each stage."""


@dataclass(frozen=True, slots=True)
class TrainedCascade:
    """folder: of the ONNX files; misses: after each stage, as `heatmaps.TrainedHeatmaps`; difference: most that the
    files and PyTorch differ; seconds: of learning; parameters: of all stages."""

    folder: Path
    misses: tuple[float, ...]
    difference: float
    seconds: float
    parameters: int


def train_deeppose(
    folder: Path,
    out: Path,
    options: DeepPoseOptions | None = None,
    progress: Progress | None = None,
    *,
    seen: Path | None = None,
    fetching: FetchProgress | None = None,
) -> TrainedCascade:
    """Learns from a keypoint set, and writes the stages to `out`, the curve of each to `out/learned-N`. seen: where
    views are kept that a frozen trunk looked at; None for `out/seen`. Raises DataError, WeightsError."""
    options = options or DeepPoseOptions()
    people, others = options.data.people(folder)
    joints = known_joints(people)
    wrong, differences, seconds, parameters = [], [], 0.0, 0
    for number in range(1, options.stages + 1):
        device = begin(options.schedule)
        size = options.data.size if number == 1 else (options.square, options.square)
        first, stage = _stage(options, size, len(joints), fetching)
        batches: Callable[[int], Any]
        if number == 1:
            batches, shown = batches_of(
                people, others, first, options.data, seen or out / "seen", progress, device=device
            )
            error: Callable[[], dict[str, float]] = partial(box_errors, stage, shown, joints, size)
        else:
            batches, error = _later(stage, first, people, others, joints, DeepPose(out), options, progress)
        begin(options.schedule)
        learned = learn(
            stage,
            torch.optim.Adam(stage.parameters(), lr=options.rate),
            partial(box_loss, stage, joints, size) if number == 1 else partial(square_loss, stage),
            batches,
            error,
            options.schedule,
            out / f"learned-{number}",
            options,
            lambda step, total: 0.1 ** sum(step > share * total for share in options.falls),
            progress,
        )
        whole = Exported(first if options.data.views else None, stage)
        source, more = "contrapposto train deeppose", {SIGMA: str(options.sigma)}
        path, shown_to = out / STAGE.format(number), [torch.rand(4, 3, *size) * 2 - 1]
        differences.append(write(whole, shown_to, path, source, found=("joints",), more=more))
        wrong.append(learned.best)
        seconds += learned.seconds
        parameters += sum(parameter.numel() for parameter in whole.parameters())
    return TrainedCascade(out, tuple(wrong), max(differences), seconds, parameters)


def _stage(
    options: DeepPoseOptions, size: tuple[int, int], joints: int, fetching: FetchProgress | None
) -> tuple[nn.Module, Stage]:
    """The first part of the trunk, and what learns."""
    first, last, entering = trunk_parts(options.data.trunk, fetching)
    head = Head(entering * cells_of(options.data.trunk, size), joints, options.hidden, options.dropout)
    return first, Stage(None if options.data.views else first, last, head)


def _later(
    stage: Stage,
    first: nn.Module,
    people: Sequence[KnownPerson],
    others: Sequence[KnownPerson],
    joints: NDArray[np.intp],
    before: DeepPose,
    options: DeepPoseOptions,
    progress: Progress | None,
) -> tuple[Callable[[int], Squares], Callable[[], dict[str, float]]]:
    """What a stage after the first learns from, and its error on the held-out people."""
    data, size = options.data, options.square
    look = looking(first, (size, size)) if data.views else None
    held_out, errors = held_out_squares(others, joints, before, options.sigma, size, look)
    if look is None:
        batches = fresh_squares(people, joints, errors, options.sigma, size, data.batch, data.seed)
    else:
        batches = kept_squares(
            people, joints, errors, options.sigma, size, options.squares, data.batch, data.seed, look, progress
        )
    return batches, partial(square_errors, stage, held_out, joints)


def box_loss(stage: nn.Module, joints: NDArray[np.intp], size: tuple[int, int], batch: Batch) -> Tensor:
    """Mean over the known joints of the squared distance, in sides of what is shown."""
    found = stage(on_device_of(stage, batch.given)).float()
    rows, columns = size
    sides = torch.tensor([columns, rows], dtype=torch.float32)
    wanted = (batch.joints[:, joints] / sides - 0.5).to(found.device)
    known = torch.isfinite(wanted[..., 0])
    away = ((found - torch.nan_to_num(wanted)) ** 2).sum(-1)
    return (away * known).sum() / known.sum().clamp(min=1)


def square_loss(stage: nn.Module, batch: Squares) -> Tensor:
    """Mean over the squares of the squared distance, in their sides, by the outputs of the joints they lie on."""
    found = stage(on_device_of(stage, batch.given)).float()
    rows = torch.arange(len(found), device=found.device)
    moves = found[rows, batch.joints.to(found.device)]
    return ((moves - batch.moves.to(found.device)) ** 2).sum(-1).mean()


def box_errors(
    stage: nn.Module, held_out: Sequence[Batch], joints: NDArray[np.intp], size: tuple[int, int]
) -> dict[str, float]:
    """misses: see `TrainedCascade`."""
    wrong = []
    for batch in held_out:
        found = stage(on_device_of(stage, batch.given)).float().cpu().numpy()
        points = np.full(batch.joints.shape, np.nan)
        points[:, joints] = (found + 0.5) * (size[1], size[0])
        wrong.append(misses(points, batch.joints.numpy()))
    return {"misses": float(np.concatenate(wrong).mean())}


def square_errors(stage: nn.Module, held_out: Sequence[HeldOut], joints: NDArray[np.intp]) -> dict[str, float]:
    """misses: see `TrainedCascade`; before: the same without this stage."""
    after: list[NDArray[np.bool_]] = []
    before: list[NDArray[np.bool_]] = []
    own = np.arange(len(joints))
    for person in held_out:
        moves = stage(on_device_of(stage, person.given)).float().cpu().numpy()[own, own]
        for places, wrong in ((person.places + moves * person.side, after), (person.places, before)):
            points = np.full(person.truth.shape, np.nan)
            points[joints] = places
            wrong.append(misses(points[None], person.truth[None]))
    return {"misses": float(np.concatenate(after).mean()), "before": float(np.concatenate(before).mean())}
