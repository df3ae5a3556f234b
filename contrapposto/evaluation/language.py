"""Protocol: whether pictures are found by the posebyte of a pose, in the space of image embeddings
(`docs/partial.md`).

Queries and gallery are the people of a split of photos whose 12 limb joints are all known, and who were found; each
asks for the others outside its own scene. A query is the picture's own embedding, or the embedding of the complete
posebyte of its true joints, lifted. Truth is the 2D distance of the 12 joints, and the Hamming distance between the
posebytes of the true joints.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.evaluation.people3d import SEED
from contrapposto.evaluation.retrieval_metrics import LAST_RANK, rank_by, same_scene, true_distances
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.words_gallery import embeddings_of, identity
from contrapposto.evaluation.words_people import lifted, photographed_people
from contrapposto.evaluation.words_questions import Answers
from contrapposto.search.partial_queries import PartialQueries
from contrapposto.weights import Progress as FetchProgress

TASK = "language"

HIT_AT = tuple(range(1, 11))

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

Method = Callable[[Arrays, FetchProgress | None], Array]
"""(N, N) distances of queries in rows, from the arrays of a run."""


def evaluate_language(
    data: Path,
    split: str | None = None,
    *,
    embeddings: Path | None = None,
    methods: Sequence[str] = (),
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all when none is named); returns one summary object of them all.

    embeddings: folder of the image embeddings, as `training.embedded`, None to look at the photos; out: gets one
    run folder a method. Measures:
    hit_rank50@1 to @10, by the 2D distance; ending in /posebits, by posebits. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    dataset = read_keypoint_set(data, split)
    if dataset.split is None:
        raise DataError(f"{data} has no splits: give a keypoint set with split.csv")
    people = photographed_people(dataset.name, dataset.split, dataset.items)
    found = embeddings_of(people, embeddings, fetching)
    limbs = people.true.keypoints[:, 5:]
    kept: NDArray[np.bool_] = np.all(np.isfinite(found), axis=1) & np.all(np.isfinite(limbs), axis=(1, 2))
    if not kept.any():
        raise DataError(f"{data} has nobody with an embedding and all 12 limb joints: use another split")
    answers = Answers.of(lifted(people))
    clusters = [item.cluster for item in people.items for _ in item.people]
    excluded = same_scene([cluster for cluster, keep in zip(clusters, kept, strict=True) if keep])
    names = [name for name, keep in zip(people.names, kept, strict=True) if keep]
    arrays: Arrays = {"embeddings": found[kept], "true": answers.true[kept], "known": answers.known[kept]}
    truths = {"": true_distances(limbs[kept]), "/posebits": posebit_distances(arrays["true"], arrays["known"])}
    measures, commit = {}, None
    with tempfile.TemporaryDirectory() as temporary:
        for name in methods or METHODS:
            identities = {part: weights.identity(part) for part in ("lifter", *PartialQueries.weights)}
            config = RunConfig(
                TASK,
                people.name,
                people.split,
                name,
                {"people": len(names), "seed": SEED},
                {**identities, **identity(people, embeddings)},
            )
            run = Run.open((out or Path(temporary)) / name, config, overwrite)
            if not run.has_predictions:
                run.save_predictions(**arrays)
            order = rank_by(METHODS[name](run.load_predictions(), fetching))
            hits = {
                f"hit_rank50@{count}{ending}": values
                for ending, truth in truths.items()
                for count, values in zip(HIT_AT, hit_rank50(truth, order, excluded), strict=True)
            }
            rows = [
                {"person": person, **{key: float(values[row]) for key, values in hits.items()}}
                for row, person in enumerate(names)
            ]
            means = {key: float(np.nanmean(values)) for key, values in hits.items()}
            measures[name], commit = means, run.save_results(rows, means)["commit"]
    return summary_object(TASK, people.name, people.split, len(names), commit, measures)


def hit_rank50(truth: Array, order: NDArray[np.integer], excluded: NDArray[np.bool_]) -> Array:
    """(10, Q) whether one of the k true nearest, k = 1 to 10, has a 0-based rank of at most 50, as
    `retrieval_metrics.score_ranking` counts it; NaN for a query without a gallery."""
    found = np.full((len(HIT_AT), len(truth)), np.nan)
    for query in range(len(truth)):
        gallery = order[query][~excluded[query][order[query]]]
        if len(gallery):
            ranked = truth[query, gallery]
            best, ideal = ranked[: LAST_RANK + 1].min(), np.sort(ranked)
            found[:, query] = [best <= ideal[min(count, len(ideal)) - 1] for count in HIT_AT]
    return found


def posebit_distances(
    true: NDArray[np.bool_],
    known: NDArray[np.bool_],
    others: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
) -> Array:
    """(N, M) share 0..1 of the posebits (N, R), known on both sides, that differ; 1 where none is."""
    mine = np.where(known, np.where(true, 1.0, -1.0), 0.0)
    other_true, other_known = others or (true, known)
    theirs = np.where(other_known, np.where(other_true, 1.0, -1.0), 0.0)
    shared = known.astype(np.float64) @ other_known.T.astype(np.float64)
    agree = mine @ theirs.T
    return np.where(shared > 0, (shared - agree) / (2 * np.maximum(shared, 1)), 1.0)


def _by_image(arrays: Arrays, _: FetchProgress | None) -> Array:
    return _cosine_distances(arrays["embeddings"], arrays["embeddings"])


def _by_posebyte(arrays: Arrays, fetching: FetchProgress | None) -> Array:
    posebytes = np.where(arrays["known"], arrays["true"].astype(np.float64), np.nan)
    return _cosine_distances(PartialQueries(progress=fetching).embed(posebytes), arrays["embeddings"])


def _by_both(arrays: Arrays, fetching: FetchProgress | None) -> Array:
    return _by_image(arrays, fetching) + _by_posebyte(arrays, fetching)


def _by_chance(arrays: Arrays, _: FetchProgress | None) -> Array:
    count = len(arrays["embeddings"])
    return np.random.default_rng(SEED).random((count, count))


def _cosine_distances(queries: NDArray[np.floating], gallery: NDArray[np.floating]) -> Array:
    return np.asarray(1 - queries.astype(np.float64) @ gallery.astype(np.float64).T)


METHODS: dict[str, Method] = {
    "image": _by_image,
    "posebyte": _by_posebyte,
    "image+posebyte": _by_both,
    "chance": _by_chance,
}
"""What a query is: the picture, the true posebyte, or the sum of both distances."""
