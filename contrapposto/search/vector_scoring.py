"""How a pose that is asked for scores people by learned vectors: the pose embedding of the picture, or the
view-invariant embedding of the keypoints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.records import PartResult, Why
from contrapposto.representations.pose_embedding import component_weights, joint_parts
from contrapposto.scan.masked import exact_distances, lower_bounds
from contrapposto.search.candidates import Block
from contrapposto.search.joints import joint_weights
from contrapposto.search.matching import match
from contrapposto.search.pose_part import EMBEDDING, PosePart
from contrapposto.search.scoring import Array, Score
from contrapposto.skeleton import LIMB_NUMBERS

UNIT = "of embedding"


class VectorScorer:
    """One pose, asked by a learned vector, and the people of a block.

    Of the pose embedding, the parts of the joints that count are compared, the whole where all limb joints do. The
    view-invariant embedding is made anew of the keypoints that count, on both sides.
    """

    def __init__(self, part: PosePart, block: Block) -> None:
        self._part = part
        self._block = block

    def bounds(self) -> tuple[Array, Array]:
        """See `Scorer`; those of the view-invariant embedding, and of a weight below 0, are exact."""
        part = self._part
        if part.metric == EMBEDDING and part.weight > 0:
            low = np.sqrt(lower_bounds(self._block.doubled, self._components, part.pose.embedding))
            return low, match(part.metric, low)
        score = self.exact(np.arange(len(self._block.people)))
        return score.order, score.matches

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """See `Scorer`."""
        part = self._part
        plain = self._distances(rows)
        mirrored = np.zeros(len(rows), bool)
        if part.mirror:
            other = self._distances(rows, mirrored=True)
            mirrored = (other < plain) | (np.isnan(plain) & np.isfinite(other))
            plain = np.where(mirrored, other, plain)
        order, matches = plain, match(part.metric, plain)
        if part.weight < 0:
            order, matches = -order, 1 - matches
        return Score(plain, order, matches, mirrored, np.ones(len(rows)))

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """See `Scorer`; of each joint the distance of its own part of the embedding, where there are such parts."""
        part = self._part
        joints = np.full((len(rows), skeleton.COUNT), np.nan)
        if part.metric == EMBEDDING:
            theirs = joint_parts(self._block.people.embeddings[rows].astype(np.float64))
            mine = joint_parts(part.pose.embedding[None].astype(np.float64))
            apart = np.linalg.norm(theirs - mine, axis=2)
            joints[:, LIMB_NUMBERS] = np.where(joint_weights(part.joints)[LIMB_NUMBERS] > 0, apart, np.nan)
        return [
            PartResult(part.metric, float(d), UNIT, float(m), bool(turned), row, part.weight < 0)
            for d, m, turned, row in zip(score.distances, score.matches, score.mirrored, joints, strict=True)
        ]

    @property
    def _components(self) -> Array:
        return component_weights(joint_weights(self._part.joints))

    def _distances(self, rows: NDArray[np.intp], *, mirrored: bool = False) -> Array:
        """(M,) to these people."""
        part = self._part
        if part.metric == EMBEDDING:
            theirs = self._block.people.embeddings[rows]
            return np.sqrt(exact_distances(theirs, self._components, part.pose.embedding))
        weights = joint_weights(part.joints)
        keypoints, scores = part.pose.keypoints, part.pose.scores
        if mirrored:
            keypoints, scores = geometry.mirror(keypoints), scores[skeleton.FLIP]
            weights = weights[skeleton.FLIP]
        counted = tuple(bool(weight > 0) for weight in weights)
        query = self._block.view(keypoints[None], scores[None], counted)[0].astype(np.float64)
        apart: Array = np.linalg.norm(self._block.views(counted)[rows] - query, axis=1)
        return apart
