"""Scores of found keypoints against annotated ones: OKS, recall, PCK, and how many people were found.

Matching: within a photo, annotated people and predictions are paired one to one, the pair with the highest OKS
first (equal OKS: the earlier person, then the earlier prediction); a pair with OKS 0 is none. Where it is known of
whom each prediction was made (their boxes were given), that is the pair. People with fewer labelled keypoints than
asked for are left out, of the matching too. A measure over nothing (no person, no joint, no photo without people)
is absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson, Item
from contrapposto.geometry import oks

PCK_SHARE = 0.2
"""A joint is right within this share of the torso."""

_DIAGONALS = (
    (skeleton.INDEX["left_shoulder"], skeleton.INDEX["right_hip"]),
    (skeleton.INDEX["right_shoulder"], skeleton.INDEX["left_hip"]),
)


@dataclass(frozen=True, slots=True)
class PersonScore:
    """What became of one annotated person.

    person: position among the item's people, from 0; prediction: position of its match, None where nobody was
    found; labelled: keypoints with a label; pck_right of pck_joints limb joints (0 of 0 without a torso diagonal).
    """

    file: str
    person: int
    prediction: int | None
    labelled: int
    oks: float
    oks_side_blind: float
    pck_right: int
    pck_joints: int


@dataclass(frozen=True, slots=True, eq=False)
class KeypointScores:
    """measures: name to number; people: one row per scored person, in the order of the items;
    found: (N,) number of people found in each item."""

    measures: dict[str, float]
    people: tuple[PersonScore, ...]
    found: NDArray[np.int64]


def torso_length(keypoints: NDArray[np.floating]) -> float | None:
    """The longer diagonal from a shoulder to the opposite hip of (17, 2), in its unit; None if neither is seen."""
    lengths = [float(np.hypot(*(keypoints[shoulder] - keypoints[hip]))) for shoulder, hip in _DIAGONALS]
    seen = [length for length in lengths if np.isfinite(length)]
    return max(seen, default=None)


def score_keypoints(
    predictions: Sequence[NDArray[np.floating]],
    truth: Sequence[Item],
    min_keypoints: int = 1,
    made_of: Sequence[NDArray[np.integer]] | None = None,
) -> KeypointScores:
    """Score the people found in each item.

    predictions: per item, in the order of `truth`, (P, 17, 2) canonical keypoints in pixels of the stored file, NaN
    where unseen; P may be 0. min_keypoints: annotated people with fewer labelled keypoints are left out. made_of:
    per item (P,) positions of the people in whose boxes the predictions were made; None where that is not known.

    Measures: `oks` mean over people, 0 for those not found; `oks_side_blind` the same on the same matches, each the
    better of the prediction and the prediction with left and right labels swapped; `recall@oks0.5` and
    `recall@oks0.75` share of people with at least that OKS; `pck@0.2` share of the labelled limb joints of all
    people with a torso that lie within 0.2 of it (all joints of a person not found are wrong); `people_per_image`
    people found per item; `false_people_per_image` the same over the items in which all people are listed and there
    are none; neither where it is known of whom the predictions were made. Raises DataError when predictions and
    items do not go together.
    """
    if len(predictions) != len(truth):
        raise DataError(f"{len(predictions)} stored predictions for {len(truth)} photos: predict this split again")
    if min_keypoints < 1:
        raise ValueError(f"min_keypoints must be at least 1, got {min_keypoints}")
    rows: list[PersonScore] = []
    for number, (item, found) in enumerate(zip(truth, predictions, strict=True)):
        if found.ndim != 3 or found.shape[1:] != (skeleton.COUNT, 2):
            raise DataError(
                f"predictions for {item.file.name} have shape {found.shape}, expected (P, {skeleton.COUNT}, 2)"
            )
        rows += _score_item(found, item, min_keypoints, None if made_of is None else made_of[number])
    counts = np.array([len(found) for found in predictions], dtype=np.int64)
    empty = np.array([item.all_people_listed and not item.people for item in truth], dtype=bool)
    looked_for = slice(None) if made_of is None else slice(0)
    return KeypointScores(_measures(rows, counts[looked_for], empty[looked_for]), tuple(rows), counts)


def _score_item(
    found: NDArray[np.floating], item: Item, min_keypoints: int, made_of: NDArray[np.integer] | None
) -> list[PersonScore]:
    scored = {
        number: person
        for number, person in enumerate(item.people)
        if _seen(person.keypoints).sum() >= min_keypoints
    }
    pairs = [
        (oks(candidate, person.keypoints, person.area), number, index)
        for number, person in scored.items()
        for index, candidate in enumerate(found)
        if made_of is None or made_of[index] == number
    ]
    match: dict[int, tuple[int, float]] = {}
    taken = set()
    for similarity, number, index in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if (similarity > 0 or made_of is not None) and number not in match and index not in taken:
            match[number] = (index, similarity)
            taken.add(index)
    return [_score_person(found, item, number, person, match.get(number)) for number, person in scored.items()]


def _score_person(
    found: NDArray[np.floating], item: Item, number: int, person: AnnotatedPerson, match: tuple[int, float] | None
) -> PersonScore:
    labelled = _seen(person.keypoints)
    torso = torso_length(person.keypoints)
    shown = skeleton.LIMB_NUMBERS[labelled[skeleton.LIMB_NUMBERS]]
    limbs = shown if torso is not None else shown[:0]
    right, similarity, side_blind = 0, 0.0, 0.0
    if match is not None:
        predicted, similarity = found[match[0]], match[1]
        side_blind = max(similarity, oks(predicted[skeleton.FLIP], person.keypoints, person.area))
        if torso is not None:
            distances = np.hypot(*(predicted[limbs] - person.keypoints[limbs]).T)
            right = int((distances <= PCK_SHARE * torso).sum())
    return PersonScore(
        file=item.file.name,
        person=number,
        prediction=None if match is None else match[0],
        labelled=int(labelled.sum()),
        oks=similarity,
        oks_side_blind=side_blind,
        pck_right=right,
        pck_joints=len(limbs),
    )


def _seen(points: NDArray[np.floating]) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = np.isfinite(points).all(axis=1)
    return seen


def _measures(rows: Sequence[PersonScore], counts: NDArray[np.int64], empty: NDArray[np.bool_]) -> dict[str, float]:
    measures: dict[str, float] = {}
    if rows:
        similarity = np.array([row.oks for row in rows])
        measures["oks"] = float(similarity.mean())
        measures["oks_side_blind"] = float(np.mean([row.oks_side_blind for row in rows]))
        measures["recall@oks0.5"] = float((similarity >= 0.5).mean())
        measures["recall@oks0.75"] = float((similarity >= 0.75).mean())
    joints = sum(row.pck_joints for row in rows)
    if joints:
        measures[f"pck@{PCK_SHARE}"] = sum(row.pck_right for row in rows) / joints
    if len(counts):
        measures["people_per_image"] = float(counts.mean())
    if empty.any():
        measures["false_people_per_image"] = float(counts[empty].mean())
    return measures
