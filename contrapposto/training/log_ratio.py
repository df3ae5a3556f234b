"""The recipe of Kim et al., "Deep Metric Learning Beyond Binary Supervision" (CVPR 2019): ratios of embedded
distances follow ratios of true ones.

A step has one anchor, its 5 nearest and random others, 150 photos in all; there is neither a margin nor a cut
between near and far. An epoch has each photo as the anchor once. They train ResNet-34; here the trunk is
EfficientNet-lite0, whose ImageNet weights have a free licence, or one of the networks that begin at random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from contrapposto.networks import inception, thin_slicing
from contrapposto.networks.efficientnet import Head, PoseEmbedder, Trunk, pretrained
from contrapposto.training.loop import Progress, Schedule, begin
from contrapposto.training.losses import dense_triplet, distance_regression, log_ratio
from contrapposto.training.photo_task import Data, PhotoTask, Trained, device_of, run
from contrapposto.training.photos import Change, as_input
from contrapposto.training.sampling import anchor_of, dense_batch
from contrapposto.training.targets import Target

WEIGHTS = "log-ratio.onnx"

Network = Literal["efficientnet-lite0", "thin-slicing", "inception"]
Loss = Literal["log-ratio", "dense-triplet", "distance"]

Batch = tuple[Tensor, Tensor]
"""(B, side, side, 3) uint8, the anchor first, and (B - 1,) target distances of the others to it."""


@dataclass(frozen=True, slots=True)
class LogRatioOptions:
    """Settings of the recipe; the published ones but where said."""

    target: Target = "2d"
    """Which distance the embedding learns."""
    network: Network = "efficientnet-lite0"
    """What is trained. Published: ResNet-34."""
    side: int = 160
    """Pixels of the input's sides with EfficientNet; the others have their own. Published: 224."""
    pretrained: bool = True
    """Whether EfficientNet begins with its ImageNet weights."""
    loss: Loss = "log-ratio"
    """The paper's loss, its baseline with a margin of 0.03, or Kruskal's stress of the distances."""
    epochs: int = 30
    """Times that every photo is the anchor; fewer where the schedule allows fewer steps."""
    batch: int = 150
    """Photos of a step."""
    nearest: int = 5
    """Of these, the nearest of the anchor."""
    rate: float = 0.01
    """Learning rate of the first step, halved after 1 / `slower` steps."""
    slower: float = 1e-4
    """The learning rate is divided by 1 + this times the step."""
    momentum: float = 0.9
    decay: float = 5e-4
    """Weight decay."""
    change: Change = field(default_factory=lambda: Change(scale=0.05, shift=0.03))
    data: Data = field(default_factory=Data)
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1_000_000, check=200))

    @property
    def sees(self) -> int:
        """Pixels of the input's sides of the chosen network."""
        own = {"thin-slicing": thin_slicing.SIDE, "inception": inception.SIDE}
        return own.get(self.network, self.side)


def train_log_ratio(
    folder: Path, out: Path, options: LogRatioOptions | None = None, progress: Progress | None = None
) -> Trained:
    """Learns from the keypoint set in `folder`; weights, learning curve and options go to `out`. Raises DataError,
    and WeightsError when the trunk's weights can be neither found nor fetched."""
    options = options or LogRatioOptions()
    return learn_log_ratio(
        PhotoTask.read(folder, options.data, options.sees, options.target), out, options, progress
    )


def learn_log_ratio(
    task: PhotoTask, out: Path, options: LogRatioOptions, progress: Progress | None = None
) -> Trained:
    """The same from photos and targets that were read before."""
    count = len(task.photos)
    schedule = replace(options.schedule, steps=min(options.schedule.steps, options.epochs * count))
    begin(schedule)
    network = network_of(options)
    optimizer = torch.optim.SGD(
        network.parameters(), lr=options.rate, momentum=options.momentum, weight_decay=options.decay
    )

    def batch(step: int) -> Batch:
        rng = np.random.default_rng([schedule.seed, 1, step])
        anchor = anchor_of(step, count, schedule.seed)
        distances = task.targets.of_anchor(anchor)
        chosen = dense_batch(distances, anchor, rng, options.nearest, options.batch)
        images = task.photos.changed(chosen, rng, options.change)
        wanted = distances[chosen[1:]].astype(np.float32)
        return torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(wanted)

    def loss_of(batch: Batch) -> Tensor:
        device = device_of(network)
        embedded = network(as_input(batch[0], device))
        return _LOSSES[options.loss](embedded[0], embedded[1:], batch[1].to(device))

    def rate(step: int, total: int) -> float:
        return 1 / (1 + options.slower * step)

    source = f"contrapposto train log-ratio --target {options.target}"
    return run(task, network, optimizer, loss_of, batch, schedule, out / WEIGHTS, source, options, rate, progress)


def network_of(options: LogRatioOptions) -> nn.Module:
    """A new network. Only the dense triplet wants vectors of length 1."""
    unit = options.loss == "dense-triplet"
    if options.network == "thin-slicing":
        return thin_slicing.ThinSlicingNetwork(unit=unit)
    if options.network == "inception":
        return inception.InceptionNetwork(unit=unit)
    trunk = pretrained(options.network) if options.pretrained else Trunk(options.network)
    return PoseEmbedder(trunk, Head(unit=unit))


_LOSSES: dict[Loss, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "log-ratio": log_ratio,
    "dense-triplet": dense_triplet,
    "distance": distance_regression,
}
