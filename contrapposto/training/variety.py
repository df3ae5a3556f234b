"""Many bodies from few clips: parts of different frames, limbs within the joints' reach, other proportions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.training import rotations
from contrapposto.training.bodies import Bodies, head_turns, put_together

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Variety:
    """How often, 0..1, a body gets each change; angles in degrees, lengths in metres."""

    other_arm: float = 0.4
    """Each arm comes from another frame (either side's)."""
    other_legs: float = 0.35
    """Both legs come from another frame."""
    other_torso: float = 0.3
    """Chest and neck come from another frame."""
    free_arm: float = 0.3
    """Each arm points anywhere within its reach."""
    free_legs: float = 0.35
    """The legs are bent anyhow within their reach: seated, kneeling, squatting, lunging, astride."""
    bend: float = 0.2
    """The torso is bent, most to the front."""
    tumbled: float = 0.15
    """The whole body is turned anyhow: lying, upside down."""
    stature: float = 1.30
    """Thigh, shin and spine of every body together: an average adult's."""


def vary(bodies: Bodies, count: int, rng: np.random.Generator, variety: Variety) -> Array:
    """(count, 17, 3) metres in the world, y up, the origin in the middle of the hips. `bodies` should hold their
    mirror images too."""
    chosen = bodies.select(rng.integers(len(bodies), size=count))
    chosen = _mixed(chosen, bodies, rng, variety)
    free = _chance(rng, count, variety.free_legs)
    chosen.legs[free] = free_legs(int(free.sum()), rng)
    for side in range(2):
        free = _chance(rng, count, variety.free_arm)
        chosen.arms[free, side] = free_arms(int(free.sum()), rng) * [1 - 2 * side, 1, 1]
    chosen = _bent(chosen, rng, variety)
    chosen, head_size = _proportioned(chosen, rng, variety)
    points = put_together(chosen, head_turns(rng, count), head_size)
    tumbled = _chance(rng, count, variety.tumbled)
    points[tumbled] = rotations.turn(rotations.anyhow(rng, int(tumbled.sum())), points[tumbled])
    return points


def free_legs(count: int, rng: np.random.Generator) -> Array:
    """(count, 2, 2, 3) directions of thigh and shin in the pelvis's frame. In half of them both sides are bent
    nearly alike. Hips flex -60..125 degrees and go apart by up to 80, knees bend 0..150; some are straight."""
    flex, knee = rng.uniform(-60, 125, (count, 2)), rng.uniform(0, 150, (count, 2))
    knee = np.where(rng.random((count, 2)) < 0.3, rng.uniform(0, 20, (count, 2)), knee)
    apart, twist = rng.normal(8, 14, (count, 2)), rng.normal(0, 20, (count, 2))
    apart = np.where(rng.random((count, 1)) < 0.35, rng.uniform(-10, 80, (count, 2)), apart)
    seated = rng.random(count) < 0.4
    flex[seated] = rng.normal(85, 15, (int(seated.sum()), 1))
    knee[seated] = rng.normal(85, 25, (int(seated.sum()), 1)).clip(0, 150)
    alike = rng.random(count) < 0.5
    for angles, spread in ((flex, 8), (knee, 10), (apart, 6), (twist, 8)):
        angles[alike, 1] = angles[alike, 0] + rng.normal(0, spread, int(alike.sum()))
    flex, knee, apart, twist = np.deg2rad([flex, knee.clip(0, 150), apart, twist])
    down = np.broadcast_to([0.0, -1.0, 0.0], (count, 3))
    legs = np.zeros((count, 2, 2, 3))
    for side, sign in enumerate((1, -1)):
        thigh = (
            rotations.about(2, sign * apart[:, side])
            @ rotations.about(0, -flex[:, side])
            @ rotations.about(1, sign * twist[:, side])
        )
        legs[:, side, 0] = rotations.turn(thigh, down)
        legs[:, side, 1] = rotations.turn(thigh @ rotations.about(0, knee[:, side]), down)
    return legs


def free_arms(count: int, rng: np.random.Generator) -> Array:
    """(count, 2, 3) directions of a left upper arm and forearm in the chest's frame: the upper arm anywhere but
    far behind or through the chest, most to the front, the elbow bent by 0..140 degrees, mostly to the front."""
    upper = rotations.unit(rng.normal(size=(8 * count + 8, 3)) + np.array([0.1, 0.0, 0.4]))
    x, _, z = upper.T
    upper = upper[~((x < -0.35) & (z < 0.3)) & (z > -0.75) & (x > -0.8)][:count]
    twist = np.deg2rad(rng.normal(-20, 50, count))
    bent = np.where(rng.random(count) < 0.45, rng.uniform(0, 25, count), rng.uniform(10, 140, count))
    elbow = rotations.about(1, twist) @ rotations.about(0, -np.deg2rad(bent))
    fore = rotations.turn(rotations.swing(upper) @ elbow, np.broadcast_to([0.0, -1.0, 0.0], (count, 3)))
    return np.stack([upper, fore], axis=1)


def _mixed(chosen: Bodies, bodies: Bodies, rng: np.random.Generator, variety: Variety) -> Bodies:
    count = len(chosen)
    arms = chosen.arms.copy()
    for side in range(2):
        other = _chance(rng, count, variety.other_arm)
        arms[other, side] = bodies.arms[rng.integers(len(bodies), size=int(other.sum())), side]
    legs = _replaced(chosen.legs, bodies.legs, _chance(rng, count, variety.other_legs), rng)
    torso, number = _chance(rng, count, variety.other_torso), rng.integers(len(bodies), size=count)
    chest, spine, neck = chosen.chest.copy(), chosen.spine.copy(), chosen.neck.copy()
    for mine, theirs in ((chest, bodies.chest), (spine, bodies.spine), (neck, bodies.neck)):
        mine[torso] = theirs[number[torso]]
    return replace(chosen, arms=arms, legs=legs, chest=chest, spine=spine, neck=neck)


def _replaced(mine: Array, theirs: Array, where: NDArray[np.bool_], rng: np.random.Generator) -> Array:
    result = mine.copy()
    result[where] = theirs[rng.integers(len(theirs), size=int(where.sum()))]
    return result


def _bent(chosen: Bodies, rng: np.random.Generator, variety: Variety) -> Bodies:
    """Spine and chest turned in the pelvis's frame."""
    count = len(chosen)
    bent = _chance(rng, count, variety.bend)[:, None]
    angles = np.stack([rng.uniform(-25, 100, count), rng.normal(0, 18, count), rng.normal(0, 15, count)], axis=1)
    forward, twist, side = (np.deg2rad(angles) * bent).T
    lean = rotations.about(2, side) @ rotations.about(0, forward)
    return replace(
        chosen,
        spine=rotations.turn(lean, chosen.spine),
        chest=lean @ rotations.about(1, twist) @ chosen.chest,
    )


def _proportioned(chosen: Bodies, rng: np.random.Generator, variety: Variety) -> tuple[Bodies, Array]:
    """Lengths of people: normal about an adult's, of equal stature. Widths vary most: data sets do not agree where
    shoulders and hips are. Also sizes of heads, 1 for the average."""
    count = len(chosen)
    mean = np.array([0.20, 0.33, 0.285, 0.245, 0.40, 0.42])
    spread = np.array([0.04, 0.06, 0.022, 0.022, 0.03, 0.03])
    lengths = mean + spread * rng.normal(size=(count, 6)).clip(-2.3, 2.3)
    spine = rng.normal(0.47, 0.04, count).clip(0.37, 0.58)
    scale = variety.stature / (lengths[:, 4] + lengths[:, 5] + spine)
    usual = np.linalg.norm(chosen.spine, axis=1).mean()
    return replace(
        chosen,
        lengths=lengths * scale[:, None],
        spine=chosen.spine * (spine * scale / usual)[:, None],
        neck=chosen.neck * rng.uniform(0.75, 1.3, count)[:, None],
    ), rng.normal(1, 0.1, count).clip(0.75, 1.4)


def _chance(rng: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    chance: NDArray[np.bool_] = rng.random(count) < share
    return chance
