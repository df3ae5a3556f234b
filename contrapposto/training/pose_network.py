"""The recipe `default`: the network that is shipped for keypoints and embeddings (`networks/pose_network.py`).

MoveNet Thunder learns on from people whose joints are known, turned as nobody of its own training was, and beside
its heatmaps an embedding of the pose. So that it forgets nothing, and learns of everyday photos too, it also looks
at people whose joints nobody marked: there it should see the keypoints that several looks of Thunder agree on
(`unlabelled`), and where they do not, what Thunder sees, as it should of keypoints that are not marked (learning
without forgetting: Li and Hoiem 2016).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from contrapposto import skeleton, weights
from contrapposto.distances import pose_distances
from contrapposto.errors import DataError
from contrapposto.media.sampling import Region
from contrapposto.networks.pose_network import PoseNetwork
from contrapposto.networks.thunder import CELLS, SIDE, ThunderNetwork
from contrapposto.poses.crops import region_of
from contrapposto.poses.heatmaps import decode
from contrapposto.skeleton import LIMB_NUMBERS
from contrapposto.text import path_text
from contrapposto.training.device_views import DeviceViews
from contrapposto.training.export import round_to_bytes, write
from contrapposto.training.heatmaps import targets
from contrapposto.training.loop import Progress, Schedule, begin, learn, warm_cosine
from contrapposto.training.losses import log_ratio_of_all
from contrapposto.training.photos import as_input
from contrapposto.training.pose_batches import chosen_rows, misses
from contrapposto.training.pose_losses import distances, joint_error, normalised, single_joints
from contrapposto.training.pose_photos import (
    Change,
    KnownPerson,
    drawn,
    joints_in,
    known_people,
    picture_of,
    view,
)
from contrapposto.training.unlabelled import found_people
from contrapposto.weights import Progress as FetchProgress

WEIGHTS, EMBEDDINGS = "pose-network.onnx", "embeddings"
SOURCE = "contrapposto train default"

SIZE = (SIDE, SIDE)
CELL = SIDE / CELLS

SMALL_BATCH, FROZEN = 24, 5
"""`batch` and `frozen` that two CPU cores learn from in an hour."""

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class PoseOptions:
    """Settings of the recipe; the defaults made the shipped weights."""

    change: Change = field(default_factory=lambda: Change(scale=0.25, turn=30.0, turned=0.6, flip=0.5, half=0.15))
    """What is changed by chance of people whose joints are known."""
    anyhow: float = 0.1
    """Share of them, 0..1, turned by any angle instead."""
    moved: float = 0.06
    """Deviation of how far what is shown is moved, in its sides."""
    plain: Change = field(default_factory=lambda: Change(scale=0.25, turn=15.0, turned=0.6, flip=0.5, half=0.2))
    """What is changed of the others."""
    shade: float = 0.3
    """Most that brightness, contrast and colours change, as a share."""
    batch: int = 128
    """People with known joints a step."""
    others: int = 96
    """People without, a step."""
    rate: float = 1e-4
    """Highest learning rate of Thunder's layers (AdamW)."""
    head_rate: float = 1e-3
    """Of the embedding's."""
    frozen: int = 0
    """Blocks of Thunder, of 16, from the picture on, that do not learn."""
    decay: float = 0.02
    """Weight decay."""
    warm: float = 0.05
    """Share of the steps in which the rates rise; then they fall as a cosine."""
    sigma: float = 2.0
    """Deviation of the target, cells of the heatmaps."""
    heat: float = 10.0
    """Weight of the loss of the heatmaps."""
    sharp: float = 0.3
    """Weight in it of how far the whole map, as one distribution, is from the target."""
    pose: float = 0.3
    """Weight of the joints that the embedding's features tell, px of a 128-px pose."""
    ratio: float = 10.0
    """Weight of the log-ratio loss."""
    joint: float = 0.5
    """Weight of the loss of single joints."""
    joint_scale: float = 200.0
    """Pixels that a joint is away where its part of the embedding is 1 away."""
    blur: float = 1.0
    """Pixels that are added to distances before their logarithm is taken."""
    least_joints: int = 8
    """People of whom a view shows fewer joints teach the embedding nothing."""
    shared: int = 10
    """True limb joints that two people must share to be compared."""
    dropout: float = 0.3
    """Share of the embedding's features that are left out in a step."""
    most: int | None = None
    """No more than so many people of each split, and of those without joints."""
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1600, minutes=60, check=160, patience=100, workers=3)
    )


@dataclass(frozen=True, slots=True)
class TrainedPose:
    """weights: the ONNX file; steps: done; misses: share of the held-out limb joints further than a fifth of the
    torso from the true place; first_ten: px, mean true distance of the first ten answers by the embedding;
    difference: most that the ONNX file and PyTorch differ; seconds: of learning."""

    weights: Path
    steps: int
    misses: float
    first_ten: float
    difference: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """images: (B, 3, 256, 256) on the device, those without known joints last; joints: (B, 17, 2) pixels, NaN
    unknown; learned: how many of them have any."""

    images: Tensor
    joints: Tensor
    learned: int


def train_pose(
    data: Path,
    out: Path,
    options: PoseOptions | None = None,
    progress: Progress | None = None,
    *,
    known: Sequence[Path] = (),
    also: Sequence[Path] = (),
    fetching: FetchProgress | None = None,
) -> TrainedPose:
    """Learns from the splits `train` and `val` of a keypoint set, from the split `train` of others, or all of them
    where there are no splits (known), and from people in folders of photos (also). Writes weights, curve and
    options to `out`, and the embeddings of the former to `out/embeddings`, as `embedded` says.

    Raises DataError, WeightsError."""
    options = options or PoseOptions()
    device = begin(options.schedule)
    learned, held_out = (known_people(data, split)[: options.most] for split in ("train", "val"))
    more = [person for folder in known for person in known_people(folder, "train")[: options.most]]
    others: list[KnownPerson] = []
    for folder in also:
        place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
        others += found_people(folder, out / f"people-{place}.npz", progress, fetching)[: options.most]
    thunder = ThunderNetwork.of(weights.path("movenet-thunder", progress=fetching))
    teacher = deepcopy(thunder).to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    thunder.freeze(options.frozen)
    network = PoseNetwork(thunder, options.dropout).to(memory_format=torch.channels_last)
    checked = _HeldOut(held_out, device)
    people = _People(learned + more, others, options, device)
    own = list(network.thunder.parameters())
    rest = [value for name, value in network.named_parameters() if not name.startswith("thunder.")]
    optimizer = torch.optim.AdamW(
        [{"params": own, "lr": options.rate}, {"params": rest, "lr": options.head_rate}],
        weight_decay=options.decay,
    )
    run = learn(
        network,
        optimizer,
        lambda batch: pose_loss(network, teacher, batch, options),
        people.batch,
        lambda: checked.errors(network),
        options.schedule,
        out,
        options,
        lambda step, total: warm_cosine(step, total, max(1.0, options.warm * total), 0.04, 0.001),
        progress,
    )
    round_to_bytes(network)
    found = checked.errors(network)
    write_embedded(network, {"train": learned, "val": held_out}, out / EMBEDDINGS)
    path = out / WEIGHTS
    shown = [torch.rand(4, 3, *SIZE) * 2 - 1]
    difference = write(network, shown, path, SOURCE, found=("heatmaps", "embedding"))
    return TrainedPose(path, run.steps, found["misses"], found["by_embedding_px"], difference, run.seconds)


def pose_loss(network: PoseNetwork, teacher: ThunderNetwork, batch: Batch, options: PoseOptions) -> Tensor:
    """The weighted sum of all losses."""
    images = batch.images.to(next(network.parameters()).device)
    with torch.no_grad():
        begun = teacher.begun(images, options.frozen)
        seen = torch.sigmoid(teacher.ended(begun).logits.float())
    # what does not learn is the same in both
    found = network.ended(begun) if options.frozen else network.found(images)
    joints = batch.joints.to(images.device)
    heat = heat_loss(found.logits.float(), seen, joints, options.sigma, options.sharp)
    joints = joints[: batch.learned, LIMB_NUMBERS]
    known = torch.isfinite(joints[..., 0])
    known = known & (known.sum(1, keepdim=True) >= options.least_joints)
    truth = torch.nan_to_num(joints) / SIDE - 0.5
    normal, embedding = normalised(truth, known), found.embedding[: batch.learned].float()
    apart = distances(normal, known, options.shared)
    return (
        options.heat * heat
        + options.pose * joint_error(found.pose[: batch.learned].float(), truth, known)
        + options.ratio * log_ratio_of_all(embedding, apart, least=options.blur)
        + options.joint * single_joints(embedding, normal, known, options.joint_scale)
    )


def heat_loss(logits: Tensor, seen: Tensor, joints: Tensor, sigma: float, sharp: float) -> Tensor:
    """Binary cross-entropy of heatmaps (B, 17, H, W), over the cells that a Gaussian fills, its least value taken
    off; towards Gaussians around known joints (B, 17, 2), pixels, else towards what the teacher sees, 0..1. Of
    known joints `sharp` times the divergence of the softmax over all cells from the Gaussian is added."""
    known = torch.isfinite(joints[..., 0])
    wanted = targets(torch.nan_to_num(joints) / CELL, logits.shape[2], logits.shape[3], sigma)
    wanted = torch.where(known[..., None, None], wanted, seen)
    entropy = -torch.xlogy(wanted, wanted) - torch.xlogy(1 - wanted, 1 - wanted)
    away = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none") - entropy
    loss = away.sum((2, 3)) / (2 * np.pi * sigma**2)
    share = wanted.flatten(2) / wanted.flatten(2).sum(2, keepdim=True).clamp(min=1e-6)
    apart = (torch.xlogy(share, share) - share * logits.flatten(2).log_softmax(2)).sum(2)
    total: Tensor = loss.mean() + sharp * (apart * known).sum() / known.sum().clamp(min=1)
    return total


def write_embedded(network: PoseNetwork, sets: Mapping[str, Sequence[KnownPerson]], folder: Path) -> None:
    """What the recipe `partial` learns from, as `embedded` says: of people in their boxes."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(network.head.state_dict(), folder / "head.pt")
    device = next(network.parameters()).device
    for split, people in sets.items():
        points, scores, vectors = [], [], []
        for start in range(0, len(people), _AT_ONCE):
            some = people[start : start + _AT_ONCE]
            shown = np.stack([view(person, picture_of(person), SIZE).image for person in some])
            with torch.no_grad():
                heatmaps, embedding = network(as_input(shown, device))
            places, heights = decode(heatmaps.float().cpu().numpy())
            points += [
                region_of(person.box, SIZE).to_picture(own * CELL, SIDE)
                for person, own in zip(some, places, strict=True)
            ]
            scores.append(heights)
            vectors.append(embedding.float().cpu().numpy())
        np.savez(
            folder / f"{split}.npz",
            name=np.array([person.file.name for person in people], np.str_),
            true=np.stack([person.joints for person in people]),
            embedding=np.concatenate(vectors),
            keypoints=np.stack(points),
            scores=np.concatenate(scores),
        )


class _People:
    """Those that are learned from."""

    def __init__(
        self,
        learned: Sequence[KnownPerson],
        others: Sequence[KnownPerson],
        options: PoseOptions,
        device: torch.device,
    ) -> None:
        self._options = options
        self._known = DeviceViews.of(learned, SIZE, options.change, device)
        self._others = DeviceViews.of(others, SIZE, options.plain, device) if others else None

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 1: every person once a round."""
        options, seed = self._options, self._options.schedule.seed
        rng = np.random.default_rng([seed, step, 4])
        rows, _ = chosen_rows(len(self._known.people), options.batch, step, seed)
        images, joints = self._known.batch(rows, options.change, rng, self._drawn)
        learned = len(rows)
        if self._others is not None:
            rows, _ = chosen_rows(len(self._others.people), options.others, step, seed + 1)
            more, unknown = self._others.batch(rows, options.plain, rng)
            images, joints = torch.cat([images, more]), np.concatenate([joints, unknown])
        return Batch(_shaded(images, options.shade, rng), torch.from_numpy(joints), learned)

    def _drawn(
        self, person: KnownPerson, size: tuple[int, int], change: Change, rng: np.random.Generator
    ) -> tuple[Region, bool]:
        region, mirrored = drawn(person, size, change, rng)
        x, y = rng.normal(0, self._options.moved, 2) * region.side
        turn = rng.uniform(-np.pi, np.pi) if rng.random() < self._options.anyhow else region.turn
        return Region(region.x + x, region.y + y, region.side, float(turn)), mirrored


def _shaded(images: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """The same pictures, brighter or darker, with more or less contrast and colour, each by chance."""
    drawn_ = rng.uniform(-most, most, (3, len(images), 1, 1, 1))
    light, contrast, colour = torch.from_numpy(drawn_).float().to(images.device)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (1 + colour)
    middle = images.mean((1, 2, 3), keepdim=True)
    return (middle + (images - middle) * (1 + contrast) + light).clamp(-127 / 128, 1)


class _HeldOut:
    """The held-out people as they are. Raises DataError where fewer than two of them are whole."""

    def __init__(self, people: Sequence[KnownPerson], device: torch.device) -> None:
        views = DeviceViews.of(people, SIZE, Change(scale=0.0, turned=0.0), device)
        rows = np.arange(len(people))
        regions = [region_of(person.box, SIZE) for person in people]
        self._images = views.shown(rows, regions, [False] * len(people))
        pairs = zip(people, regions, strict=True)
        self._joints = np.stack([joints_in(person, region, SIZE, False) for person, region in pairs])
        poses = np.full((len(people), skeleton.COUNT, 2), np.nan)
        poses[:, LIMB_NUMBERS] = self._joints[:, LIMB_NUMBERS]
        self._whole = np.flatnonzero(np.isfinite(poses[:, LIMB_NUMBERS, 0]).all(axis=1))
        if len(self._whole) < 2:
            raise DataError(
                f"{path_text(people[0].file.parent)}: fewer than 2 people of the split val show all 12 limb joints,"
                " and such are what embeddings are measured by; add some to the split"
            )
        self._truth = _all_pairs(poses[self._whole])
        np.fill_diagonal(self._truth, np.nan)

    def errors(self, network: PoseNetwork) -> dict[str, float]:
        """misses: as `TrainedPose`; px, mean true distance of the first ten answers, by the keypoints, the
        embedding, and the sum of both, each over its mean."""
        points, vectors = [], []
        with torch.no_grad():
            for start in range(0, len(self._images), _AT_ONCE):
                heatmaps, embedding = network(self._images[start : start + _AT_ONCE])
                points.append(decode(heatmaps.float().cpu().numpy())[0] * CELL)
                vectors.append(embedding.float().cpu().numpy())
        found = np.concatenate(points)
        embeddings = np.concatenate(vectors)[self._whole].astype(np.float64)
        poses = np.full(found.shape, np.nan)
        poses[:, LIMB_NUMBERS] = found[:, LIMB_NUMBERS]
        by_pose = _all_pairs(poses[self._whole])
        by_embedding = np.sqrt(np.maximum(2 - 2 * embeddings @ embeddings.T, 0))
        both = by_pose / by_pose.mean() + by_embedding / by_embedding.mean()
        return {
            "misses": float(misses(found, self._joints).mean()),
            "by_joints_px": self._first_ten(by_pose),
            "by_embedding_px": self._first_ten(by_embedding),
            "by_both_px": self._first_ten(both),
        }

    def _first_ten(self, found: NDArray[np.float64]) -> float:
        order = np.argsort(np.where(np.isfinite(self._truth), found, np.inf), axis=1)[:, :10]
        return float(np.nanmean(np.take_along_axis(self._truth, order, axis=1)))


def _all_pairs(poses: NDArray[Any]) -> NDArray[np.float64]:
    """(N, N) 2D distances over the limb joints, px."""
    rows = [pose_distances("2d", pose, poses, skeleton.LIMB_WEIGHTS) for pose in poses]
    return np.array(rows).reshape(len(poses), len(poses))
