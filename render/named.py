"""The hand-written postures, by name. Left and right are the person's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from render.poses import STRAIGHT, Limb, Posture, mirrored

# fmt: off
_UP: Limb = ((0.12, 1.0, 0.05), (0.0, 1.0, 0.08))
_OUT = ((1.0, 0.02, 0.0), (1.0, 0.02, 0.08))
_AHEAD = ((0.0, 0.0, 1.0), (0.0, 0.0, 1.0))
_HIP = ((0.75, -0.8, -0.3), (-0.72, -0.55, 0.5))
_BESIDE = ((0.3, -0.9, -0.45), (0.15, -1.0, -0.1))
_WIDE = ((0.32, -1.0, 0.0), (0.3, -1.0, -0.03))
_SEATED = ((0.18, -0.05, 1.0), (0.04, -1.0, 0.0))
_KNELT = ((0.1, -1.0, 0.02), (0.02, -0.06, -1.0))
_STRETCHED = (0.0, 60.0)
_TIPTOE = (0.0, -10.0)

_SIDES = {"arms": "arm", "legs": "leg", "feet": "foot", "hands": "hand"}


def _posture(name: str, **fields: Any) -> Posture:
    """A posture; `arms`, `legs`, `feet`, `hands` stand for both sides."""
    for both, one in _SIDES.items():
        if both in fields:
            fields[f"left_{one}"] = fields[f"right_{one}"] = fields.pop(both)
    return Posture(name, **fields)


_UPRIGHT = (
    _posture("standing"),
    _posture("contrapposto", pelvis=(0, 9, 4), chest=(0, -13, -6), head=(4, 6, 18),
        left_arm=((0.25, -0.95, 0.05), (-0.25, -0.1, 0.95)), right_arm=((0.12, -1.0, 0.0), (0.05, -1.0, 0.15)),
        left_leg=((0.18, -0.95, 0.3), (0.0, -0.95, -0.28)), right_leg=((-0.06, -1.0, 0.0), (-0.04, -1.0, -0.03))),
    _posture("T-pose", arms=_OUT),
    _posture("arms overhead", arms=_UP),
    _posture("left arm raised", left_arm=_UP),
    _posture("hands on hips", arms=_HIP, legs=_WIDE),
    _posture("left hand on hip", chest=(0, -4, 0), left_arm=_HIP),
    _posture("arms crossed", left_arm=((0.3, -0.85, 0.5), (-0.95, 0.12, 0.4)),
        right_arm=((0.3, -0.9, 0.36), (-0.95, 0.25, 0.42))),
    _posture("waving with the right hand", head=(0, -5, -8), right_arm=((0.85, -0.25, 0.15), (0.25, 0.95, 0.2))),
    _posture("pointing left", chest=(0, 0, 8), head=(0, 0, 50), left_arm=_OUT),
    _posture("pointing forward", right_arm=_AHEAD),
    _posture("both arms forward", arms=_AHEAD),
    _posture("hands behind the head", arms=((0.88, 0.45, -0.05), (-0.75, 0.5, -0.4))),
    _posture("hands up", arms=((0.95, 0.05, 0.05), (0.12, 1.0, 0.1))),
    _posture("saluting", head=(-3, 0, 0), right_arm=((0.9, 0.05, 0.2), (-0.75, 0.55, 0.3))),
    _posture("hand on chin", head=(8, 0, 0), left_arm=((0.15, -0.92, 0.32), (-0.92, 0.05, 0.42)),
        right_arm=((0.12, -0.9, 0.4), (-0.2, 0.92, 0.3))),
    _posture("praying", head=(22, 0, 0), arms=((0.28, -0.92, 0.25), (-0.5, 0.5, 0.7))),
    _posture("looking up", chest=(-8, 0, 0), head=(-38, 0, 0)),
    _posture("looking left", chest=(0, 0, 12), head=(0, 0, 60)),
    _posture("bow", pelvis=(45, 0, 0), chest=(22, 0, 0), head=(10, 0, 0),
        arms=((0.1, -1, 0.25), (0.05, -1, 0.3)), legs=((0.05, -1, -0.08), (0.03, -1, -0.1))),
    _posture("touching the toes", pelvis=(85, 0, 0), chest=(42, 0, 0), head=(15, 0, 0), arms_upright=True,
        arms=((0.02, -1, 0.1), (0.0, -1, 0.06)), legs=((0.05, -1, -0.14), (0.03, -1, -0.16))),
    _posture("side bend to the left", pelvis=(0, 8, 0), chest=(0, 28, 0), head=(0, 8, 0),
        left_arm=((0.05, -1, 0.05), (0.0, -1, 0.12)), right_arm=((0.1, 1, 0), (-0.35, 0.95, 0)), legs=_WIDE),
    _posture("squat", pelvis=(30, 0, 0), chest=(8, 0, 0), head=(-18, 0, 0), arms_upright=True, arms=_AHEAD,
        legs=((0.3, -0.35, 0.9), (0.0, -0.95, -0.4))),
    _posture("deep squat", pelvis=(30, 0, 0), chest=(18, 0, 0), head=(-25, 0, 0),
        arms=((0.05, -0.75, 0.65), (-0.4, 0.1, 0.9)), legs=((0.5, 0.22, 0.9), (0.02, -0.85, -0.55))),
    _posture("lunge with the left leg", pelvis=(6, 0, 0), arms=((0.25, -0.95, -0.1), (0.05, -0.8, 0.5)),
        left_leg=((0.08, -0.25, 1), (0.02, -1, -0.05)), right_leg=((0.08, -0.85, -0.55), (0.0, -0.5, -0.87)),
        right_foot=_TIPTOE),
    _posture("side lunge to the left", pelvis=(22, 0, 0), arms=((0.1, -0.85, 0.5), (-0.75, 0.25, 0.6)),
        left_leg=((0.85, -0.42, 0.45), (0.05, -1, -0.18)), right_leg=((0.85, -0.62, 0.0), (0.8, -0.62, -0.02))),
    _posture("tree", arms=((0.3, 0.95, 0.05), (-0.42, 0.9, 0.12)),
        left_leg=((0.85, -0.5, 0.35), (-0.8, -0.66, -0.22)), right_leg=((0.0, -1, 0), (0.0, -1, -0.03)),
        left_foot=(0, 45)),
    _posture("warrior two", head=(0, 0, 72), arms=_OUT, left_leg=((0.92, -0.42, 0.2), (0.1, -1, 0.0)),
        right_leg=((0.8, -0.7, -0.05), (0.76, -0.72, -0.05))),
    _posture("warrior one", pelvis=(4, 0, 0), chest=(-10, 0, 0), head=(-12, 0, 0), arms=_UP,
        left_leg=((0.08, -0.42, 0.9), (0.02, -1, 0.0)), right_leg=((0.1, -0.75, -0.65), (0.08, -0.76, -0.66))),
    _posture("triangle", pelvis=(0, 42, 0), chest=(0, 26, 0), head=(0, 0, -40),
        left_arm=((1, -0.4, 0.1), (1, -0.42, 0.12)), right_arm=((1, -0.1, 0), (1, -0.05, 0.05)),
        legs=((0.5, -0.85, 0), (0.48, -0.86, -0.03))),
    _posture("arabesque", pelvis=(38, 0, 0), chest=(-20, 0, 0), head=(-10, 0, 0),
        left_arm=((0.25, 0.45, 1), (0.15, 0.5, 1)), right_arm=((0.95, 0.1, -0.2), (0.95, 0.05, -0.1)),
        left_leg=((0.02, -1, 0.02), (0.02, -1, -0.02)), right_leg=((0.1, 0.12, -1), (0.08, 0.2, -1)),
        right_foot=_STRETCHED),
    _posture("high kick with the right leg", pelvis=(-14, 0, 0), chest=(8, 0, 0),
        left_arm=((0.7, -0.3, 0.6), (0.1, 0.3, 0.95)), right_arm=((0.75, -0.6, -0.35), (0.7, -0.6, 0.1)),
        left_leg=((0.04, -1, 0.02), (0.03, -1, -0.12)), right_leg=((0.12, 0.35, 1), (0.1, 0.4, 1)),
        right_foot=(0, 40)),
    _posture("kicking a ball with the right foot", pelvis=(4, -4, 12), chest=(6, 0, -18),
        left_arm=((0.9, -0.2, 0.35), (0.8, 0.0, 0.6)), right_arm=((0.6, -0.65, -0.6), (0.5, -0.75, -0.3)),
        left_leg=((0.05, -1, 0.1), (0.05, -0.96, -0.25)), right_leg=((0.1, -0.55, 0.85), (0.05, -0.8, 0.6)),
        right_foot=(0, 35)),
    _posture("running", pelvis=(12, 0, 6), chest=(4, 0, -14),
        left_arm=((0.25, -0.75, -0.65), (0.0, -0.35, 0.95)), right_arm=((0.2, -0.85, 0.45), (-0.25, 0.65, 0.72)),
        left_leg=((0.05, -0.5, 0.87), (0, -0.85, -0.5)), right_leg=((0.04, -0.92, -0.38), (0, -0.5, -0.87)),
        left_foot=(0, 10), right_foot=(0, 35)),
    _posture("walking", pelvis=(2, 0, -5), chest=(1, 0, 10), left_arm=((0.16, -0.95, -0.3), (0.06, -0.97, 0.1)),
        right_arm=((0.16, -0.95, 0.3), (0.0, -0.8, 0.6)), left_leg=((0.03, -0.93, 0.38), (0.02, -0.98, 0.14)),
        right_leg=((0.03, -0.96, -0.26), (0.02, -0.82, -0.55)), left_foot=(0, -5), right_foot=(0, 0)),
    _posture("climbing a step", pelvis=(12, 0, 0), left_arm=((0.16, -0.95, -0.25), (0.05, -0.9, 0.35)),
        right_arm=((0.2, -0.85, 0.45), (0.0, 0.0, 1)), left_leg=((0.06, -0.45, 0.9), (0.02, -1, -0.1)),
        right_leg=((0.03, -1, -0.15), (0.02, -0.97, -0.25))),
    _posture("throwing with the right hand", pelvis=(-4, 0, -18), chest=(-6, 0, -26), head=(0, 0, 40),
        left_arm=((0.65, 0.2, 0.75), (0.5, 0.25, 0.85)), right_arm=((0.95, 0.22, -0.3), (0.1, 0.85, -0.5)),
        left_leg=((0.2, -0.9, 0.42), (0.1, -0.97, 0.15)), right_leg=((0.15, -0.93, -0.3), (0.08, -0.9, -0.45))),
    _posture("serving, racket arm behind the head", pelvis=(-4, 4, -12), chest=(-14, 8, -12), head=(-28, 0, 15),
        left_arm=((0.2, 0.95, 0.3), (0.05, 1, 0.2)), right_arm=((0.72, 0.68, -0.2), (-0.35, -0.45, -0.82)),
        left_leg=((0.15, -0.93, 0.32), (0.05, -0.97, -0.2)),
        right_leg=((0.12, -0.97, -0.1), (0.05, -0.9, -0.42))),
    _posture("boxing guard", pelvis=(6, 0, -18), chest=(10, 0, -10), head=(6, 0, 24),
        left_arm=((0.28, -0.8, 0.5), (-0.15, 0.85, 0.5)), right_arm=((0.3, -0.92, 0.2), (-0.12, 0.85, 0.5)),
        left_leg=((0.15, -0.9, 0.35), (0.05, -0.97, -0.15)), right_leg=((0.2, -0.92, -0.18), (0.1, -0.9, -0.38))),
    _posture("punching with the right fist", pelvis=(8, 0, 18), chest=(6, 0, 26), head=(4, 0, -36),
        left_arm=((0.28, -0.85, 0.4), (-0.15, 0.88, 0.45)), right_arm=((0.3, 0.0, 1), (0.2, 0.03, 1)),
        left_leg=((0.15, -0.88, 0.42), (0.05, -0.98, -0.15)),
        right_leg=((0.15, -0.9, -0.38), (0.08, -0.85, -0.5)), right_foot=_TIPTOE),
    _posture("archer", chest=(0, 0, -12), head=(0, 0, 70), left_arm=((1, 0.02, 0.15), (1, 0.02, 0.15)),
        right_arm=((0.95, 0.08, -0.1), (-0.9, 0.12, 0.4)), legs=_WIDE),
    _posture("dancing with rounded arms", chest=(0, 6, 0), head=(0, 8, 20),
        left_arm=((0.6, 0.75, 0.25), (-0.4, 0.85, 0.3)), right_arm=((0.75, -0.3, 0.55), (-0.3, -0.2, 0.93)),
        left_leg=((0.0, -1, 0), (0.0, -1, -0.03)), right_leg=((0.45, -0.85, 0.25), (0.4, -0.9, 0.1)),
        right_foot=_STRETCHED),
    _posture("standing on one leg, left knee up", arms=((0.6, -0.8, 0.1), (0.5, -0.8, 0.3)),
        left_leg=((0.08, 0.05, 1), (0.0, -1, -0.12)), right_leg=((0.0, -1, 0), (0.0, -1, -0.03)),
        left_foot=(0, 30)),
    _posture("jumping jack", arms=((0.62, 0.8, 0.02), (0.4, 0.92, 0.05)),
        legs=((0.42, -0.9, 0), (0.4, -0.9, -0.04))),
    _posture("sitting on a box", seat=True, pelvis=(-4, 0, 0), chest=(6, 0, 0),
        arms=((0.15, -0.95, 0.25), (-0.1, -0.35, 0.92)), legs=_SEATED),
    _posture("sitting with the left leg over the right", seat=True, pelvis=(-6, 0, 0), chest=(8, 0, 0),
        left_arm=((0.15, -0.95, 0.2), (-0.45, -0.3, 0.85)), right_arm=((0.2, -0.95, 0.2), (-0.4, -0.2, 0.9)),
        left_leg=((-0.28, 0.22, 1), (-0.25, -0.85, 0.42)), right_leg=((0.0, -0.03, 1), (0.02, -1, 0.05)),
        left_foot=(0, 15)),
    _posture("thinker", seat=True, pelvis=(24, 0, 0), chest=(30, 0, 8), head=(12, 0, 0),
        left_arm=((0.08, -0.75, 0.62), (-0.35, -0.25, 0.9)), right_arm=((0.0, -0.55, 0.8), (-0.25, 0.92, 0.1)),
        legs=_SEATED),
)

_FLOOR = (
    _posture("kneeling on the right knee", left_arm=((0.12, -0.85, 0.5), (-0.1, -0.1, 1)),
        right_arm=((0.16, -1, 0.05), (0.05, -1, 0.25)), left_leg=((0.1, -0.08, 1), (0.02, -1, -0.05)),
        right_leg=((0.06, -1, 0.0), (0.0, -0.1, -1)), right_foot=(0, 10)),
    _posture("kneeling on both knees", legs=_KNELT, feet=_STRETCHED),
    _posture("sitting on the heels", pelvis=(4, 0, 0), arms=((0.12, -0.95, 0.3), (-0.1, -0.45, 0.9)),
        legs=((0.12, -0.22, 1), (0.0, -0.05, -1)), feet=(0, 70)),
    _posture("sitting on the floor", pelvis=(-14, 0, 0), chest=(8, 0, 0), arms=_BESIDE, hands=-60,
        legs=((0.14, 0.02, 1), (0.08, -0.06, 1)), feet=(0, 15)),
    _posture("sitting cross-legged", pelvis=(-4, 0, 0), arms=((0.3, -0.95, 0.2), (0.25, -0.3, 0.9)),
        left_leg=((0.78, 0.02, 0.62), (-0.92, -0.22, 0.3)), right_leg=((0.78, 0.05, 0.6), (-0.96, -0.2, 0.02)),
        feet=(0, 30)),
    _posture("hugging the knees", pelvis=(-8, 0, 0), chest=(26, 0, 0), head=(5, 0, 0),
        left_arm=((0.12, -0.65, 0.75), (-0.4, -0.12, 0.9)), right_arm=((0.12, -0.65, 0.75), (-0.4, -0.05, 0.9)),
        legs=((0.08, 0.72, 0.75), (0.02, -0.9, 0.25))),
    _posture("straddle split", pelvis=(8, 0, 0), arms=((0.9, 0.15, 0.2), (0.9, 0.2, 0.2)),
        legs=((1, -0.06, 0.25), (1, -0.1, 0.22)), feet=(0, 35)),
    _posture("front split, left leg ahead", pelvis=(6, 0, 0), arms=((0.7, 0.75, 0), (0.6, 0.8, 0)),
        left_leg=((0.02, -0.1, 1), (0.02, -0.12, 1)), right_leg=((0.02, -0.14, -1), (0.02, -0.1, -1)),
        left_foot=(0, 40), right_foot=_STRETCHED),
    _posture("on all fours", pelvis=(80, 0, 0), chest=(4, 0, 0), head=(-35, 0, 0), arms_upright=True,
        arms=((0.06, -1, 0.06), (0, -1, 0.0)), hands=-75, legs=((0.06, -1, 0.03), (0.02, -0.06, -1)),
        feet=_STRETCHED),
    _posture("plank", root=(76, 0, 0), head=(-20, 0, 0), arms=((0.08, -0.15, 1), (0, -0.18, 1)), hands=-75,
        feet=(0, -5)),
    _posture("downward dog", pelvis=(128, 0, 0), chest=(2, 0, 0), arms=((0.15, 1, 0.1), (0.08, 1, 0.1)),
        hands=-50, legs=((0.1, -0.85, -0.5), (0.08, -0.86, -0.5)), feet=(0, -15)),
    _posture("lying on the back", root=(-90, 0, 0), arms=((0.35, -1, -0.02), (0.3, -1, 0.0)),
        legs=((0.12, -1, 0.02), (0.1, -1, -0.02)), feet=(0, 25)),
    _posture("lying on the back, knees up", root=(-90, 0, 0), arms=((0.8, 0.6, -0.1), (-0.6, 0.75, -0.05)),
        legs=((0.08, -0.6, 0.8), (0.02, -0.55, -0.85)), feet=(0, 30)),
    _posture("lying on the left side", root=(0, 88, 0), head=(0, -8, 0),
        left_arm=((0.12, 0.8, 0.6), (0.0, 0.95, 0.2)), right_arm=((0.08, -0.8, 0.55), (0.02, -0.3, 0.95)),
        left_leg=((0.02, -0.75, 0.65), (0, -0.8, -0.6)), right_leg=((0.0, -0.65, 0.75), (-0.05, -0.8, -0.6)),
        feet=(0, 20)),
    _posture("lying on the front, on the elbows", root=(90, 0, 0), pelvis=(-6, 0, 0), chest=(-38, 0, 0),
        head=(-15, 0, 0), arms=((0.25, -0.55, 0.85), (-0.1, 0.8, 0.6)), feet=_STRETCHED),
    _posture("bridge", pelvis=(-80, 0, 0), chest=(-62, 0, 0), head=(-20, 0, 0),
        arms=((0.12, 1, -0.25), (0.08, 1, -0.1)), hands=-70, legs=((0.15, -0.25, 1), (0.04, -1, 0.02))),
    _posture("handstand", root=(178, 0, 0), head=(-18, 0, 0), arms=_UP, hands=-75, legs=STRAIGHT,
        feet=_STRETCHED),
    _posture("cartwheel", root=(0, 165, 0), arms=((0.35, 1, 0.02), (0.32, 1, 0.05)), hands=-60,
        legs=((0.75, -0.65, 0), (0.72, -0.68, -0.03)), feet=_STRETCHED),
    _posture("star jump", lift=0.35, arms=((0.8, 0.6, 0.05), (0.8, 0.62, 0.1)),
        legs=((0.7, -0.72, 0.05), (0.66, -0.75, -0.05)), feet=(0, 30)),
    _posture("leap", lift=0.45, pelvis=(8, 0, 0), chest=(-10, 0, 0),
        left_arm=((0.9, 0.25, 0.1), (0.9, 0.3, 0.2)), right_arm=((0.3, 0.7, 0.65), (0.2, 0.75, 0.65)),
        left_leg=((0.05, -0.1, 1), (0.03, -0.05, 1)), right_leg=((0.05, -0.22, -1), (0.03, -0.1, -1)),
        left_foot=(0, 45), right_foot=_STRETCHED),
    _posture("falling backwards", lift=0.1, pelvis=(-38, 0, 0), chest=(10, 0, 0), head=(25, 0, 0),
        left_arm=((0.8, 0.35, 0.6), (0.45, 0.75, 0.5)), right_arm=((0.85, 0.15, 0.5), (0.6, 0.5, 0.6)),
        left_leg=((0.15, -0.25, 0.95), (0.05, -0.5, 0.85)), right_leg=((0.15, -0.8, 0.55), (0.05, -0.97, 0.1)),
        left_foot=(0, 10), right_foot=(0, 0)),
)

_MIRRORED = {
    "left arm raised": "right arm raised", "pointing left": "pointing right",
    "left hand on hip": "right hand on hip", "lunge with the left leg": "lunge with the right leg",
    "side bend to the left": "side bend to the right", "side lunge to the left": "side lunge to the right",
    "looking left": "looking right", "kneeling on the right knee": "kneeling on the left knee",
    "lying on the left side": "lying on the right side",
}
# fmt: on

_WRITTEN = {posture.name: posture for posture in (*_UPRIGHT, *(replace(low, ordinary=False) for low in _FLOOR))}
NAMED: dict[str, Posture] = _WRITTEN | {other: mirrored(_WRITTEN[name], other) for name, other in _MIRRORED.items()}
"""Every hand-written posture by name, those that a mirror gives included."""
