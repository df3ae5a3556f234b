"""The recipe of the view-invariant network: keypoints of one pose seen from two sides come to one place, those of
poses that differ apart (after Pr-VIPE, Sun et al. 2020, arXiv:1912.01001; `docs/cross-view.md`).

Each step photographs new bodies (`variety`) and others like them (`kin`) with two cameras each (`cameras`) and
reports them as a detector would (`detector`). The true distance of two bodies is that of the metric `np-procrustes`
over the 12 limb joints. Every few hundred steps the share of misses in held-out clips is written to the learning
curve, and the best state is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.networks.keypoint_embedder import KeypointEmbedder
from contrapposto.poses.lifting import encode
from contrapposto.skeleton import LIMB_NUMBERS
from contrapposto.training import poses3d
from contrapposto.training.bodies import head_turns, take_apart, with_face
from contrapposto.training.cameras import CameraRange, photograph
from contrapposto.training.cross_view_losses import (
    distance_loss,
    distances_between,
    log_ratio_loss,
    soft_target_loss,
    softmax_loss,
    triplet_loss,
)
from contrapposto.training.detector import Detector, detect
from contrapposto.training.export import residual_perceptron
from contrapposto.training.kin import with_kin
from contrapposto.training.loop import Progress, Schedule, begin, learn, warm_cosine
from contrapposto.training.procrustes import all_np_procrustes
from contrapposto.training.variety import Variety, vary
from contrapposto.training.warm_start import begin_with, layers_of

WEIGHTS = "view-invariant.onnx"

CORRECT = 0.1
"""Share of the body's size: at most this far in truth are two poses the same (Pr-VIPE)."""

LEAST = 0.05
"""Share of the body's size: true distances count as at least this in `log-ratio`."""

FLOOR = 0.1
"""Share of the body's size that is added to the true distances over which `distance` divides."""

Loss = Literal["soft-targets", "softmax", "triplet", "log-ratio", "distance"]


@dataclass(frozen=True, slots=True)
class ViewInvariantOptions:
    """Settings of the recipe; the defaults made the shipped weights."""

    width: int = 512
    """Units of each layer."""
    blocks: int = 2
    """Residual blocks of two layers."""
    start: str = "lifter"
    """Own weights that the layers begin with where their shapes fit, or "": from scratch."""
    bodies: int = 256
    """Bodies a step, each seen by two cameras."""
    kin: int = 4
    """Of so many bodies one is drawn, and the others are like it."""
    loss: Loss = "soft-targets"
    """What is made least: `cross_view_losses`."""
    near: float = 0.1
    """Share of the body's size: who is nearer is no negative of `softmax` and `triplet`."""
    temperature: float = 0.05
    """Share of the body's size over which the weight of a target falls to 1/e, of `soft-targets`."""
    scale: float = 10.0
    """Of distances of embeddings in `softmax` and `soft-targets`, 1 over their unit."""
    margin: float = 0.2
    """Of `triplet`, in units of the embedding."""
    rate: float = 1.5e-3
    """Highest learning rate."""
    warm: int = 50
    """Steps in which the rate rises."""
    held_out_people: int = 500
    """Poses of the held-out clips, each seen by two cameras."""
    validation: tuple[str, ...] = poses3d.HELD_OUT
    """Clips that are held out."""
    variety: Variety = field(default_factory=Variety)
    cameras: CameraRange = field(default_factory=CameraRange)
    detector: Detector = field(default_factory=Detector)
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=8000, minutes=22.0, warm=50, check=250, patience=12, device="cpu")
    )


@dataclass(frozen=True, slots=True)
class Trained:
    """weights: the ONNX file; steps: done; hit: hit@1, 0..1, of the held-out clips from the first view to the
    second; difference: most that the ONNX file and PyTorch differ in there."""

    weights: Path
    steps: int
    hit: float
    difference: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """inputs: (2N, 51) first all first views, then all second ones; distances: (N, N) true ones of the bodies."""

    inputs: Tensor
    distances: Tensor


def train_view_invariant(
    data: Path, out: Path, options: ViewInvariantOptions | None = None, progress: Progress | None = None
) -> Trained:
    """Learns from the CMU table in the folder `data`; writes weights, curve and options to `out`. A run that was
    broken off goes on.

    Raises DataError when the data is not there or `out` cannot be written or holds another run.
    """
    options = options or ViewInvariantOptions()
    motion = poses3d.read_motion(data / poses3d.CMU)
    device = begin(options.schedule)
    held_out = held_out_batch(motion, options)
    network = KeypointEmbedder(options.width, options.blocks)
    batches = _Batches(motion.of_clips(options.validation, others=True), options)
    if options.start:
        begin_with(network, layers_of(options.start), batches(0).inputs)
    network.to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)
    learned = learn(
        network,
        optimizer,
        lambda batch: view_invariant_loss(network(batch.inputs.to(device)), batch.distances.to(device), options),
        batches,
        lambda: held_out_measures(network, held_out, device),
        options.schedule,
        out,
        options,
        lambda step, total: warm_cosine(step, total, options.warm),
        progress,
    )
    return _export(network.cpu(), held_out, out / WEIGHTS, learned.steps)


def held_out_batch(motion: poses3d.Motion, options: ViewInvariantOptions) -> Batch:
    """Views of frames of the held-out clips as they are, with a face and the detector's noise; always the same."""
    rng = np.random.default_rng([options.schedule.seed, 0, 1])
    clips = motion.of_clips(options.validation)
    count = min(options.held_out_people, len(clips))
    frames = clips.select(np.sort(rng.choice(len(clips), count, replace=False)))
    world = with_face(frames, head_turns(rng, count))
    return _batch(world, rng, options.cameras, Detector(exact=0.0))


def view_invariant_loss(embedded: Tensor, truth: Tensor, options: ViewInvariantOptions) -> Tensor:
    """The loss of embeddings (2N, D), first views first, of bodies of true distances (N, N)."""
    found = distances_between(*embedded.float().chunk(2))
    match options.loss:
        case "soft-targets":
            return soft_target_loss(found, truth, options.temperature, options.scale)
        case "softmax":
            return softmax_loss(found, truth, options.near, options.scale)
        case "triplet":
            return triplet_loss(found, truth, options.near, options.margin)
        case "log-ratio":
            return log_ratio_loss(found, truth, LEAST)
        case "distance":
            return distance_loss(found, truth, FLOOR)


def held_out_measures(network: nn.Module, batch: Batch, device: torch.device) -> dict[str, float]:
    """Shares 0..1 of the first views whose nearest second view, and none of whose ten nearest, is the same pose."""
    with torch.no_grad():
        found = distances_between(*network(batch.inputs.to(device)).chunk(2)).cpu()
    right = torch.take_along_dim(batch.distances <= CORRECT, found.argsort(dim=1, stable=True), dim=1)
    return {f"miss@{first}": 1 - float(right[:, :first].any(dim=1).float().mean()) for first in (1, 10)}


class _Batches:
    """The batch of a step: the same whenever it is asked for."""

    def __init__(self, motion: poses3d.Motion, options: ViewInvariantOptions) -> None:
        self._bodies, self._options = take_apart(motion).with_mirrored(), options

    def __call__(self, step: int) -> Batch:
        options = self._options
        rng = np.random.default_rng([options.schedule.seed, 1, step])
        world = vary(self._bodies, max(1, options.bodies // options.kin), rng, options.variety)
        return _batch(with_kin(world, options.kin, rng), rng, options.cameras, options.detector)


def _batch(world: NDArray[np.float64], rng: np.random.Generator, cameras: CameraRange, detector: Detector) -> Batch:
    seen = [detect(photograph(world, rng, cameras), rng, detector) for _ in range(2)]
    inputs = np.concatenate([encode(found.keypoints, found.scores) for found in seen])
    distances = all_np_procrustes(world[:, LIMB_NUMBERS]).astype(np.float32)
    return Batch(torch.from_numpy(inputs), torch.from_numpy(distances))


def _export(network: KeypointEmbedder, held_out: Batch, path: Path, steps: int) -> Trained:
    """Writes the ONNX file, whose weights are stored as float16, and compares it with the network."""
    import onnxruntime

    network.simplify()
    properties = {"name": "view-invariant", "licence": "Apache-2.0", "source": "contrapposto train view-invariant"}
    path.write_bytes(residual_perceptron(network.folded(), properties, given="keypoints", found="embedding"))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (written,) = session.run(None, {"keypoints": held_out.inputs.numpy()})
    with torch.no_grad():
        difference = float(np.abs(network(held_out.inputs).numpy() - written).max())
    misses = held_out_measures(network, held_out, torch.device("cpu"))
    return Trained(path, steps, 1 - misses["miss@1"], difference)
