"""Protocol: whether a pose is found again in what another camera sees (after Pr-VIPE, Sun et al. 2020,
arXiv:1912.01001; `docs/cross-view.md`).

Poses of motion capture are each seen by four cameras that stand still in the world. Every camera's pictures ask the
gallery of every other camera, which holds all the poses, the query's own among them. An item is correct if its true
pose is at most `CORRECT` away from the query's true pose: moved, scaled and turned, mean distance of the 12 limb
joints over the body's size (the metric `np-procrustes`).
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, weights
from contrapposto.distances import pose_distances, shared_weight
from contrapposto.errors import DataError
from contrapposto.evaluation.people3d import TESTED, Seen, motion_of
from contrapposto.evaluation.retrieval_methods import vector_pairs
from contrapposto.evaluation.retrieval_metrics import rank_by
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.poses.lifting import Lifter
from contrapposto.representations.view_invariant import ViewInvariant
from contrapposto.search.matching import in_effect
from contrapposto.skeleton import LIMB_NUMBERS, LIMB_WEIGHTS
from contrapposto.training import rotations
from contrapposto.training.bodies import head_turns, with_face
from contrapposto.training.cameras import Views, project
from contrapposto.training.detector import detect
from contrapposto.training.procrustes import all_np_procrustes
from contrapposto.weights import Progress as FetchProgress

TASK = "cross-view"

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

SEED = 0
POSES = 500
"""Poses that are drawn from a split."""

CORRECT = 0.1
"""Share of the body's size: most true distance of a correct item."""

FIRST = (1, 10, 20)
"""K of `hit@K`."""

CAMERAS = ((10.0, 0.0, 3.0), (100.0, 15.0, 4.0), (190.0, 30.0, 5.0), (280.0, 5.0, 6.0))
"""Azimuth and elevation in degrees, and metres from the middle of the hips, of each camera in the world."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """N poses seen by C cameras. names: of the poses; poses: (N, 17, 3) metres in the world; true, simulated: what
    each camera sees of them in truth and by a simulated detector."""

    name: str
    split: str
    names: tuple[str, ...]
    poses: Array
    true: tuple[Seen, ...]
    simulated: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """predict: what a run folder keeps of what one camera saw, with pose numbers as `item`; distances: (Q, G)
    between what was predicted for a camera's queries and for another's gallery; true: they need the true poses,
    which are added under `pose`; weights: of its networks."""

    predict: Callable[[Seen, FetchProgress | None], Arrays]
    distances: Callable[[Arrays, Arrays], Array]
    true: bool = False
    weights: tuple[str, ...] = ()


def evaluate_cross_view(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    poses: int = POSES,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all when none is named); returns one summary object of them all.

    data: a folder of motion capture; split: a key of `people3d.SPLITS`, "bandai" when None; out: gets one run
    folder a method. Measures: hit@K, the share of the queries with a correct item among the first K, by what a
    simulated detector reports; names that end in /true: by the true 2D keypoints. Means over all ordered pairs of
    cameras. n counts the queries. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    scene = filmed(data, split, poses)
    correct = all_distances(scene.poses) <= CORRECT
    summaries = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in methods or METHODS:
            method = METHODS[name]
            settings = {"poses": len(scene.names), "seed": SEED, "cameras": CAMERAS, "detector": asdict(TESTED)}
            identities = {part: weights.identity(part) for part in method.weights}
            config = RunConfig(TASK, scene.name, scene.split, name, settings, identities)
            run = Run.open((out or Path(temporary)) / name, config, overwrite)
            if not run.has_predictions:
                run.save_predictions(**_predicted(method, scene, fetching))
            summaries.append(_score(run, method, scene, correct))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, scene.name, scene.split, summaries[0]["n"], summaries[0]["commit"], measures)


def filmed(data: Path, split: str | None = None, poses: int = POSES) -> Scene:
    """Poses of a split of a folder of motion capture (all where there are fewer), drawn with a seed, seen by all
    `CAMERAS`; always the same. Raises DataError."""
    split = split or "bandai"
    motion = motion_of(data, split)
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.choice(len(motion), min(poses, len(motion)), replace=False))
    frames = motion.select(chosen)
    world = with_face(frames, head_turns(rng, len(chosen)))
    names = tuple(f"{motion.clips[clip]}:{frame}" for clip, frame in zip(frames.clip, chosen, strict=True))
    true, simulated = [], []
    for camera in CAMERAS:
        views = seen_by(camera, world)
        found = detect(views, rng, TESTED)
        true.append(Seen(views.points2d, np.ones(views.points2d.shape[:2])))
        simulated.append(Seen(found.keypoints, found.scores))
    return Scene(data.resolve().name, split, names, world, tuple(true), tuple(simulated))


def seen_by(camera: tuple[float, float, float], world: Array) -> Views:
    """Bodies (N, 17, 3) about their middle of the hips, seen by a camera of these azimuth, elevation and distance
    that looks at it and stands upright."""
    azimuth, elevation, away = camera
    turn = rotations.about(0, np.deg2rad(np.array(elevation))) @ rotations.about(1, -np.deg2rad(np.array(azimuth)))
    seen = world @ turn.T
    flat = project(seen, np.full(len(seen), away), np.zeros((len(seen), 2)))
    return Views(seen, flat, geometry.body_frame(seen)[:, 2, 2] < 0)


def all_distances(poses: NDArray[np.floating], metric: str = "np-procrustes") -> Array:
    """(N, N) distances of poses (N, 17, D) over the 12 limb joints."""
    return np.stack([pose_distances(metric, query, poses, LIMB_WEIGHTS) for query in poses])


def hits(distances: NDArray[np.floating], correct: NDArray[np.bool_]) -> dict[int, NDArray[np.bool_]]:
    """By K of `FIRST`, whether each query (row) has a correct item among its first K by distance (Q, G). Equal
    distances keep the order of the gallery; what has no distance comes last."""
    order = rank_by(distances)
    right = np.take_along_axis(correct, order, axis=1)
    return {first: np.any(right[:, :first], axis=1) for first in FIRST}


def _predicted(method: Method, scene: Scene, fetching: FetchProgress | None) -> Arrays:
    """What a run keeps: the arrays of each camera and kind of keypoints under "NAME/KIND/CAMERA"."""
    kept: Arrays = {}
    for kind, views in (("simulated", scene.simulated), ("true", scene.true)):
        for number, seen in enumerate(views):
            found = method.predict(seen, fetching)
            if method.true:
                found = {"pose": scene.poses}
            kept |= {f"{name}/{kind}/{number}": values for name, values in found.items()}
    return kept


def _score(run: Run, method: Method, scene: Scene, correct: NDArray[np.bool_]) -> dict[str, Any]:
    arrays = run.load_predictions()
    cameras = range(len(CAMERAS))
    pairs = [(first, second) for first in cameras for second in cameras if first != second]
    measures: dict[str, float] = {}
    columns: dict[str, NDArray[np.bool_]] = {}
    for kind, ending in (("simulated", ""), ("true", "/true")):
        views = [
            {key.split("/")[0]: values for key, values in arrays.items() if key.endswith(f"/{kind}/{number}")}
            for number in cameras
        ]
        found = [hits(distances, correct) for first in cameras for distances in _to_others(method, views, first)]
        for first in FIRST:
            columns[f"hit@{first}{ending}"] = np.concatenate([hit[first] for hit in found])
            measures[f"hit@{first}{ending}"] = float(columns[f"hit@{first}{ending}"].mean())
    labels = [(name, first, second) for first, second in pairs for name in scene.names]
    rows = [
        {"pose": name, "camera": first, "gallery": second, **{key: int(hit[row]) for key, hit in columns.items()}}
        for row, (name, first, second) in enumerate(labels)
    ]
    return run.save_results(rows, measures)


def _to_others(method: Method, views: Sequence[Arrays], first: int) -> list[Array]:
    """The (N, N) distances from what one camera saw to what each other one saw, in their order."""
    others = [view for number, view in enumerate(views) if number != first]
    together = {name: np.concatenate([view[name] for view in others]) for name in others[0]}
    return np.split(method.distances(views[first], together), len(others), axis=1)


def _items(seen: Seen, _: FetchProgress | None) -> Arrays:
    return {"item": np.arange(len(seen.keypoints))}


def _random(queries: Arrays, gallery: Arrays) -> Array:
    return np.random.default_rng(SEED).random((len(queries["item"]), len(gallery["item"])))


def _true(queries: Arrays, gallery: Arrays) -> Array:
    """Of true poses; the gallery holds the queries' poses once or more often, in their order."""
    times = len(gallery["pose"]) // len(queries["pose"])
    return np.tile(all_np_procrustes(queries["pose"][:, LIMB_NUMBERS]), (1, times))


def _keypoints(seen: Seen, _: FetchProgress | None) -> Arrays:
    return {"keypoints": seen.keypoints}


def _lifted(seen: Seen, fetching: FetchProgress | None) -> Arrays:
    return {"keypoints3d": Lifter(progress=fetching)(seen.keypoints, seen.scores)}


def _embedded(seen: Seen, fetching: FetchProgress | None) -> Arrays:
    return {"embedding": ViewInvariant(progress=fetching)(seen.keypoints, seen.scores)}


def _by(metric: str, name: str) -> Callable[[Arrays, Arrays], Array]:
    """Distances in effect, as a search orders by, of poses kept under this name."""

    def distances(queries: Arrays, gallery: Arrays) -> Array:
        items = gallery[name]
        rows = [
            in_effect(pose_distances(metric, query, items, LIMB_WEIGHTS), shared_weight(query, items, LIMB_WEIGHTS))
            for query in queries[name]
        ]
        return np.stack(rows)

    return distances


def _of_embeddings(queries: Arrays, gallery: Arrays) -> Array:
    """Euclidean distances (Q, G); NaN where one has no embedding."""
    return vector_pairs(queries["embedding"], gallery["embedding"])


METHODS: dict[str, Method] = {
    "random": Method(_items, _random),
    "keypoints-2d": Method(_keypoints, _by("2d", "keypoints")),
    "lifted-3d": Method(_lifted, _by("3d", "keypoints3d"), weights=("lifter",)),
    "lifted-procrustes": Method(_lifted, _by("np-procrustes", "keypoints3d"), weights=("lifter",)),
    "view-invariant": Method(_embedded, _of_embeddings, weights=("view-invariant",)),
    "oracle": Method(_items, _true, true=True),
}
"""By name. `lifted-3d` keeps the camera's direction, so that it finds what is seen from the same side."""
