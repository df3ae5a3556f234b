"""Joints of each person: the Protocol of a pose estimator, one file an estimator."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.records import Person
from contrapposto.text import path_text, printable
from contrapposto.weights import Progress

if TYPE_CHECKING:
    from contrapposto.poses.movenet import MoveNet


class PoseEstimator(Protocol):
    """Finds the people of a picture and their poses."""

    name: str
    """Its key in `ESTIMATORS`."""

    accurate: bool
    """Whether it looks for more and smaller people, at a cost."""

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """image: (H, W, 3) RGB. Returns the people, most prominent first; an empty list when nobody is found.
        Safe to call from several threads."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """An estimator as a library knows it, before any network is loaded.

    version: changes whenever the same networks would give other people or keypoints; weights, accurate_weights:
    names in the weights table, by setting; make: takes accurate, threads, progress, and the path of trained
    weights; trained: what these are, None where it takes none; shipped: name in the weights table of a network that
    comes with the program and stands in for them, None where they must be given.
    """

    version: int
    weights: tuple[str, ...]
    accurate_weights: tuple[str, ...]
    make: Callable[[bool, int, Progress | None, Path | None], PoseEstimator]
    trained: Literal["file", "folder"] | None = None
    shipped: str | None = None


def _movenet(accurate: bool, threads: int, progress: Progress | None, pose_weights: Path | None = None) -> MoveNet:
    from contrapposto.poses.movenet import MoveNet, MoveNetOptions

    return MoveNet(MoveNetOptions(accurate=accurate), threads=threads, progress=progress)


def _boxed(name: str) -> Callable[[bool, int, Progress | None, Path | None], PoseEstimator]:
    def make(accurate: bool, threads: int, progress: Progress | None, pose_weights: Path | None) -> PoseEstimator:
        from contrapposto.poses.boxed import BoxedPeople
        from contrapposto.poses.in_box import make_in_box

        network = make_in_box(name, pose_weights=pose_weights, threads=threads, progress=progress)
        return BoxedPeople(name, _movenet(accurate, threads, progress), network)

    return make


_MOVENET = ("movenet-multipose", "movenet-thunder", "lifter")
_ACCURATE = (*_MOVENET, "nanodet")
ESTIMATORS: dict[str, Kind] = {
    "movenet": Kind(3, _MOVENET, _ACCURATE, _movenet),
    "agreement": Kind(1, _MOVENET, _ACCURATE, _boxed("agreement")),
    "heatmap": Kind(1, _MOVENET, _ACCURATE, _boxed("heatmap"), "file", "pose-network"),
    "deeppose": Kind(1, _MOVENET, _ACCURATE, _boxed("deeppose"), "folder"),
}
"""Estimators by name."""

DEFAULT_ESTIMATOR = "movenet"

POSE_WEIGHTS = "pose-weights"
"""Name, among the weights of an estimator, of those that were trained and given."""

HEATMAP_FILE, FIRST_STAGE = "heatmap.onnx", "stage-1.onnx"
"""By these files a folder of trained weights is known."""


def make_estimator(
    name: str = DEFAULT_ESTIMATOR,
    *,
    accurate: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    pose_weights: Path | None = None,
) -> PoseEstimator:
    """The estimator of this name, its networks loaded (and fetched at first use).

    threads: that each network may use for one picture; pose_weights: file or folder that `contrapposto train`
    wrote, None for the network that comes with the program. Raises WeightsError; DataError when the pose weights
    are missing or not of this estimator; ValueError for an unknown name."""
    return kind_of(name, pose_weights).make(accurate, threads, progress, pose_weights)


def kind_of(name: str, pose_weights: Path | None = None) -> Kind:
    """What is known of the estimator of this name. Raises as `make_estimator`, without a look into the weights."""
    if name not in ESTIMATORS:
        raise ValueError(f"unknown estimator {name!r}; there is {', '.join(ESTIMATORS)}")
    kind = ESTIMATORS[name]
    if pose_weights is not None and kind.trained is None:
        raise DataError(f"{path_text(pose_weights)}: {name} takes no pose weights; leave them out")
    if pose_weights is None and kind.trained is not None and kind.shipped is None:
        raise DataError(
            f"no network of {name} comes with this program: train one (contrapposto train {name}) and name its "
            f"{kind.trained} with --pose-weights"
        )
    if pose_weights is not None and pose_weights.is_dir() != (kind.trained == "folder"):
        found = "a folder" if pose_weights.is_dir() else "no folder"
        raise DataError(f"{path_text(pose_weights)}: is {found}; {name} takes the {kind.trained} that train wrote")
    return kind


def chosen(asked: str, pose_weights: Path | None = None) -> tuple[str, Path | None]:
    """Name and trained weights of an estimator that is asked for by name, or by what `contrapposto train heatmap`
    or `deeppose` wrote: the folder, or the file of heatmaps. Raises DataError when there is no such, or its weights
    are missing."""
    path = Path(asked).expanduser()
    if asked not in ESTIMATORS and path.exists() and pose_weights is None:
        if path.is_dir() and (path / HEATMAP_FILE).exists() and not (path / FIRST_STAGE).exists():
            path = path / HEATMAP_FILE
        asked, pose_weights = ("deeppose" if path.is_dir() else "heatmap"), path
    if asked not in ESTIMATORS:
        names = ", ".join(ESTIMATORS)
        raise DataError(f"no estimator or file {printable(asked)!r}: choose one of {names}, or what train wrote")
    kind_of(asked, pose_weights)
    return asked, pose_weights


def identities(name: str, accurate: bool = False, pose_weights: Path | None = None) -> dict[str, str]:
    """Names of all weights of an estimator, with what changes when they change. Raises as `make_estimator`."""
    kind = kind_of(name, pose_weights)
    found = {row: weights.identity(row) for row in (kind.accurate_weights if accurate else kind.weights)}
    return found | own_identities(name, pose_weights)


def own_identities(name: str, pose_weights: Path | None = None) -> dict[str, str]:
    """The same, of the network that finds keypoints in boxes alone."""
    kind = kind_of(name, pose_weights)
    if kind.trained is None:
        return {"movenet-thunder": weights.identity("movenet-thunder")}
    if pose_weights is None:
        return {kind.shipped: weights.identity(kind.shipped)} if kind.shipped else {}
    return {POSE_WEIGHTS: weights_digest(pose_weights)}


def weights_files(pose_weights: Path) -> list[Path]:
    """The file itself, or those of a cascade, in order; there is at least one. Raises DataError when there is
    none."""
    if not pose_weights.is_dir():
        return [pose_weights]
    found: list[Path] = []
    while (path := pose_weights / FIRST_STAGE.replace("1", str(len(found) + 1))).exists():
        found.append(path)
    if not found:
        raise DataError(
            f"{path_text(pose_weights)} has no {FIRST_STAGE}: give the folder that train deeppose wrote"
        )
    return found


def weights_digest(pose_weights: Path) -> str:
    """16 hex digits of the content of trained weights. Raises DataError when they cannot be read."""
    digest = hashlib.sha256()
    for file in weights_files(pose_weights):
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise DataError(
                f"{path_text(file)}: cannot be read ({error.strerror}); give a file of train"
            ) from error
    return digest.hexdigest()[:16]
