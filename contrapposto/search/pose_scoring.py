"""How a pose that is asked for scores people: a fast scan bounds the distances of all, exact ones decide."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from contrapposto.distances import METRICS, joint_distances, pose_distances, shared_weight
from contrapposto.records import EMBEDDING, PartResult, Why
from contrapposto.scan.masked import exact_distances, lower_bounds
from contrapposto.search.candidates import Block
from contrapposto.search.matching import in_effect, match
from contrapposto.search.pose_part import FUSED, PosePart
from contrapposto.search.scoring import Array, Score

THREADS = os.cpu_count() or 1
"""That a scan of many people may use."""

LOOKS_PX = 30.0
"""px of a 128-px pose that a distance of 1 between pose embeddings stands for in the metric `fused`."""

UNSURE_PX = 15.0
"""px that a person nothing of whom is sure is further away in it."""


def with_looks(distances: NDArray[np.floating], apart: NDArray[np.floating], unsure: NDArray[np.floating]) -> Array:
    """The metric `fused`, px of a 128-px pose: half of the sum of the distances of keypoints that the picture has
    put right, of those of pose embeddings that are `apart`, and of how unsure (`matching.unsureness`) the keypoints
    are; the first alone where there is no embedding (NaN)."""
    looked = (distances + LOOKS_PX * apart + UNSURE_PX * unsure) / 2
    known: Array = np.where(np.isfinite(apart), looked, distances)
    return known


class PoseScorer:
    """One pose and the people of a block. A part of a weight below 0 orders people the other way round; for it no
    scan is known, and everybody's exact distance is taken."""

    def __init__(self, part: PosePart, block: Block) -> None:
        self._part = part
        self._block = block

    def bounds(self) -> tuple[Array, Array]:
        """See `Scorer`."""
        part = self._part
        if part.weight < 0:
            score = self.exact(np.arange(len(self._block.people)))
            return score.order, score.matches
        points, weights = part.asked()
        gallery = self._block.gallery(part.metric)
        low = gallery.lower_bounds(part.geometric, points, weights, mirror=part.mirror, threads=THREADS)
        bounds = self._with_looks(low.astype(np.float64))
        return bounds, match(part.metric, bounds)

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """See `Scorer`."""
        plain = self._scored(rows, mirrored=False)
        if not self._part.mirror:
            return plain
        other = self._scored(rows, mirrored=True)
        better = other.order > plain.order if self._part.weight < 0 else other.order < plain.order
        won = better | (np.isnan(plain.order) & np.isfinite(other.order))
        places = np.arange(len(rows)) + np.where(won, len(rows), 0)
        return Score.concatenated([plain, other]).take(places)

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """See `Scorer`."""
        part = self._part
        joints = np.full((len(rows), self._points().shape[1]), np.nan)
        for turned in (False, True):
            chosen = np.flatnonzero(score.mirrored == turned)
            if len(chosen):
                points, weights = part.asked(mirrored=turned)
                joints[chosen] = joint_distances(part.geometric, points, self._points()[rows[chosen]], weights)
        unit = METRICS[part.geometric].unit
        return [
            PartResult(part.metric, float(d), unit, float(m), bool(turned), row, part.weight < 0)
            for d, m, turned, row in zip(score.distances, score.matches, score.mirrored, joints, strict=True)
        ]

    def _points(self) -> NDArray[np.float32]:
        people = self._block.people
        if self._part.metric == FUSED:
            return self._block.fused
        return people.keypoints if self._part.flat else people.keypoints3d

    def _with_looks(self, distances: Array, rows: NDArray[np.intp] | None = None) -> Array:
        """Distances (M,) of these people with what the pose embedding tells, where it counts; without rows, bounds
        of the distances of all."""
        part, block = self._part, self._block
        if not part.looks:
            return distances
        ones, mine = np.ones(EMBEDDING), part.pose.embedding
        if rows is None:
            return with_looks(distances, np.sqrt(lower_bounds(block.doubled, ones, mine)), block.unsure)
        apart = np.sqrt(exact_distances(block.people.embeddings[rows], ones, mine))
        return with_looks(distances, apart, block.unsure[rows])

    def _scored(self, rows: NDArray[np.intp], *, mirrored: bool) -> Score:
        part = self._part
        points, weights = part.asked(mirrored=mirrored)
        poses = self._points()[rows]
        distances = self._with_looks(pose_distances(part.geometric, points, poses, weights), rows)
        order = in_effect(distances, shared_weight(points, poses, weights))
        matches = match(part.metric, order)
        if part.weight < 0:
            order, matches = -order, 1 - matches
        return Score(distances, order, matches, np.full(len(distances), mirrored), np.ones(len(distances)))
