"""Average precision and recall of keypoints, by the protocol of COCO's keypoint challenge (Lin et al. 2014).

For each of ten OKS thresholds, .5 to .95, the people found in a photo take, surest first, the annotated person with
the highest OKS that nobody took and that reaches the threshold. Precision is read at 101 recalls, where it is the
highest of that recall or more. A person with too few labelled keypoints, and whoever takes one, counts neither way.
So does a person found without a match where the set does not say that everybody is listed, as with a crowd region
all over the photo; COCO's evaluator counts such people as false. A keypoint that is not seen has OKS 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.evaluation.datasets import AnnotatedPerson, Item
from contrapposto.geometry import oks

THRESHOLDS: NDArray[np.float64] = np.linspace(0.5, 0.95, 10)
RECALLS: NDArray[np.float64] = np.linspace(0.0, 1.0, 101)
MOST_PEOPLE = 20
"""The surest so many people found in a photo are looked at."""


def average_precision(
    predictions: Sequence[NDArray[np.floating]],
    scores: Sequence[NDArray[np.floating]],
    truth: Sequence[Item],
    min_keypoints: int = 1,
    *,
    nobody_else: bool = False,
) -> dict[str, float]:
    """`ap` and `ar`, means over the thresholds, and `ap50` and `ap75`, at one; nothing where nobody is annotated.

    predictions: per item (P, 17, 2) keypoints in pixels of the stored file, NaN where unseen; scores: per item
    (P,), how sure each person is, on one scale for all photos; min_keypoints: fewer labelled ones are too few;
    nobody_else: everybody found without a match is wrong, whatever the set lists, as where the boxes are given.
    """
    matched, dropped, sure, annotated = [], [], [], 0
    for item, found, score in zip(truth, predictions, scores, strict=True):
        enough = np.array([_labelled(person) >= min_keypoints for person in item.people], dtype=bool)
        annotated += int(enough.sum())
        order = np.argsort(-np.asarray(score), kind="stable")[:MOST_PEOPLE]
        similar = np.array([[_similar(found[p], person) for person in item.people] for p in order])
        taken, left_out = _matches(similar.reshape(len(order), len(enough)), enough)
        if not (nobody_else or item.all_people_listed):
            left_out |= ~taken
        matched.append(taken)
        dropped.append(left_out)
        sure.append(np.asarray(score, np.float64)[order])
    if not annotated:
        return {}
    ranked = np.argsort(-np.concatenate(sure), kind="stable")
    curves = [
        _precisions(hits[ranked], gone[ranked], annotated)
        for hits, gone in zip(np.concatenate(matched, axis=1), np.concatenate(dropped, axis=1), strict=True)
    ]
    precision = [float(curve.mean()) for curve, _ in curves]
    return {
        "ap": float(np.mean(precision)),
        "ap50": precision[0],
        "ap75": precision[5],
        "ar": float(np.mean([recall for _, recall in curves])),
    }


def _labelled(person: AnnotatedPerson) -> int:
    return int(np.isfinite(person.keypoints).all(axis=1).sum())


def _similar(found: NDArray[np.floating], person: AnnotatedPerson) -> float:
    """OKS; of somebody without labelled keypoints by how far outside of the box, three times as wide and as high,
    the keypoints found lie."""
    if _labelled(person):
        return oks(found, person.keypoints, person.area)
    box = person.box
    low = np.array([box.x - box.width, box.y - box.height])
    high = low + 3 * np.array([box.width, box.height])
    away = np.maximum(low - found, 0) + np.maximum(found - high, 0)
    error = (away**2).sum(axis=1) / (2 * skeleton.OKS_SIGMA) ** 2 / (person.area + np.spacing(1)) / 2
    return float(np.where(np.isnan(error), 0.0, np.exp(-error)).mean())


def _matches(
    similar: NDArray[np.float64], enough: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """By threshold (10, P): whether each person found, surest first, takes an annotated one; and whether that is
    one who counts neither way. similar: (P, A) OKS; enough: (A,) who counts."""
    taken = np.zeros((len(THRESHOLDS), len(similar)), dtype=bool)
    left_out = np.zeros_like(taken)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(enough), dtype=bool)
        for person, likeness in enumerate(similar):
            for counted in (True, False):
                able = np.flatnonzero(free & (enough == counted) & (likeness >= threshold))
                if able.size:
                    best = able[::-1][np.argmax(likeness[able[::-1]])]  # of equals the last
                    free[best] = False
                    taken[row, person], left_out[row, person] = True, not counted
                    break
    return taken, left_out


def _precisions(
    hits: NDArray[np.bool_], gone: NDArray[np.bool_], annotated: int
) -> tuple[NDArray[np.float64], float]:
    """(101,) precision at each of `RECALLS`, and the recall that is reached; people found in order."""
    right, wrong = np.cumsum(hits & ~gone), np.cumsum(~hits & ~gone)
    recall = right / annotated
    precision = right / (right + wrong + np.spacing(1))
    best = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, RECALLS, side="left")
    values = np.where(at < len(best), np.append(best, 0.0)[at], 0.0)
    return values, float(recall[-1]) if len(recall) else 0.0
