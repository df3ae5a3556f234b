"""The recipe `default`: the pose embedding network that is shipped (`networks.pose_embedder`).

Photos of known joints are looked at once (`seen`); the frozen trunk of MoveNet, which learned to find keypoints,
leaves a network that is small enough for a CPU. Losses, together: the joints from the picture alone and from the
picture and the keypoints found, px of a 128-px pose; the log-ratio loss (Kim et al. 2019) of the embedding, every
photo of a batch being anchor; and the relative error of the distance of each joint, which the joint's own part of
the embedding should have, so that parts of a pose can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto import skeleton
from contrapposto.distances import pose_distances
from contrapposto.errors import DataError
from contrapposto.networks.pose_embedder import Exported, PoseEmbedderNetwork, Reduction
from contrapposto.representations.pose_embedding import JOINT_WIDTH
from contrapposto.skeleton import LIMB_NUMBERS
from contrapposto.text import path_text
from contrapposto.training.export import write
from contrapposto.training.loop import Progress, Schedule, begin, learn, warm_cosine
from contrapposto.training.losses import log_ratio_of_all
from contrapposto.training.seen import Components, Seen, look
from contrapposto.weights import Progress as FetchProgress

WEIGHTS, EMBEDDINGS = "pose-embedder.onnx", "embeddings"
SOURCE = "contrapposto train default"

POSE_SIDE = 128.0
"""Pixels of the larger side of a pose, in which losses and errors are."""

LEAST_SIDE = 0.15
"""Of a pose, in sides of the square: what is smaller was hardly found."""

_FLIP = np.array([int(skeleton.FLIP[number]) - LIMB_NUMBERS[0] for number in LIMB_NUMBERS])
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class EmbeddingOptions:
    """Settings of the recipe; the defaults made the shipped weights."""

    cells: int = 64
    """Channels of the map inside the network."""
    dropout: float = 0.4
    """Share of the features that are left out in a step."""
    batch: int = 100
    """People a step, each compared with all others."""
    rate: float = 1e-3
    """Highest learning rate (AdamW)."""
    decay: float = 0.02
    """Weight decay."""
    warm: float = 0.1
    """Share of the steps in which the rate rises; then it falls as a cosine."""
    noise: float = 0.004
    """Deviation of what keypoints are moved by, in sides of the square."""
    ratio: float = 10.0
    """Weight of the log-ratio loss, where a pixel of the joints has 1."""
    joint: float = 0.5
    """Weight of the loss of single joints."""
    joint_scale: float = 200.0
    """Pixels that a joint is away where its part of the embedding is 1 away."""
    blur: float = 1.0
    """Pixels that are added to distances before their logarithm is taken."""
    least_joints: int = 8
    """People with fewer true limb joints are not learned from."""
    shared: int = 10
    """True limb joints that two people must share to be compared."""
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=1500, minutes=30, check=120, patience=6))


@dataclass(frozen=True, slots=True)
class TrainedEmbedding:
    """weights: the ONNX file; steps: done; error: px, mean true distance of the first ten answers by the fused
    distance on the held-out photos; difference: most that the ONNX file and PyTorch differ; seconds: of
    learning."""

    weights: Path
    steps: int
    error: float
    difference: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """maps: (B, K, 8, 8); keypoints: (B, 17, 3); truth: (B, 12, 2) and known: (B, 12) the true limb joints."""

    maps: Tensor
    keypoints: Tensor
    truth: Tensor
    known: Tensor


def train_embedding(
    data: Path,
    out: Path,
    options: EmbeddingOptions | None = None,
    progress: Progress | None = None,
    *,
    most: int | None = None,
    fetching: FetchProgress | None = None,
) -> TrainedEmbedding:
    """Looks at the splits `train` and `val` of a keypoint set (most: no more than so many photos of each), learns,
    and writes weights, curve and options to `out`; what was seen is kept in `out/seen`, the embeddings of
    these people in `out/embeddings`.

    Raises DataError, WeightsError.
    """
    options = options or EmbeddingOptions()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path_text(out)}: cannot be written ({error.strerror}); choose another folder") from error
    folder = out / "seen"
    train, components = look(data, "train", folder, most=most, fetching=fetching, progress=progress)
    held_out, _ = look(data, "val", folder, components, most=most, fetching=fetching, progress=progress)
    return learn_embedding(train, held_out, components, out, options, progress)


def learn_embedding(
    train: Seen,
    held_out: Seen,
    components: Components,
    out: Path,
    options: EmbeddingOptions,
    progress: Progress | None = None,
) -> TrainedEmbedding:
    """The same from what was seen."""
    device = begin(options.schedule)
    reduction = Reduction(
        torch.from_numpy(components.mean), torch.from_numpy(components.components), components.scale
    )
    network = PoseEmbedderNetwork(train.maps.shape[2], options.cells, options.dropout)
    people = _People(train, options, components.scale)
    if len(people.learned) < 2:
        raise DataError(f"only {len(people.learned)} photos show {options.least_joints} limb joints; give more")
    checked = _HeldOut(held_out, components.scale)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.decay)
    learned = learn(
        network,
        optimizer,
        lambda batch: embedding_loss(network, batch, options, device),
        people.batch,
        lambda: checked.errors(network),
        options.schedule,
        out,
        options,
        lambda step, total: warm_cosine(step, total, max(1.0, options.warm * total), 0.04, 0.001),
        progress,
    )
    _write_embedded(network, {"train": train, "val": held_out}, components.scale, out / EMBEDDINGS)
    whole = Exported(reduction.folded(network.cpu()).half().float())
    rows = np.arange(min(8, len(held_out)))
    seen = torch.rand(len(rows), 8, 8, len(components.mean)) * 3
    keypoints = torch.from_numpy(held_out.placed[rows])
    path = out / WEIGHTS
    difference = write(
        whole,
        [seen, keypoints],
        path,
        SOURCE,
        given=("map", "keypoints"),
        found=("embedding", "joints"),
    )
    return TrainedEmbedding(path, learned.steps, learned.best, difference, learned.seconds)


def embedding_loss(
    network: PoseEmbedderNetwork, batch: Batch, options: EmbeddingOptions, device: torch.device | None = None
) -> Tensor:
    """The weighted sum of all four losses."""
    truth, known = batch.truth.to(device), batch.known.to(device)
    found = network.found(batch.maps.to(device), batch.keypoints.to(device))
    normal = normalised(truth, known)
    embedding = found.embedding.float()
    return (
        joint_error(found.joints.float(), truth, known)
        + joint_error(found.pose.float(), truth, known)
        + options.ratio * log_ratio_of_all(embedding, distances(normal, known, options.shared), least=options.blur)
        + options.joint * single_joints(embedding, normal, known, options.joint_scale)
    )


def joint_error(found: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Mean distance of the known limb joints (N, 12, 2) from the true ones, px of a 128-px pose."""
    away = torch.sqrt(((found - truth) ** 2).sum(-1) + 1e-6) * POSE_SIDE / _sides(truth, known)[:, None]
    return (away * known).sum() / known.sum().clamp(min=1)


def normalised(truth: Tensor, known: Tensor) -> Tensor:
    """(N, 12, 2) true limb joints centred on the mean of the known ones, whose box has a larger side of 128."""
    share = known.float()[..., None]
    centre = (truth * share).sum(1) / share.sum(1).clamp(min=1)
    return (truth - centre[:, None]) * (POSE_SIDE / _sides(truth, known))[:, None, None]


def distances(normal: Tensor, known: Tensor, shared: int) -> Tensor:
    """(N, N) mean distances of the limb joints that two poses share, px; NaN where these are fewer than
    `shared`."""
    apart = torch.sqrt(((normal[:, None] - normal[None]) ** 2).sum(-1) + 1e-6)
    both = (known[:, None] & known[None]).float()
    count = both.sum(-1)
    return torch.where(count >= shared, (apart * both).sum(-1) / count.clamp(min=1), torch.nan)


def single_joints(embedding: Tensor, normal: Tensor, known: Tensor, scale: float) -> Tensor:
    """How far the distances between the parts of an embedding are from those of the joints they stand for: mean of
    |scale D - d| / (d + 10 px) over pairs of people and joints."""
    count = len(LIMB_NUMBERS)
    parts = embedding[:, : count * JOINT_WIDTH].reshape(-1, count, JOINT_WIDTH).transpose(0, 1).contiguous()
    places = normal.transpose(0, 1).contiguous()
    wanted = torch.cdist(places, places)
    away = (scale * torch.cdist(parts, parts) - wanted).abs() / (wanted + 10)
    other = 1 - torch.eye(len(embedding), device=embedding.device)
    both = (known.T[:, :, None] & known.T[:, None]).float() * other
    return (away * both).sum() / both.sum().clamp(min=1)


def _sides(truth: Tensor, known: Tensor) -> Tensor:
    """(N,) larger side of the box of the known joints, at least `LEAST_SIDE`."""
    low = torch.where(known[..., None], truth, torch.inf).amin(1)
    high = torch.where(known[..., None], truth, -torch.inf).amax(1)
    side: Tensor = (high - low).amax(1)
    return side.clamp(min=LEAST_SIDE)


class _People:
    """Those that are learned from; a batch mirrors each by chance."""

    def __init__(self, seen: Seen, options: EmbeddingOptions, scale: float) -> None:
        truth = seen.truth[:, LIMB_NUMBERS]
        self._known = np.isfinite(truth[..., 0])
        self._truth = np.nan_to_num(truth)
        self._keypoints, self._maps = seen.placed, seen.maps
        self._options, self._scale = options, scale
        self.learned = np.flatnonzero(self._known.sum(axis=1) >= options.least_joints)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 1: every person once a round."""
        size = min(self._options.batch, len(self.learned))
        round_, place = divmod(step - 1, len(self.learned) // size)
        order = np.random.default_rng([self._options.schedule.seed, round_]).permutation(self.learned)
        chosen = order[place * size : (place + 1) * size]
        rng = np.random.default_rng([self._options.schedule.seed, round_, place])
        flipped = rng.random(size) < 0.5
        keypoints = self._keypoints[chosen]
        keypoints[..., :2] += rng.normal(0, self._options.noise, keypoints[..., :2].shape)
        mirrored = keypoints[:, skeleton.FLIP] * np.array([-1, 1, 1], np.float32)
        truth, known = self._truth[chosen], self._known[chosen]
        return Batch(
            torch.from_numpy(self._maps[chosen, flipped.astype(int)]).float() * self._scale,
            torch.from_numpy(np.where(flipped[:, None, None], mirrored, keypoints)),
            torch.from_numpy(np.where(flipped[:, None, None], truth[:, _FLIP] * np.array([-1, 1], "f4"), truth)),
            torch.from_numpy(np.where(flipped[:, None], known[:, _FLIP], known)),
        )


def _write_embedded(network: PoseEmbedderNetwork, sets: dict[str, Seen], scale: float, folder: Path) -> None:
    """What the recipe `partial` learns from, as `embedded` says."""
    folder.mkdir(exist_ok=True)
    network.cpu().eval()
    torch.save(network.head.state_dict(), folder / "head.pt")
    for split, seen in sets.items():
        vectors = []
        with torch.no_grad():
            for start in range(0, len(seen), _AT_ONCE):
                rows = np.arange(start, min(start + _AT_ONCE, len(seen)))
                maps = torch.from_numpy(seen.maps[rows, 0]).float() * scale
                vectors.append(network.embed(network.features(maps)).numpy())
        np.savez(
            folder / f"{split}.npz",
            name=seen.names,
            true=seen.joints,
            embedding=np.concatenate(vectors),
            found=np.ones(len(seen), bool),
            keypoints=seen.keypoints,
            scores=seen.scores,
        )


class _HeldOut:
    """Retrieval among the held-out people whose limb joints are all known."""

    def __init__(self, seen: Seen, scale: float) -> None:
        whole = np.flatnonzero(np.isfinite(seen.joints[:, LIMB_NUMBERS, 0]).all(axis=1))
        self._maps = torch.from_numpy(seen.maps[whole, 0]).float() * scale
        self._keypoints = seen.placed[whole]
        truth = _all_pairs(seen.joints[whole])
        clusters = seen.clusters[whole]
        truth[clusters[:, None] == clusters] = np.nan
        self._truth = truth

    def errors(self, network: PoseEmbedderNetwork) -> dict[str, float]:
        """px, mean true distance of the first ten answers, by the sum of both distances, each over its mean; by the
        embedding; by the joints put right."""
        device = next(network.parameters()).device
        embeddings, joints = [], []
        for start in range(0, len(self._maps), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            found = network.found(
                self._maps[rows].to(device),
                torch.from_numpy(self._keypoints[rows]).to(device),
            )
            embeddings.append(found.embedding.float().cpu().numpy())
            joints.append(found.joints.float().cpu().numpy())
        vectors = np.concatenate(embeddings)
        poses = np.full((len(vectors), skeleton.COUNT, 2), np.nan)
        poses[:, LIMB_NUMBERS] = np.concatenate(joints)
        poses[self._keypoints[..., 2] <= 0] = np.nan
        by_pose = _all_pairs(poses)
        by_embedding = np.sqrt(np.maximum(2 - 2 * vectors @ vectors.T, 0)).astype(np.float64)
        both = by_pose / np.nanmean(by_pose) + by_embedding / by_embedding.mean()
        return {
            "first_ten_px": self._first_ten(both),
            "by_embedding_px": self._first_ten(by_embedding),
            "by_joints_px": self._first_ten(by_pose),
        }

    def _first_ten(self, found: NDArray[np.float64]) -> float:
        order = np.argsort(np.where(np.isfinite(found) & np.isfinite(self._truth), found, np.inf), axis=1)[:, :10]
        return float(np.nanmean(np.take_along_axis(self._truth, order, axis=1)))


def _all_pairs(poses: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, N) 2D distances over the limb joints, px; NaN where not comparable."""
    rows = [pose_distances("2d", pose, poses, skeleton.LIMB_WEIGHTS) for pose in poses]
    return np.array(rows).reshape(len(poses), len(poses))
