"""The part of a query that asks with a pose."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.distances import METRICS
from contrapposto.errors import QueryError
from contrapposto.records import Person, Pose
from contrapposto.search.joints import check_weight, joint_weights
from contrapposto.search.pose_json import pose_to_json
from contrapposto.text import count

Lift = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""(N, 17, 2) keypoints and (N, 17) scores to (N, 17, 3), as `poses.lifting.Lifter`."""

POSEBITS = "posebits"
"""The metric that compares the yes/no relations of joints (`posebits.table`)."""

FUSED = "fused"
"""The metric that compares keypoints that the picture has put right, and what the pose embedding network sees."""

EMBEDDING = "embedding"
"""The metric that compares what the pose embedding network sees alone."""

VIEW_INVARIANT = "view-invariant"
"""The metric that compares what keypoints tell of the pose whatever side it is seen from."""

DEFAULT_METRIC = FUSED

COMPARED: tuple[str, ...] = (FUSED, *METRICS, POSEBITS, EMBEDDING, VIEW_INVARIANT)
"""How poses can be compared: fused, by the metrics of distances of joints, by posebits, by learned vectors."""

_IN_PICTURE = (FUSED, EMBEDDING, VIEW_INVARIANT)


@dataclass(frozen=True, slots=True)
class PosePart:
    """Asks for people in a pose.

    pose: for a metric of dimension 3 its `keypoints3d` count, and where it has none they are estimated from
    `keypoints` when the query is run. joints: which keypoints of the pose count, as `joint_weights` takes it;
    metric: a name in `COMPARED`; mirror: the mirror image of what is asked will do as well;
    weight: share of this part in the match of a query with several parts; below 0 it asks for people unlike this.
    """

    pose: Pose
    joints: str = "all"
    metric: str = DEFAULT_METRIC
    mirror: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.metric not in COMPARED:
            raise QueryError(f"unknown metric {self.metric!r}; there are {', '.join(COMPARED)}")
        check_weight(self.weight)
        in_space = np.isfinite(self.pose.keypoints3d).any()
        if self.flat and in_space and not self.pose.visible.any():
            raise QueryError(
                "the skeleton has keypoints3d only; ask with a metric in space (3d, procrustes) or give keypoints"
            )
        points = self._points()
        asked = np.isfinite(points[:, 0]) & (joint_weights(self.joints) > 0)
        self._check_embedding()
        least = _LEAST[self.metric] if self.metric in _LEAST else METRICS[self.metric].least_joints
        if asked.sum() < least:
            raise QueryError(
                f"the query shows {asked.sum()} of the joints asked for ({self.joints}); at least {least} are "
                f"needed by the metric {self.metric}: ask for more joints, or with a pose that shows them"
            )
        places = points[asked]
        if self.metric != EMBEDDING and (places == places[0]).all():
            raise QueryError("the joints asked for all lie on one point in the query; give a pose with a shape")

    @property
    def flat(self) -> bool:
        """Whether 2D keypoints are compared, or what was made of them."""
        return self.metric in _IN_PICTURE or (self.metric in METRICS and METRICS[self.metric].dimension == 2)

    @property
    def geometric(self) -> str:
        """The metric in `METRICS` by which the points of `asked` are compared."""
        return "2d" if self.metric == FUSED else self.metric

    @property
    def looks(self) -> bool:
        """Whether the pose embedding counts in the metric `fused`: it sees the whole body, as it is."""
        whole = bool((joint_weights(self.joints)[skeleton.LIMB_NUMBERS] > 0).all())
        seen = bool(self.pose.visible[skeleton.LIMB_NUMBERS].all())
        return self.metric == FUSED and whole and seen and not self.mirror and self._embedded

    @property
    def shown(self) -> list[str]:
        """Names of joints that are asked for and that the query's own pose shows."""
        wanted = (joint_weights(self.joints) > 0) & np.isfinite(self._points()[:, 0])
        return [name for name, there in zip(skeleton.KEYPOINTS, wanted, strict=True) if there]

    @property
    def missing(self) -> list[str]:
        """Names of joints that are asked for but that the query's own pose does not show."""
        wanted = (joint_weights(self.joints) > 0) & np.isnan(self._points()[:, 0])
        return [name for name, absent in zip(skeleton.KEYPOINTS, wanted, strict=True) if absent]

    @property
    def needs_lifting(self) -> bool:
        """Whether the metric compares 3D keypoints and the pose has none yet."""
        return not self.flat and not np.isfinite(self.pose.keypoints3d).any()

    def lifted(self, lift: Lift) -> PosePart:
        """The same with 3D keypoints estimated from the pose's 2D keypoints. Raises QueryError when it shows too
        few."""
        pose = self.pose
        deep = lift(pose.keypoints[None], pose.scores[None])[0]
        if not np.isfinite(deep).any():
            raise QueryError(
                f"the query shows {pose.visible.sum()} keypoints, too few to estimate 3D from; "
                "show more of the body, give keypoints3d, or ask with the metric 2d"
            )
        return replace(self, pose=replace(pose, keypoints3d=deep))

    def asked(self, *, mirrored: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What people are compared with: (17, 2) or (17, 3) keypoints, by the metric, and (17,) weights. In the
        mirror image both have left and right swapped: a left arm that was asked for is found as a right arm."""
        if self.needs_lifting:
            raise ValueError("lift the part first")
        weights = joint_weights(self.joints)
        if mirrored:
            return geometry.mirror(self._points()), weights[skeleton.FLIP]
        return self._points(), weights

    @property
    def _embedded(self) -> bool:
        return bool(np.isfinite(self.pose.embedding).all())

    def _check_embedding(self) -> None:
        if self.metric != EMBEDDING:
            return
        if not self._embedded:
            raise QueryError(
                f"the metric {EMBEDDING} compares pictures, and this pose comes without one; ask with a photo, or "
                f"with the metric {FUSED}"
            )
        if self.mirror:
            raise QueryError(f"the metric {EMBEDDING} knows no mirror image; ask with the metric {FUSED}")
        if not (joint_weights(self.joints)[skeleton.LIMB_NUMBERS] > 0).any():
            raise QueryError(
                f"the metric {EMBEDDING} knows the limb joints alone, not {self.joints}; ask for these"
            )

    def _points(self) -> NDArray[np.float64]:
        if self.metric == FUSED:
            return np.where(np.isfinite(self.pose.fused), self.pose.fused, self.pose.keypoints)
        return self.pose.keypoints if self.flat or self.needs_lifting else self.pose.keypoints3d

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "pose": pose_to_json(self.pose),
            "joints": self.joints,
            "metric": self.metric,
            "mirror": self.mirror,
            "weight": self.weight,
        }


_LEAST = {POSEBITS: 4, FUSED: 2, EMBEDDING: 1, VIEW_INVARIANT: 3}
"""Joints that a pose must show to be asked by a metric that is not in `METRICS`."""


def pose_of(image: str | os.PathLike[str], people: Sequence[Person], number: int) -> Pose:
    """The pose of one of the people found in a picture, counted from 1. Raises QueryError when there is none."""
    if not people:
        raise QueryError(f"{image}: nobody was found in it; use a picture that shows a person, or a skeleton")
    if not 1 <= number <= len(people):
        raise QueryError(
            f"{image}: has {count(len(people), 'person', 'people')}, there is no number {number}; choose 1 to "
            f"{len(people)}"
        )
    return people[number - 1].pose
