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

UNSURE_PX = 7.5
"""px further away that somebody nothing of whom is sure is taken to be in it."""


def with_looks(distances: NDArray[np.floating], apart: NDArray[np.floating]) -> Array:
    """The metric `fused`, px of a 128-px pose: the mean of distances of keypoints that the picture has put right
    and of pose embeddings that are `apart`; the former alone where there is no embedding (NaN)."""
    known: Array = np.where(np.isfinite(apart), (distances + LOOKS_PX * apart) / 2, distances)
    return known


def unsure_px(apart: NDArray[np.floating], unsure: NDArray[np.floating]) -> Array:
    """What a ranking by `fused` adds to distances: `UNSURE_PX` times how unsure (`matching.unsureness`) people are
    who were looked at; 0 for others."""
    return np.where(np.isfinite(apart), UNSURE_PX * unsure, 0.0)


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
        apart = self._apart()
        bounds = with_looks(low.astype(np.float64), apart) + unsure_px(apart, self._block.unsure)
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

    def _apart(self, rows: NDArray[np.intp] | None = None) -> Array:
        """(M,) how far the pose embeddings of these people are, NaN where they do not count; without rows, bounds
        of all."""
        part, block = self._part, self._block
        if not part.looks:
            return np.full(len(block.people) if rows is None else len(rows), np.nan)
        ones, mine = np.ones(EMBEDDING), part.pose.embedding
        if rows is None:
            return np.sqrt(lower_bounds(block.doubled, ones, mine))
        return np.sqrt(exact_distances(block.people.embeddings[rows], ones, mine))

    def _scored(self, rows: NDArray[np.intp], *, mirrored: bool) -> Score:
        part = self._part
        points, weights = part.asked(mirrored=mirrored)
        poses = self._points()[rows]
        apart = self._apart(rows)
        distances = with_looks(pose_distances(part.geometric, points, poses, weights), apart)
        taken = distances + unsure_px(apart, self._block.unsure[rows])
        order = in_effect(taken, shared_weight(points, poses, weights))
        matches = match(part.metric, order)
        if part.weight < 0:
            order, matches = -order, 1 - matches
        return Score(distances, order, matches, np.full(len(distances), mirrored), np.ones(len(distances)))
