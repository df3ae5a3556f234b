"""Which joints of a pose count, and how much: the grammar of `--joints`."""

from __future__ import annotations

import difflib
import reprlib

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import QueryError

LARGEST_WEIGHT = 1000.0
"""Of a part or a joint: more changes no order and could overflow a sum."""


def check_weight(weight: float) -> None:
    """Raises QueryError when it cannot be the weight of a part."""
    if not 0 < abs(weight) <= LARGEST_WEIGHT:
        raise QueryError(
            f"the weight of a part must be a number from {-LARGEST_WEIGHT:g} to {LARGEST_WEIGHT:g}, and not 0, "
            f"got {reprlib.repr(weight)}"
        )


def joint_weights(joints: str) -> NDArray[np.float64]:
    """(17,) weights from a text such as `all`, `arms`, `upper,left_knee` or `arms,legs=0.5`.

    Each name is a group or keypoint of `skeleton`, with an optional factor of its weight, 0 to `LARGEST_WEIGHT`
    (1 when left out). The keypoints of a group have their usual weights, a keypoint that is named alone has
    weight 1; later names win. Raises QueryError that offers the nearest name.
    """
    if not isinstance(joints, str):
        raise QueryError(f"joints must be a text such as 'arms,left_knee=0.5', got {reprlib.repr(joints)}")
    weights = np.zeros(skeleton.COUNT)
    for item in joints.split(","):
        name, equals, factor = (text.strip() for text in item.partition("="))
        name = name.lower().replace(" ", "_").replace("-", "_")
        members = skeleton.GROUPS.get(name) or ((name,) if name in skeleton.INDEX else ())
        if not members:
            known = [*skeleton.GROUPS, *skeleton.KEYPOINTS]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise QueryError(f"unknown joints {name!r}; {hint}")
        try:
            scale = float(factor) if equals else 1.0
        except ValueError:
            scale = -1.0
        if not 0 <= scale <= LARGEST_WEIGHT:
            raise QueryError(f"{factor!r} is no weight for {name}; write a number from 0 to {LARGEST_WEIGHT:g}")
        for member in members:
            usual = skeleton.DEFAULT_WEIGHTS[skeleton.INDEX[member]] if len(members) > 1 else 1.0
            weights[skeleton.INDEX[member]] = usual * scale
    return weights
