"""How surely a whole picture is as words ask: so many people who meet a condition, or two in a relation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.language.conditions import FLOOR, UNKNOWN, Condition, Scene, probability
from contrapposto.language.scenes import RELATIONS
from contrapposto.posebits.answers import People

Array = NDArray[np.float64]


def scene_scores(
    scene: Scene,
    people: People,
    rows: NDArray[np.integer],
    pictures: NDArray[np.integer],
    places: NDArray[np.floating],
) -> tuple[Array, NDArray[np.bool_]]:
    """Of N people in pictures: how surely the picture of each is as asked (N,), 0..1, NaN where it shows too few
    people (or, asked for an exact number of anybody, another number), and whom to show for it: one of each picture
    (N,).

    rows: (N,) who of `people` each is: somebody in a film is in several pictures; pictures: (N,) which picture each
    is in; all people of a picture are given. places: (N, 2) pixels, the middle of each person. Of those who must
    meet a condition the product of the best chances, each at least `FLOOR`.
    """
    each = _chance(scene.each, people)[rows]
    order = np.lexsort((-each, pictures))
    _, starts, counts = np.unique(pictures[order], return_index=True, return_counts=True)
    sorted_each = np.maximum(each[order], FLOOR)
    score = np.where(counts >= scene.count, 1.0, np.nan)
    for rank in range(int(min(scene.count, counts.max(initial=0)))):
        there = counts > rank
        score[there] *= sorted_each[starts[there] + rank]
    if scene.exactly and scene.each is None:
        score[counts != scene.count] = np.nan
    elif scene.exactly:
        for rank in range(scene.count, int(counts.max(initial=0))):
            there = counts > rank
            score[there] *= np.maximum(1 - each[order][starts[there] + rank], FLOOR)
    if scene.relation is not None:
        score *= _best_pair(scene.relation, people, rows, each, places, order, starts, counts)
    shown = np.zeros(len(each), bool)
    shown[order[starts]] = True
    whole = np.empty(len(each))
    whole[order] = np.repeat(score, counts)
    return whole, shown


def _chance(condition: Condition | None, people: People) -> Array:
    if condition is None:
        return np.ones(len(people))
    return np.nan_to_num(probability(condition, people.probability), nan=UNKNOWN)


def _best_pair(
    name: str,
    people: People,
    rows: NDArray[np.integer],
    each: Array,
    places: NDArray[np.floating],
    order: NDArray[np.intp],
    starts: NDArray[np.intp],
    counts: NDArray[np.intp],
) -> Array:
    """(P,) of P pictures: the best product of both people's chances over all pairs of people in it."""
    relation = RELATIONS[name]
    left, right = _chance(relation.left, people)[rows], _chance(relation.right, people)[rows]
    metres = people.figures.metres_per_pixel[rows]
    picture = np.repeat(np.arange(len(counts)), counts)
    best = np.zeros(len(counts))
    for step in range(1, int(counts.max(initial=0))):
        one, two = order[:-step], order[step:]
        same = picture[:-step] == picture[step:]
        one, two, where = one[same], two[same], picture[:-step][same]
        swap = places[one, 0] > places[two, 0]
        one, two = np.where(swap, two, one), np.where(swap, one, two)
        apart = np.hypot(*(places[one] - places[two]).T) * (metres[one] + metres[two]) / 2
        chance = np.maximum(left[one], FLOOR) * np.maximum(right[two], FLOOR) * each[one] * each[two]
        np.maximum.at(best, where, np.where(apart <= relation.within, chance, FLOOR**2))
    return best
