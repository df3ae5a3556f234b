"""Random people, some hidden in part and some not looked at, and what tests of scoring ask of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from contrapposto.records import Pose
from contrapposto.search.candidates import Block
from contrapposto.search.scoring import Scorer
from contrapposto.store.rows import PeopleArrays, people_rows
from tests.search.people import embedding, person, random_poses


def random_people(count: int, seed: int) -> list[Pose]:
    """A third without an embedding, a third with fused keypoints, a quarter with hidden joints, some alike."""
    random = np.random.default_rng(seed)
    poses = []
    looks = [embedding(random) for _ in range(4)]
    for points in random_poses(count, seed):
        points[random.random(17) < random.choice([0, 0, 0, 0.4])] = np.nan
        fused = points + random.normal(0, 5, (17, 2)) if random.random() < 0.35 else np.zeros(0)
        near = looks[random.integers(4)] + random.choice([0, 1e-3, 0.05]) * random.normal(size=128)
        near = (near / np.linalg.norm(near)).astype(np.float16)
        poses.append(Pose(points, fused=fused, embedding=near if random.random() < 0.7 else np.zeros(0)))
    return poses


def block(poses: Sequence[Pose]) -> Block:
    """Everybody in a picture of their own."""
    rows = people_rows((f"c{number:03}", [person(one)]) for number, one in enumerate(poses))
    return Block(PeopleArrays.from_table(rows), np.arange(len(poses)))


def check_bounds(scorer: Scorer, people: Block) -> None:
    """That bounds are none above the exact order and none below the exact matches, and that who is compared has
    one; that a person's score does not depend on who else is scored."""
    low, high = scorer.bounds()
    rows = np.arange(len(people.people))
    score = scorer.exact(rows)
    known = np.isfinite(score.order)
    assert known.any()
    assert (low[known] <= score.order[known]).all()
    assert (high[known] >= score.matches[known]).all()
    some = rows[::7][::-1]
    np.testing.assert_array_equal(scorer.exact(some).order, score.order[some])
    np.testing.assert_array_equal(scorer.exact(some).distances, score.distances[some])
