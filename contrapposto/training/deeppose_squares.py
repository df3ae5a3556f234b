"""What the later stages of the cascade learn from: squares around true joints, moved as far as the stages before
err (Toshev and Szegedy 2014, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto import skeleton
from contrapposto.media.sampling import Region
from contrapposto.poses.crops import diameter, region_of
from contrapposto.poses.deeppose import DeepPose, squares_of
from contrapposto.training.photos import as_input
from contrapposto.training.pose_batches import chosen_rows
from contrapposto.training.pose_photos import KnownPerson, picture_of
from contrapposto.training.pose_views import Look

Array = NDArray[np.float64]

_AT_ONCE = 200


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """means, deviations: (17, 2) of found less true place of each joint, in lengths of the true torso, x right, y
    down; 0 where nothing is known."""

    means: Array
    deviations: Array

    @staticmethod
    def of(found: Sequence[Array], people: Sequence[KnownPerson]) -> Errors:
        """Of (17, 2) places of each person in the picture; people without a torso are left out."""
        away = np.array([places - person.joints for places, person in zip(found, people, strict=True)])
        away = away / np.array([diameter(person.joints) for person in people])[:, None, None]
        known = np.isfinite(away)
        count = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, away, 0.0).sum(axis=0) / count
        variances = np.where(known, (away - means) ** 2, 0.0).sum(axis=0) / count
        return Errors(means, np.sqrt(variances))


@dataclass(frozen=True, slots=True, eq=False)
class Squares:
    """M squares. given: (M, ...) pictures, or what a frozen trunk saw of them; joints: (M,) which of the network's
    joints each is of; moves: (M, 2) from its middle to the joint, in its sides."""

    given: Tensor
    joints: Tensor
    moves: Tensor


def square_of(
    person: KnownPerson,
    image: NDArray[np.uint8],
    joint: int,
    errors: Errors,
    sigma: float,
    size: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], int, Array]:
    """The square (size, size, 3) around a known joint (one of 17) as a stage before would find it, by chance its
    mirror image; which joint it then shows; and (2,) from its middle to the joint, in its sides."""
    side = squares_of(person.joints, sigma, region_of(person.box, (1, 1)).side)[0].side
    moved = errors.means[joint] + errors.deviations[joint] * rng.normal(size=2)
    middle = person.joints[joint] + moved * side / sigma
    shown = Region(float(middle[0]), float(middle[1]), side).cut(image, size)
    move = (person.joints[joint] - middle) / side
    if rng.random() < 0.5:
        return np.ascontiguousarray(shown[:, ::-1]), int(skeleton.FLIP[joint]), move * (-1, 1)
    return shown, joint, move


def fresh_squares(
    people: Sequence[KnownPerson],
    joints: NDArray[np.intp],
    errors: Errors,
    sigma: float,
    size: int,
    batch: int,
    seed: int,
) -> Callable[[int], Squares]:
    """Batches of new squares, one of each of so many people."""

    def of(step: int) -> Squares:
        rows, _ = chosen_rows(len(people), batch, step, seed)
        rng = np.random.default_rng([seed, step, 2])
        made = []
        for row in rows:
            known = joints[np.isfinite(people[row].joints[joints, 0])]
            image = picture_of(people[row])
            made.append(square_of(people[row], image, int(rng.choice(known)), errors, sigma, size, rng))
        return _joined(made, joints, as_input(np.stack([shown for shown, _, _ in made])))

    return of


def kept_squares(
    people: Sequence[KnownPerson],
    joints: NDArray[np.intp],
    errors: Errors,
    sigma: float,
    size: int,
    count: int,
    batch: int,
    seed: int,
    look: Look,
    told: Callable[[int, int, str], None] | None = None,
) -> Callable[[int], Squares]:
    """Batches of squares that a frozen trunk looked at, `count` of each known joint of each person; in memory, as
    float16."""
    made: list[tuple[NDArray[np.uint8], int, Array]] = []
    seen: list[NDArray[np.float16]] = []
    rest: list[tuple[int, Array]] = []

    def looked() -> None:
        seen.append(look(np.stack([shown for shown, _, _ in made])).astype(np.float16))
        rest.extend((number, move) for _, number, move in made)
        made.clear()

    for row, person in enumerate(people):
        rng, image = np.random.default_rng([seed, row, 3]), picture_of(person)
        for joint in joints[np.isfinite(person.joints[joints, 0])]:
            made += [square_of(person, image, int(joint), errors, sigma, size, rng) for _ in range(count)]
        if len(made) >= _AT_ONCE or (row == len(people) - 1 and made):
            looked()
        if told and row % 250 == 249:
            told(row + 1, len(people), "people's joints looked at")
    maps = np.concatenate(seen)
    place = {int(joint): number for number, joint in enumerate(joints)}
    numbers = np.array([place[number] for number, _ in rest])
    moves = np.array([move for _, move in rest], np.float32)

    def of(step: int) -> Squares:
        rows, _ = chosen_rows(len(maps), batch, step, seed)
        return Squares(
            torch.from_numpy(maps[rows]).float(), torch.from_numpy(numbers[rows]), torch.from_numpy(moves[rows])
        )

    return of


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Squares of one person as the stages before find them. given: (J, ...); places: (J, 2) their middles, pixels
    of the picture; side: of all; truth: (17, 2)."""

    given: Tensor
    places: Array
    side: float
    truth: Array


def held_out_squares(
    people: Sequence[KnownPerson],
    joints: NDArray[np.intp],
    before: DeepPose,
    sigma: float,
    size: int,
    look: Look | None,
) -> tuple[list[HeldOut], Errors]:
    """Of all people, by the stages before, whose errors these are."""
    found, shown = [], []
    for person in people:
        image = picture_of(person)
        points = before.stages(image, person.box)[-1]
        squares = squares_of(points, sigma, region_of(person.box, before.size).side)
        cuts = np.stack([squares[joint].cut(image, size) for joint in joints])
        given = as_input(cuts) if look is None else torch.from_numpy(np.asarray(look(cuts), np.float32))
        found.append(points)
        shown.append(HeldOut(given, points[joints], squares[0].side, person.joints))
    return shown, Errors.of(found, people)


def _joined(
    made: Sequence[tuple[NDArray[np.uint8], int, Array]], joints: NDArray[np.intp], given: Tensor
) -> Squares:
    place = {int(joint): number for number, joint in enumerate(joints)}
    return Squares(
        given,
        torch.tensor([place[number] for _, number, _ in made]),
        torch.from_numpy(np.array([move for _, _, move in made], np.float32)),
    )
