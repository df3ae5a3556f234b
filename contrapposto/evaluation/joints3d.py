"""Protocol: how well the 3D keypoints of people are estimated (`docs/poses3d.md`)."""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton, weights
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import Item
from contrapposto.evaluation.joints3d_metrics import mean_scores, person_scores
from contrapposto.evaluation.people3d import SEED, TESTED, People3d, Seen, demo_people, nearest, projected_people
from contrapposto.evaluation.predictions import for_photos
from contrapposto.evaluation.relations3d import agreement
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.indexing import Progress
from contrapposto.indexing.photos import people_of
from contrapposto.manifest import Manifest
from contrapposto.media.photos import Photo
from contrapposto.poses import DEFAULT_ESTIMATOR, make_estimator
from contrapposto.poses.blazepose import BlazePose, Size
from contrapposto.poses.lifting import Lifter
from contrapposto.training.cameras import ALL_ROUND
from contrapposto.weights import Progress as FetchProgress

TASK = "joints3d"
DEMO = "demo"
"""In place of a folder: the collection that comes with the package."""

FLAT_SIZE = 0.45
"""Metres: root mean square distance of the keypoints from their middle in the poses of `flat`."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setting:
    """fetching, progress: told of weights and of photos."""

    fetching: FetchProgress | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Method:
    """estimate: (N, 17, 3) from the people and what is seen of them; exact: it is given the true 2D keypoints
    instead of detected ones; pictures: it needs photos; weights: of its networks."""

    estimate: Callable[[People3d, Seen, Setting], Array]
    exact: bool = False
    pictures: bool = False
    weights: tuple[str, ...] = ()


def evaluate_joints3d(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all that fit the data when none is named); returns one summary object of them all.

    data: a folder of motion capture (`people3d.projected_people`), or "demo". out: gets one run folder a method.
    Measures: `joints3d_metrics.person_scores`, `relations3d.agreement`; found: share of the people with a 3D pose;
    answered: share of their true limb joints that it has. Raises DataError, WeightsError.
    """
    people = demo_people() if str(data) == DEMO else projected_people(data, split)
    chosen = _chosen(methods, people)
    setting = Setting(fetching, progress)
    seen: Seen | None = people.simulated
    summaries = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            run = Run.open((out or Path(temporary)) / name, _config(name, people), overwrite)
            if not run.has_predictions:
                if seen is None and not METHODS[name].exact:
                    seen = detected(people, setting)
                given = people.true if METHODS[name].exact or seen is None else seen
                run.save_predictions(keypoints3d=METHODS[name].estimate(people, given, setting))
            summaries.append(_score(run, people, run.load_predictions()["keypoints3d"]))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, people.name, people.split, len(people.names), summaries[0]["commit"], measures)


def detected(people: People3d, setting: Setting) -> Seen:
    """What the default estimator sees of each true person."""
    estimator = make_estimator(DEFAULT_ESTIMATOR, progress=setting.fetching)

    def one(item: Item, photo: Photo) -> Seen:
        return nearest(people_of(photo, estimator), item)

    found = for_photos(people.items, one, setting.progress)
    return Seen(np.concatenate([seen.keypoints for seen in found]), np.concatenate([seen.scores for seen in found]))


def flat(keypoints: Array) -> Array:
    """(N, 17, 3) of keypoints (N, 17, 2): the picture itself as a plane, everyone of the same size, the origin in
    the middle of the hips, or of all keypoints where a hip is unseen. NaN where unseen."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(keypoints), axis=2)
    points = np.where(seen[..., None], keypoints * [1, -1], 0.0)
    count = np.maximum(seen.sum(axis=1), 1)[:, None]
    middle = points.sum(axis=1) / count
    around = np.where(seen[..., None], points - middle[:, None], 0.0)
    size = np.sqrt((around**2).sum(axis=(1, 2)) / count[:, 0])
    hips = skeleton.pelvis(np.where(seen[..., None], points, np.nan))
    origin = np.where(np.isfinite(hips), hips, middle)
    scaled = (points - origin[:, None]) * (FLAT_SIZE / np.where(size > 0, size, 1.0))[:, None, None]
    return np.where(seen[..., None], np.concatenate([scaled, np.zeros_like(scaled[..., :1])], axis=2), np.nan)


def _chosen(methods: Sequence[str], people: People3d) -> list[str]:
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
        if METHODS[name].pictures and not people.items:
            raise DataError(f"{name} needs pictures, and {people.name} has none: leave it out, or use demo")
    return list(methods) or [name for name in METHODS if people.items or not METHODS[name].pictures]


def _config(name: str, people: People3d) -> RunConfig:
    method = METHODS[name]
    identities = {part: weights.identity(part) for part in method.weights}
    if people.items and not method.exact:
        made_by = Manifest.of(DEFAULT_ESTIMATOR, False)
        identities = {**made_by.weights, **identities, "estimator": f"{made_by.estimator} {made_by.version}"}
    settings: dict[str, Any] = {"people": len(people.names), "flat_size": FLAT_SIZE}
    if people.simulated is not None:
        settings |= {"seed": SEED, "cameras": asdict(ALL_ROUND), "detector": asdict(TESTED)}
    return RunConfig(TASK, people.name, people.split, name, settings, identities)


def _score(run: Run, people: People3d, found: Array) -> dict[str, Any]:
    scores = person_scores(found, people.truth)
    known: NDArray[np.bool_] = np.all(np.isfinite(people.truth[:, skeleton.LIMB_NUMBERS]), axis=2)
    answered: NDArray[np.bool_] = known & np.isfinite(found[:, skeleton.LIMB_NUMBERS, 0])
    measures = {
        **mean_scores(scores),
        **agreement(found, people.truth),
        "found": float(answered.any(axis=1).mean()),
        "answered": float(answered.sum() / max(known.sum(), 1)),
    }
    rows = [
        {"person": name, **{key: float(values[row]) for key, values in scores.items()}}
        for row, name in enumerate(people.names)
    ]
    return run.save_results(rows, measures)


def _lift(_: People3d, seen: Seen, setting: Setting) -> Array:
    return Lifter(progress=setting.fetching)(seen.keypoints, seen.scores)


def _flat(_: People3d, seen: Seen, __: Setting) -> Array:
    return flat(seen.keypoints)


def _mean(people: People3d, seen: Seen, _: Setting) -> Array:
    mean = np.nanmean(people.truth, axis=0)
    return np.where(np.isfinite(seen.keypoints[..., :1]), mean, np.nan)


def _blazepose(size: Size) -> Callable[[People3d, Seen, Setting], Array]:
    def estimate(people: People3d, seen: Seen, setting: Setting) -> Array:
        network = BlazePose(size, progress=setting.fetching)
        starts = np.cumsum([0, *(len(item.people) for item in people.items)])
        rows = {
            item.file: range(start, start + len(item.people))
            for item, start in zip(people.items, starts, strict=False)
        }

        def one(item: Item, photo: Photo) -> list[Array]:
            scale = np.asarray(photo.scale)
            return [network(photo.image, seen.keypoints[row] / scale, seen.scores[row]) for row in rows[item.file]]

        return np.array([points for photo in for_photos(people.items, one, setting.progress) for points in photo])

    return estimate


METHODS: dict[str, Method] = {
    "lifted": Method(_lift, weights=("lifter",)),
    "lifted-true": Method(_lift, exact=True, weights=("lifter",)),
    "blazepose-full": Method(_blazepose("full"), pictures=True, weights=("blazepose-full",)),
    "blazepose-heavy": Method(_blazepose("heavy"), pictures=True, weights=("blazepose-heavy",)),
    "flat": Method(_flat),
    "flat-true": Method(_flat, exact=True),
    "mean": Method(_mean),
}
"""`...-true` methods are given the true 2D keypoints, the others detected ones (simulated where there are no
pictures). `flat` has no depth; `mean` is the mean of all true poses, whatever is seen."""
