"""The recipe of "Thin-Slicing for Pose" (Kwak, Cho and Laptev, CVPR 2016) with the settings of Curro's thesis.

A step has one anchor, 5 of its 30 nearest, and 105 others from farther ranks, which come closer with every epoch:
525 triplets and a hinge with a margin of 0.2. An epoch has each photo as the anchor once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto.networks.thin_slicing import SIDE, ThinSlicingNetwork
from contrapposto.training.loop import Progress, Schedule, begin
from contrapposto.training.losses import triplet_hinge
from contrapposto.training.photo_task import Data, PhotoTask, Trained, device_of, run
from contrapposto.training.photos import Change, as_input
from contrapposto.training.sampling import Curriculum, Tuples, anchor_of, curriculum_tuple
from contrapposto.training.targets import Target

WEIGHTS = "thin-slicing.onnx"


@dataclass(frozen=True, slots=True)
class ThinSlicingOptions:
    """Settings of the recipe; the published ones but where said."""

    target: Target = "2d"
    """Which distance the embedding learns."""
    epochs: int = 7
    """Times that every photo is the anchor; fewer where the schedule allows fewer steps. The learning rate falls
    in so many steps in any case."""
    rate: float = 0.01
    """Learning rate of the fully connected layers in the first epoch."""
    convolutions: float = 0.01
    """Learning rate of the convolutions. Published: 0.001, for convolutions that were trained before; these begin
    at random."""
    fall: float = 0.2
    """The learning rates are multiplied with this after each epoch."""
    momentum: float = 0.9
    """Of Nesterov's kind."""
    decay: float = 5e-4
    """Weight decay."""
    margin: float = 0.2
    """Of the hinge, between embeddings of length 1."""
    squared: bool = False
    """Whether the hinge is of squared distances (Kwak et al.) or of plain ones (the thesis)."""
    curriculum: Curriculum = field(default_factory=Curriculum)
    change: Change = field(default_factory=Change)
    data: Data = field(default_factory=Data)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1_000_000, check=200))


def train_thin_slicing(
    folder: Path, out: Path, options: ThinSlicingOptions | None = None, progress: Progress | None = None
) -> Trained:
    """Learns from the keypoint set in `folder`; weights, learning curve and options go to `out`.

    Raises DataError."""
    options = options or ThinSlicingOptions()
    return learn_thin_slicing(PhotoTask.read(folder, options.data, SIDE, options.target), out, options, progress)


def learn_thin_slicing(
    task: PhotoTask, out: Path, options: ThinSlicingOptions, progress: Progress | None = None
) -> Trained:
    """The same from photos and targets that were read before."""
    count = len(task.photos)
    schedule = replace(options.schedule, steps=min(options.schedule.steps, options.epochs * count))
    begin(schedule)
    network = ThinSlicingNetwork()
    optimizer = torch.optim.SGD(
        [
            {"params": list(network.head.parameters()), "lr": options.rate},
            {"params": list(network.trunk.parameters()), "lr": options.convolutions},
        ],
        momentum=options.momentum,
        weight_decay=options.decay,
        nesterov=True,
    )

    def batch(step: int) -> Tensor:
        rng = np.random.default_rng([schedule.seed, 1, step])
        chosen = tuple_of(task, step, schedule.seed, rng, options.curriculum)
        images: NDArray[np.uint8] = task.photos.changed(chosen.all(), rng, options.change)
        return torch.from_numpy(np.ascontiguousarray(images))

    def loss_of(images: Tensor) -> Tensor:
        embedded = network(as_input(images, device_of(network)))
        near = 1 + options.curriculum.positives
        return triplet_hinge(embedded[0], embedded[1:near], embedded[near:], options.margin, options.squared)

    def rate(step: int, total: int) -> float:
        return options.fall ** (options.epochs * (step - 1) // total)

    source = f"contrapposto train thin-slicing --target {options.target}"
    return run(task, network, optimizer, loss_of, batch, schedule, out / WEIGHTS, source, options, rate, progress)


def tuple_of(task: PhotoTask, step: int, seed: int, rng: np.random.Generator, curriculum: Curriculum) -> Tuples:
    """The photos of a step (from 1); where the step's anchor cannot be compared with others, of another one.
    Distances between posebits tie. Raises ValueError when no anchor can be compared."""
    count = len(task.photos)
    rule = replace(curriculum, ties=curriculum.ties or task.targets.target == "posebits")
    for place in range(count):
        anchor = anchor_of(step + place, count, seed)
        found = curriculum_tuple(task.targets.of_anchor(anchor), anchor, (step - 1) // count, rng, rule)
        if found is not None:
            return found
    raise ValueError("no photo has two others that its pose can be compared with")
