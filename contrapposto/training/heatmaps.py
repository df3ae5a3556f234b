"""The recipe `heatmap`: the simple baseline (Xiao et al. 2018), and attention on its decoder
(`networks/heatmap.py`).

The defaults are the published settings, which are for a GPU. On a CPU the first part of the trunk can be frozen
(`PoseData.views`): it looks once at so many changed views of each person, and the rest learns from what it saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.networks.attention import Kind
from contrapposto.networks.heatmap import STRIDE, Decoder, Exported, HeatmapNetwork
from contrapposto.poses.heatmaps import decode
from contrapposto.training.export import write
from contrapposto.training.loop import Progress, Schedule, begin, learn
from contrapposto.training.pose_batches import (
    Batch,
    PoseData,
    batches_of,
    known_joints,
    misses,
    on_device_of,
    trunk_parts,
)
from contrapposto.weights import Progress as FetchProgress

WEIGHTS = "heatmap.onnx"

QUARTER = 4
"""Sides of the picture over those of the heatmaps."""


@dataclass(frozen=True, slots=True)
class HeatmapOptions:
    """Settings of the recipe; the defaults are those of Xiao et al., but for the trunk."""

    data: PoseData = field(default_factory=PoseData)
    """What is learned from."""
    width: int = 256
    """Channels of the deconvolutions."""
    holistic: Kind | None = None
    """Kind of the holistic attention, None for none."""
    parts: Kind | None = None
    """Kind of the part-wise attention, None for none."""
    sigma: float = 2.0
    """Deviation of the target, cells of a heatmap of 64 rows; smaller on smaller ones, in proportion."""
    rate: float = 1e-3
    """First learning rate (Adam)."""
    falls: tuple[float, ...] = (90 / 140, 120 / 140)
    """Shares of the steps after each of which the rate is a tenth."""
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=26_250, minutes=24 * 60, check=500, patience=100)
    )
    """140 rounds of 6,000 people."""


@dataclass(frozen=True, slots=True)
class TrainedHeatmaps:
    """weights: the ONNX file; steps: done; misses: share of the held-out limb joints that are further than a fifth
    of the torso from the true place; difference: most that the ONNX file and PyTorch differ; seconds: of learning;
    parameters: of the whole network."""

    weights: Path
    steps: int
    misses: float
    difference: float
    seconds: float
    parameters: int


def train_heatmap(
    folder: Path,
    out: Path,
    options: HeatmapOptions | None = None,
    progress: Progress | None = None,
    *,
    seen: Path | None = None,
    fetching: FetchProgress | None = None,
) -> TrainedHeatmaps:
    """Learns from a keypoint set, and writes weights, curve and options to `out`. seen: where views are kept that a
    frozen trunk looked at; None for `out/seen`. Raises DataError, WeightsError."""
    options = options or HeatmapOptions()
    data = options.data
    people, others = data.people(folder)
    device = begin(options.schedule)
    first, last, entering = trunk_parts(data.trunk, fetching)
    joints = known_joints(people)
    batches, held_out = batches_of(people, others, first, data, seen or out / "seen", progress, device=device)
    begin(options.schedule)
    size = (data.rows // STRIDE, data.columns // STRIDE)
    decoder = Decoder(entering, len(joints), size, options.width, options.holistic, options.parts)
    network = HeatmapNetwork(None if data.views else first, last, decoder)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)

    def loss_of(batch: Batch) -> Tensor:
        found = network(on_device_of(network, batch.given))
        return heatmap_loss(found, batch.joints, joints, options.sigma)

    learned = learn(
        network,
        optimizer,
        loss_of,
        batches,
        lambda: errors(network, held_out, joints, options.sigma),
        options.schedule,
        out,
        options,
        lambda step, total: 0.1 ** sum(step > share * total for share in options.falls),
        progress,
    )
    whole = Exported(first if data.views else None, network)
    path = out / WEIGHTS
    difference = write(whole, [torch.rand(4, 3, *data.size) * 2 - 1], path, command(options), found=whole.names)
    count = sum(parameter.numel() for parameter in whole.parameters())
    return TrainedHeatmaps(path, learned.steps, learned.best, difference, learned.seconds, count)


def command(options: HeatmapOptions) -> str:
    """The command that trains with these options, for the metadata of the file."""
    data = options.data
    words = [f"contrapposto train heatmap --trunk {data.trunk} --size {data.rows}x{data.columns}"]
    words += [f"--width {options.width} --views {data.views} --steps {options.schedule.steps}"]
    words += [f"--attention {options.holistic}"] if options.holistic else []
    words += [f"--parts {options.parts}"] if options.parts else []
    return " ".join(words)


def heatmap_loss(found: Tensor, joints: Tensor, chosen: NDArray[np.intp], sigma: float) -> Tensor:
    """Mean squared error of heatmaps (B, J, H, W), those of unseen joints left out: these count as right. joints:
    (B, 17, 2) pixels of the view, four times the cells; chosen: (J,) which of them; sigma: see `HeatmapOptions`."""
    places = joints[:, chosen].to(found.device)
    known = torch.isfinite(places[..., 0])
    wanted = targets(torch.nan_to_num(places) / QUARTER, found.shape[2], found.shape[3], sigma)
    return ((found.float() - wanted) ** 2 * known[..., None, None]).mean()


def targets(places: Tensor, rows: int, columns: int, sigma: float) -> Tensor:
    """(B, J, rows, columns) Gaussians around places (B, J, 2), cells, whose peak is 1."""
    deviation = sigma * rows / 64
    across = torch.arange(columns, device=places.device) + 0.5 - places[..., :1]
    down = torch.arange(rows, device=places.device) + 0.5 - places[..., 1:]
    lines = [torch.exp(-(away**2) / (2 * deviation**2)) for away in (down, across)]
    return lines[0][..., :, None] * lines[1][..., None, :]


def errors(
    network: nn.Module, held_out: Sequence[Batch], chosen: NDArray[np.intp], sigma: float
) -> dict[str, float]:
    """misses: as `TrainedHeatmaps`; mse: the loss."""
    wrong, loss = [], 0.0
    for batch in held_out:
        found = network(on_device_of(network, batch.given)).float()
        loss += float(heatmap_loss(found, batch.joints, chosen, sigma)) * len(batch.joints)
        points = np.full(batch.joints.shape, np.nan)
        points[:, chosen] = decode(found.cpu().numpy())[0] * QUARTER
        wrong.append(misses(points, batch.joints.numpy()))
    every = np.concatenate(wrong)
    return {"misses": float(every.mean()), "mse": loss / sum(len(batch.joints) for batch in held_out)}
