"""Ways to rank people by pose, as the retrieval protocol compares them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton, weights
from contrapposto.distances import pose_distances, shared_weight
from contrapposto.evaluation.datasets import Item
from contrapposto.evaluation.predictions import find_people, for_photos
from contrapposto.evaluation.retrieval_metrics import side_blind_distances, true_distances
from contrapposto.evaluation.targets import SEED, Targets, nearest_person
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.media.photos import Photo
from contrapposto.media.sampling import Region
from contrapposto.posebits.answers import People, pack, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.records import Box, Pose
from contrapposto.representations.pose_embedder import make_embedding_estimator
from contrapposto.representations.view_invariant import ViewInvariant
from contrapposto.search.matching import in_effect, unsureness
from contrapposto.search.pose_scoring import unsure_px, with_looks
from contrapposto.search.posebit_scoring import posebit_distances
from contrapposto.skeleton import LIMB_WEIGHTS
from contrapposto.weights import Progress as FetchProgress

JOINT_BOX = 1.3
"""`imagenet` looks at a square of this many larger sides of the box of the 12 true joints."""

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Setting:
    """How methods run. estimator: its name; accurate, pose_weights: its setting and trained weights."""

    accurate: bool
    fetching: FetchProgress | None
    progress: Progress | None
    estimator: str = DEFAULT_ESTIMATOR
    pose_weights: Path | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """predict: makes the arrays that a run folder keeps; distances: (N, N) predicted distances, queries in rows,
    from these arrays and the true targets (only an `oracle` may look at their joints); weights: of the networks
    used, by setting; photos, space: whether it needs photos, or true 3D."""

    predict: Callable[[Targets, Setting], Arrays]
    distances: Callable[[Arrays, Targets], NDArray[np.float64]]
    weights: Callable[[Setting], dict[str, str]]
    photos: bool = False
    space: bool = False

    def fits(self, targets: Targets) -> bool:
        """Whether it can run on these targets."""
        return (targets.shown is not None or not self.photos) and (
            targets.keypoints3d is not None or not self.space
        )


def all_pairs(metric: str, poses: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, N) distances of poses (N, 17, D) over the 12 limb joints."""
    return np.stack([pose_distances(metric, query, poses, LIMB_WEIGHTS) for query in poses])


def _no_weights(_: Setting) -> dict[str, str]:
    return {}


def _nothing(targets: Targets, _: Setting) -> Arrays:
    return {"items": np.arange(len(targets))}


def _random_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    count = len(arrays["items"])
    return np.random.default_rng(SEED).random((count, count))


def _oracle_distances(_: Arrays, targets: Targets) -> NDArray[np.float64]:
    return true_distances(targets.limbs)


def _oracle_side_blind(_: Arrays, targets: Targets) -> NDArray[np.float64]:
    return side_blind_distances(targets.limbs)


def _oracle_in_space(metric: str) -> Callable[[Arrays, Targets], NDArray[np.float64]]:
    def distances(_: Arrays, targets: Targets) -> NDArray[np.float64]:
        assert targets.keypoints3d is not None
        return all_pairs(metric, targets.keypoints3d)

    return distances


def find_keypoints(targets: Targets, setting: Setting) -> Arrays:
    """The detected person nearest the annotation in each photo, or what the simulated detector reports, lifted:
    keypoints (N, 17, 2), scores (N, 17) and keypoints3d (N, 17, 3), NaN where nobody was found; of photos also
    fused (N, 17, 2) and embedding (N, 128)."""
    if targets.shown is None:
        from contrapposto.poses.lifting import Lifter

        simulated = targets.simulated or ()
        keypoints = np.stack([pose.keypoints for pose in simulated])
        scores = np.stack([pose.scores for pose in simulated])
        lifted = Lifter(progress=setting.fetching)(keypoints, scores)
        return {"keypoints": keypoints, "scores": scores, "keypoints3d": lifted}
    estimator = make_embedding_estimator(
        setting.estimator,
        accurate=setting.accurate,
        progress=setting.fetching,
        pose_weights=setting.pose_weights,
    )
    photos = list({item.file: item for item, _ in targets.shown}.values())
    found = find_people(photos, estimator, setting.progress)
    by_file = {item.file: people for item, people in zip(photos, found, strict=True)}
    nobody = Pose(np.full((skeleton.COUNT, 2), np.nan))
    chosen = [nearest_person(by_file[item.file], person) or nobody for item, person in targets.shown]
    return {
        "keypoints": np.stack([pose.keypoints for pose in chosen]),
        "scores": np.stack([pose.scores for pose in chosen]),
        "keypoints3d": np.stack([pose.keypoints3d for pose in chosen]),
        "fused": np.stack([pose.fused for pose in chosen]),
        "embedding": np.stack([pose.embedding for pose in chosen]),
    }


def _keypoint_distances(metric: str) -> Callable[[Arrays, Targets], NDArray[np.float64]]:
    def distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
        return _with_random_answers(_found_pairs(metric, arrays["keypoints" if metric == "2d" else "keypoints3d"]))

    return distances


def _keypoint_side_blind(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    keypoints = arrays["keypoints"]
    swapped = _found_pairs("2d", keypoints, keypoints[:, skeleton.FLIP])
    return _with_random_answers(np.fmin(_found_pairs("2d", keypoints), swapped))


def _found_pairs(
    metric: str, poses: NDArray[np.floating], others: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """(N, N) distances in effect, as a search orders by, of found poses (N, 17, D) over the 12 limb joints."""
    gallery = poses if others is None else others
    rows = [
        in_effect(pose_distances(metric, query, gallery, LIMB_WEIGHTS), shared_weight(query, gallery, LIMB_WEIGHTS))
        for query in poses
    ]
    return np.stack(rows)


def fused_pairs(
    fused: NDArray[np.floating],
    embedding: NDArray[np.floating],
    scores: NDArray[np.floating],
    weights: NDArray[np.float64] | None = LIMB_WEIGHTS,
) -> NDArray[np.float64]:
    """(N, N) distances in effect by the metric `fused`, of fused keypoints (N, 17, 2), embeddings (N, 128) and the
    scores (N, 17) of keypoints."""
    apart, unsure = vector_pairs(embedding), unsureness(scores)
    rows = [
        in_effect(
            with_looks(pose_distances("2d", query, fused, weights), away) + unsure_px(away, unsure),
            shared_weight(query, fused, weights),
        )
        for query, away in zip(fused, apart, strict=True)
    ]
    return np.stack(rows)


def vector_pairs(vectors: NDArray[np.floating], others: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
    """(N, M) Euclidean distances of vectors (N, D) to others (M, D), None for the same; NaN where one is."""
    first = np.asarray(vectors, np.float64)
    second = first if others is None else np.asarray(others, np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    distances: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0.0))
    return distances


def _fused_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    return _with_random_answers(fused_pairs(arrays["fused"], arrays["embedding"], arrays["scores"]))


def _put_right_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    return _with_random_answers(_found_pairs("2d", arrays["fused"]))


def embedding_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    """(N, N) Euclidean, by the embeddings."""
    return _with_random_answers(vector_pairs(arrays["embedding"]))


def _view_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    return _with_random_answers(vector_pairs(ViewInvariant()(arrays["keypoints"], arrays["scores"])))


def posebit_pairs(keypoints: NDArray[np.floating], keypoints3d: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, N) distances in effect by posebits, as a search orders by, of found poses (N, 17, 2) and (N, 17, 3)."""
    figures = Figures(keypoints, keypoints3d)
    true, known = posebits(People(figures, np.isfinite(keypoints[..., 0]).astype(np.float64)))
    posebytes = np.asfortranarray(pack(true, known))
    return np.stack([in_effect(*posebit_distances(t, k, posebytes)) for t, k in zip(true, known, strict=True)])


def _posebit_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    return _with_random_answers(posebit_pairs(arrays["keypoints"], arrays["keypoints3d"]))


def _with_random_answers(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """A query that can be compared with nothing (nobody was found) ranks its gallery at random; an item that a
    query cannot be compared with comes last."""
    lost = ~np.isfinite(distances).any(axis=1)
    distances[lost] = np.random.default_rng(SEED).random((int(lost.sum()), distances.shape[1]))
    return distances


def _imagenet_features(targets: Targets, setting: Setting) -> Arrays:
    from contrapposto.features.appearance import Appearance

    look = Appearance(progress=setting.fetching)
    shown = targets.shown or ()
    people: dict[Path, list[tuple[int, NDArray[np.float64]]]] = {}
    for row, (item, person) in enumerate(shown):
        people.setdefault(item.file, []).append((row, person.keypoints[skeleton.LIMB_NUMBERS]))

    def features(item: Item, photo: Photo) -> list[tuple[int, NDArray[np.float32]]]:
        return [
            (row, look(photo.image, Region.around(Box.around(joints / photo.scale), JOINT_BOX)))
            for row, joints in people[item.file]
        ]

    found = for_photos(list({item.file: item for item, _ in shown}.values()), features, setting.progress)
    by_row = dict(pair for pairs in found for pair in pairs)
    return {"features": np.stack([by_row[row] for row in range(len(shown))])}


def _cosine_distances(arrays: Arrays, _: Targets) -> NDArray[np.float64]:
    features = arrays["features"].astype(np.float64)
    distances: NDArray[np.float64] = 1 - features @ features.T
    return distances


def estimator_weights(setting: Setting) -> dict[str, str]:
    """What finds people, and by which networks."""
    made_by = Manifest.of(setting.estimator, setting.accurate, pose_weights=setting.pose_weights)
    return {**made_by.weights, "estimator": f"{made_by.estimator} {made_by.version}"}


def _imagenet_weights(_: Setting) -> dict[str, str]:
    return {"efficientnet-lite2": weights.identity("efficientnet-lite2")}


_KEYPOINTS = Method(find_keypoints, _keypoint_distances("2d"), estimator_weights)
_ORACLE = Method(_nothing, _oracle_distances, _no_weights)
METHODS: dict[str, Method] = {
    "random": Method(_nothing, _random_distances, _no_weights),
    "imagenet": Method(_imagenet_features, _cosine_distances, _imagenet_weights, photos=True),
    "keypoints-2d": _KEYPOINTS,
    "keypoints-2d-side-blind": replace(_KEYPOINTS, distances=_keypoint_side_blind),
    "keypoints-3d": replace(_KEYPOINTS, distances=_keypoint_distances("3d")),
    "procrustes": replace(_KEYPOINTS, distances=_keypoint_distances("procrustes")),
    "posebits": replace(_KEYPOINTS, distances=_posebit_distances),
    "view-invariant": replace(_KEYPOINTS, distances=_view_distances),
    "embedding": replace(_KEYPOINTS, distances=embedding_distances, photos=True),
    "keypoints-put-right": replace(_KEYPOINTS, distances=_put_right_distances, photos=True),
    "fused": replace(_KEYPOINTS, distances=_fused_distances, photos=True),
    "oracle": _ORACLE,
    "oracle-side-blind": replace(_ORACLE, distances=_oracle_side_blind),
    "oracle-3d": replace(_ORACLE, distances=_oracle_in_space("3d"), space=True),
    "oracle-procrustes": replace(_ORACLE, distances=_oracle_in_space("procrustes"), space=True),
}
"""`...-side-blind` methods also rank side-blind: they pair with the side-blind measures, and an oracle of a metric
with the measures of that metric."""
