"""Postures by chance within the limits of the joints; those whose limbs go into one another are thrown away."""

from __future__ import annotations

import numpy as np

from render.bodies import Body
from render.poses import Limb, Posture
from render.posing import clearance, posed
from render.rotations import Array, Triple, about, unit

_TRIES = 200
_LEAST_GAP = -0.015
"""Metres: limbs may press into each other by this much."""


def generated(random: np.random.Generator, body: Body) -> Posture:
    """A posture that this body can take."""
    for _ in range(_TRIES):
        posture = _drawn(random)
        shape = posed(body, posture)
        if clearance(shape.keypoints) > _LEAST_GAP and _above_floor(shape.keypoints, posture):
            return posture
    raise RuntimeError(f"no posture without overlap in {_TRIES} tries")


def _drawn(random: np.random.Generator) -> Posture:
    stance = str(random.choice(["stand", "stand", "stride", "one leg", "crouch", "seat", "knees"]))
    pelvis = (float(random.normal(6, 10)), float(random.normal(0, 6)), 0.0)
    chest = (float(random.normal(4, 10)), float(random.normal(0, 9)), float(random.normal(0, 14)))
    head = (float(random.normal(0, 12)), float(random.normal(0, 7)), float(random.normal(0, 25)))
    legs, feet = _legs(random, stance)
    return Posture(
        "generated",
        pelvis=(0.4 * pelvis[0], 0.4 * pelvis[1], 0.0) if stance == "seat" else pelvis,
        chest=chest,
        head=head,
        left_arm=_arm(random),
        right_arm=_arm(random),
        left_leg=legs[0],
        right_leg=legs[1],
        left_foot=feet,
        right_foot=feet,
        seat=stance == "seat",
        ordinary=stance != "knees",
    )


def _arm(random: np.random.Generator) -> Limb:
    """Upper arm anywhere but far behind or far across the chest; the elbow bends 0 to 140 degrees, the forearm
    towards the front, the middle or the head."""
    while True:
        upper = unit(random.normal(size=3) + np.array([0.5, -0.4, 0.3]))
        outwards, up, forwards = upper
        if forwards > -0.55 and outwards > -0.25 and not (up > 0.4 and forwards < -0.3):
            break
    pull = unit(np.array([-0.6, 0.5, 0.8]) + 0.6 * random.normal(size=3))
    axis = np.cross(upper, pull)
    bend = float(random.choice([random.uniform(0, 35), random.uniform(20, 140)]))
    return _triple(upper), _triple(about(axis, bend) @ upper)


def _legs(random: np.random.Generator, stance: str) -> tuple[tuple[Limb, Limb], tuple[float, float]]:
    def leg(out: float, rise: float, bend: float) -> Limb:
        """Thigh `rise` degrees to the front and `out` to the side of straight down, the knee bent."""
        thigh = about(np.array([1.0, 0, 0]), -rise) @ np.array([0.0, -1, 0])
        shin = about(np.array([1.0, 0, 0]), bend - rise) @ np.array([0.0, -1, 0])
        aside = about(np.array([0.0, 0, 1]), out)
        return _triple(aside @ thigh), _triple(aside @ shin)

    def some(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    if stance == "stand":
        legs = leg(some(0, 22), some(-5, 15), some(0, 15)), leg(some(0, 22), some(-5, 15), some(0, 15))
    elif stance == "stride":
        legs = leg(some(0, 10), some(20, 60), some(0, 60)), leg(some(0, 10), some(-30, -5), some(0, 50))
    elif stance == "one leg":
        legs = leg(some(0, 4), some(-3, 8), some(0, 10)), leg(some(0, 40), some(-20, 95), some(0, 110))
    elif stance == "crouch":
        rise = some(50, 85)
        legs = leg(some(5, 30), rise, rise + some(15, 40)), leg(some(5, 30), rise, rise + some(15, 40))
    elif stance == "seat":
        legs = leg(some(0, 8), some(80, 95), some(60, 105)), leg(some(0, 8), some(80, 95), some(60, 105))
    else:
        legs = leg(some(2, 12), some(-5, 20), some(80, 95)), leg(some(2, 12), some(-5, 20), some(80, 95))
    if random.random() < 0.5:
        legs = legs[1], legs[0]
    return legs, ((0.0, 55.0) if stance == "knees" else (0.8, 20.0))


def _above_floor(keypoints: Array, posture: Posture) -> bool:
    """No hand or head lower than the feet; on a box, the feet lower than the hips by a shin or so."""
    feet = float(keypoints[15:17, 1].min())
    if posture.seat and float(keypoints[11:13, 1].mean()) - feet < 0.3:
        return False
    return float(keypoints[[0, 9, 10], 1].min()) > feet


def _triple(values: Array) -> Triple:
    return float(values[0]), float(values[1]), float(values[2])
