"""A posture (directions of limbs, leaning of the trunk) put on a body: posed vertices and 3D keypoints.

Every bone gets a rotation from its rest position, in the frame of the posture (x to the person's left, y up,
z forward); its head follows its parent; the skin is the weighted mean of its bones (linear blend skinning).
A limb's two directions fix its rotation but for the turn about its own length, which the hinge gives: an elbow
bends forearm to the front of the arm, a knee bends the shin backwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.bodies import Body
from render.poses import Posture
from render.rotations import Array, about, between, frame, lean, swing, unit

LEFT = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 1.0, 0.0])
FORWARD = np.array([0.0, 0.0, 1.0])
_STRAIGHT, _BENT = 10.0, 35.0
"""Degrees: up to the first a hinge's axis comes from the limb's swing, from the second on from its bend."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """vertices: (V, 3) of the surface; keypoints: (17, 3); metres, lowest vertex at y = 0 (or `lift` above it),
    the middle of the hips over the origin; rotations: (B, 3, 3) of each bone from rest."""

    vertices: Array
    keypoints: Array
    rotations: Array


def posed(body: Body, posture: Posture) -> Posed:
    """A body in a posture."""
    whole = lean(posture.root)
    rotations = np.einsum("ij,bjk->bik", whole, _bone_rotations(body, posture))
    heads = np.zeros_like(body.heads)
    for bone, parent in enumerate(body.parents):
        if parent >= 0:
            heads[bone] = heads[parent] + rotations[parent] @ (body.heads[bone] - body.heads[parent])
    offsets = heads - np.einsum("bij,bj->bi", rotations, body.heads)
    turn = np.einsum("vb,bij->vij", body.skin, rotations)
    moved = body.skin @ offsets
    keypoints = body.keypoints @ (np.einsum("vij,vj->vi", turn, body.vertices) + moved)
    vertices = np.einsum("vij,vj->vi", turn, body.surface) + moved
    middle = (keypoints[11] + keypoints[12]) / 2
    shift = np.array([-middle[0], posture.lift - float(vertices[:, 1].min()), -middle[2]])
    return Posed(vertices + shift, keypoints + shift, rotations)


def _bone_rotations(body: Body, posture: Posture) -> Array:
    pelvis = lean(posture.pelvis)
    chest = pelvis @ lean(posture.chest)
    head = chest @ lean(posture.head)
    by_name = {"root": pelvis, "pelvis.L": pelvis, "pelvis.R": pelvis, "head": head, "eye.L": head, "eye.R": head}
    for step, name in enumerate(("spine05", "spine04", "spine03", "spine02", "spine01"), start=1):
        by_name[name] = between(pelvis, chest, step / 5)
    for step, name in enumerate(("neck01", "neck02", "neck03"), start=1):
        by_name[name] = between(chest, head, step / 4)
    arms_in = np.eye(3) if posture.arms_upright else chest
    for side, arm, hand in (
        ("L", posture.left_arm, posture.left_hand),
        ("R", posture.right_arm, posture.right_hand),
    ):
        by_name |= _arm(body, side, chest, [arms_in @ _aside(way, side) for way in arm], hand)
    for side, leg, foot in (
        ("L", posture.left_leg, posture.left_foot),
        ("R", posture.right_leg, posture.right_foot),
    ):
        by_name |= _leg(body, side, pelvis, [_aside(way, side) for way in leg], foot)
    rotations = np.zeros((len(body.bones), 3, 3))
    for bone, name in enumerate(body.bones):
        rotations[bone] = by_name[name] if name in by_name else rotations[body.parents[bone]]
    return rotations


def _aside(way: tuple[float, float, float], side: str) -> Array:
    """A direction given as outwards, up, forwards, for a limb of one side."""
    outwards, up, forwards = way
    return unit(np.array([outwards if side == "L" else -outwards, up, forwards]))


def _arm(body: Body, side: str, chest: Array, ways: list[Array], bend: float) -> dict[str, Array]:
    upper, fore = ways
    start, elbow, wrist = (body.heads[body.bone(f"{n}.{side}")] for n in ("upperarm01", "lowerarm01", "wrist"))
    rest_upper, rest_fore = unit(elbow - start), unit(wrist - elbow)
    rest_hinge = unit(np.cross(rest_upper, rest_fore))
    straight = chest @ swing(rest_upper, chest.T @ upper)
    hinge = _hinge(upper, fore, straight @ rest_hinge)
    turned = frame(upper, hinge) @ frame(rest_upper, rest_hinge).T
    forearm = frame(fore, hinge) @ frame(rest_fore, rest_hinge).T
    # The collar bone goes a part of the way with an arm above the shoulder or across the chest.
    local = chest.T @ upper
    raised = float(np.degrees(np.arcsin(np.clip(local[1], -1, 1))))
    outwards = 1.0 if side == "L" else -1.0
    shrug = about(FORWARD, outwards * np.interp(raised, [-60.0, 0.0, 90.0], [0.0, 8.0, 30.0]))
    across = about(UP, -outwards * 18.0 * max(float(local[2]), 0.0))
    collar = chest @ across @ shrug
    knuckles = body.heads[body.bone(f"finger5-1.{side}")] - body.heads[body.bone(f"finger2-1.{side}")]
    hand = forearm @ about(knuckles, outwards * bend)
    return {
        f"clavicle.{side}": between(chest, collar, 0.6),
        f"shoulder01.{side}": collar,
        f"upperarm01.{side}": between(straight, turned, 0.5),
        f"upperarm02.{side}": turned,
        f"lowerarm01.{side}": forearm,
        f"lowerarm02.{side}": forearm,
        f"wrist.{side}": hand,
    }


def _leg(body: Body, side: str, pelvis: Array, ways: list[Array], foot: tuple[float, float]) -> dict[str, Array]:
    thigh, shin = ways
    start, knee, ankle = (body.heads[body.bone(f"{n}.{side}")] for n in ("upperleg02", "lowerleg01", "foot"))
    rest_thigh, rest_shin = unit(knee - start), unit(ankle - knee)
    straight = pelvis @ swing(rest_thigh, pelvis.T @ thigh)
    hinge = _hinge(thigh, shin, straight @ LEFT)
    turned = frame(thigh, hinge) @ frame(rest_thigh, LEFT).T
    lower = frame(shin, hinge) @ frame(rest_shin, LEFT).T
    flatness, pointed = foot
    ahead = (lower @ FORWARD) * np.array([1.0, 0.0, 1.0])
    if float(np.linalg.norm(ahead)) < 0.2:
        ahead = (pelvis @ FORWARD) * np.array([1.0, 0.0, 1.0])
    flat = frame(ahead, UP) @ frame(FORWARD, UP).T
    free = lower @ about(LEFT, pointed)
    return {
        f"upperleg01.{side}": between(pelvis, turned, 0.5),
        f"upperleg02.{side}": turned,
        f"lowerleg01.{side}": lower,
        f"lowerleg02.{side}": lower,
        f"foot.{side}": between(free, flat, flatness),
    }


def _hinge(upper: Array, lower: Array, straight: Array) -> Array:
    """Axis of an elbow or a knee: from its bend where it is bent, from the limb's swing where it is straight."""
    axis = np.cross(upper, lower)
    sine = float(np.linalg.norm(axis))
    bend = float(np.degrees(np.arctan2(sine, upper @ lower)))
    share = float(np.clip((bend - _STRAIGHT) / (_BENT - _STRAIGHT), 0.0, 1.0))
    if sine < 1e-6:
        return straight
    return unit((1 - share) * straight + share * axis / sine)


_RADII = {"trunk": 0.11, "head": 0.09, "upper arm": 0.045, "forearm": 0.04, "thigh": 0.07, "shin": 0.05}


def clearance(keypoints: Array) -> float:
    """Least distance in metres between limbs that do not touch by nature, each a tube around the line of its
    (17, 3) keypoints; below 0 where they go into one another."""
    parts: list[tuple[str, str, Array, Array]] = []
    for side, offset in (("left", 0), ("right", 1)):
        shoulder, elbow, wrist, hip, knee, ankle = (keypoints[joint + offset] for joint in (5, 7, 9, 11, 13, 15))
        parts += [("upper arm", side, shoulder, elbow), ("forearm", side, elbow, wrist + 0.5 * (wrist - elbow))]
        parts += [("thigh", side, hip, knee), ("shin", side, knee, ankle)]
    neck, hips, head = keypoints[5:7].mean(axis=0), keypoints[11:13].mean(axis=0), keypoints[3:5].mean(axis=0)
    trunk = ("trunk", "", neck + 0.25 * (hips - neck), hips + 0.15 * (neck - hips))
    skull = ("head", "", head, head + 0.01)
    least = np.inf
    joined = {("upper arm", "forearm"), ("forearm", "upper arm"), ("thigh", "shin"), ("shin", "thigh")}
    for place, one in enumerate(parts):
        others = [
            other
            for other in parts[place + 1 :]
            if not (other[1] == one[1] and (one[0], other[0]) in joined) and not one[0] == other[0] == "thigh"
        ]
        if one[0] in ("forearm", "shin"):
            others.append(trunk)
        if one[0] in ("forearm", "shin", "thigh"):
            others.append(skull)
        for other in others:
            gap = _apart(one[2], one[3], other[2], other[3]) - _RADII[one[0]] - _RADII[other[0]]
            least = min(least, gap)
    return least


def _apart(a: Array, b: Array, c: Array, d: Array) -> float:
    """Distance of two line segments, over 12 points on each."""
    steps = np.linspace(0, 1, 12)[:, None]
    one, two = a + steps * (b - a), c + steps * (d - c)
    return float(np.linalg.norm(one[:, None] - two[None], axis=2).min())
