"""How a pose that is asked for scores people by posebits: the share of the yes/no relations that differ."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.posebits.answers import People, pack, posebits
from contrapposto.posebits.measures import FACE
from contrapposto.posebits.table import POSEBITS, Posebit
from contrapposto.records import PartResult, Pose, Why
from contrapposto.scan.posebytes import masked_hamming
from contrapposto.search.candidates import Block
from contrapposto.search.joints import joint_weights
from contrapposto.search.matching import in_effect, match
from contrapposto.search.pose_part import PosePart
from contrapposto.search.pose_scoring import THREADS
from contrapposto.search.scoring import Array, Score

UNIT = "% of posebits"

LEAST_SHARED = 8
"""Posebits that both must have known."""


class PosebitScorer:
    """One pose, asked by its posebits, and the people of a block. Posebits that need a joint which does not count
    do not count either."""

    def __init__(self, part: PosePart, block: Block) -> None:
        self._part = part
        self._block = block

    def bounds(self) -> tuple[Array, Array]:
        """See `Scorer`; these are exact."""
        score = self.exact(np.arange(len(self._block.people)))
        return score.order, score.matches

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """See `Scorer`."""
        plain = self._scored(rows, mirrored=False)
        if not self._part.mirror:
            return plain
        other = self._scored(rows, mirrored=True)
        won = (other.order < plain.order) | (np.isnan(plain.order) & np.isfinite(other.order))
        places = np.arange(len(rows)) + np.where(won, len(rows), 0)
        return Score.concatenated([plain, other]).take(places)

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """See `Scorer`; of each joint the share of the posebits with it that differ, in percent."""
        theirs, known = (bits[rows] for bits in posebits(self._block.asked))
        results: list[Why] = []
        for place in range(len(rows)):
            mine, asked = self._asked(mirrored=bool(score.mirrored[place]))
            both = asked & known[place]
            differs = both & (mine != theirs[place])
            shared, wrong = both @ _OF_JOINT, differs @ _OF_JOINT
            joints = np.where(shared > 0, 100 * wrong / np.maximum(shared, 1), np.nan)
            results.append(
                PartResult(
                    self._part.metric,
                    float(score.distances[place]),
                    UNIT,
                    float(score.matches[place]),
                    bool(score.mirrored[place]),
                    joints,
                    self._part.weight < 0,
                )
            )
        return results

    def _asked(self, *, mirrored: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(R,) the posebits of the pose that is asked for, and which of them count."""
        pose, weights = self._part.pose, joint_weights(self._part.joints)
        if mirrored:
            flip = skeleton.FLIP
            pose = Pose(geometry.mirror(pose.keypoints), pose.scores[flip], geometry.mirror(pose.keypoints3d))
            weights = weights[flip]
        true, known = posebits(People.of([pose]))
        counts = np.array([_needs(row, weights) for row in POSEBITS])
        return true[0], known[0] & counts

    def _scored(self, rows: NDArray[np.intp], *, mirrored: bool) -> Score:
        true, known = self._asked(mirrored=mirrored)
        everybody = np.array_equal(rows, np.arange(len(self._block.people)))
        posebytes = self._block.posebytes if everybody else self._block.posebytes[rows]
        distances, shares = posebit_distances(true, known, posebytes)
        order = in_effect(distances, shares)
        matches = match(self._part.metric, order)
        if self._part.weight < 0:
            order, matches = -order, 1 - matches
        return Score(distances, order, matches, np.full(len(rows), mirrored), np.ones(len(rows)))


def posebit_distances(
    true: NDArray[np.bool_], known: NDArray[np.bool_], posebytes: NDArray[np.uint64]
) -> tuple[Array, Array]:
    """(N,) of the posebits (R,) that are asked for and known on both sides the share that differs, in percent, NaN
    where these are fewer than `LEAST_SHARED`; and (N,) their share of those that are asked for.

    posebytes: (N, 2 W), as `answers.pack` makes them."""
    asked = pack(true[None], known[None])[0]
    half = len(asked) // 2
    counts = masked_hamming(posebytes, asked[:half], asked[half:], THREADS)
    total = int(known.sum())
    shared = total - counts.unknown
    distances = np.where(shared >= LEAST_SHARED, 100 * counts.unmet / np.maximum(shared, 1), np.nan)
    return distances, shared / max(total, 1)


def _needs(row: Posebit, weights: NDArray[np.float64]) -> bool:
    """Whether all keypoints that a row needs count."""
    return all(weights[skeleton.INDEX[name]] > 0 for name in row.joints) and (
        "head" not in row.points or any(weights[skeleton.INDEX[name]] > 0 for name in FACE)
    )


_OF_JOINT: NDArray[np.float64] = np.array(
    [[name in row.joints for name in skeleton.KEYPOINTS] for row in POSEBITS], dtype=np.float64
)
"""(R, 17) which keypoints each posebit needs."""
