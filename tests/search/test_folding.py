"""Near-duplicates fold into one answer; bursts, neighbours and strangers do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.library import Library
from contrapposto.media.fingerprint import SAME
from contrapposto.records import Box, Person, Pose
from contrapposto.search.folding import (
    ASPECT,
    COPY,
    LONGEST,
    PLACE,
    POSE,
    POSE_IN_COPIES,
    Candidate,
    fold,
    same_person,
    window,
)
from tests.media.test_fingerprint import copies, scene

PRINT = 0x0123456789ABCDEF


def standing(x: float = 500, y: float = 400, height: float = 400) -> NDArray[np.float64]:
    """(17, 2): a person whose joints' box is `height` tall, in a picture of 1000 x 800."""
    points = np.random.default_rng(17).uniform(0, 1, (17, 2))
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    return (points - points.mean(axis=0)) * [height / 2, height] + [x, y]


def candidate(
    content: str = "a",
    fingerprint: int | None = PRINT,
    keypoints: NDArray[np.float64] | None = None,
    width: int = 1000,
    height: int = 800,
) -> Candidate:
    return Candidate(content, fingerprint, width, height, standing() if keypoints is None else keypoints)


def bits(number: int) -> int:
    """The fingerprint with so many bits changed."""
    return PRINT ^ (2**number - 1)


def test_copies_of_a_photo_are_one_answer() -> None:
    copies = [candidate(name) for name in "abc"]
    assert fold(copies, 5) == [[0, 1, 2]]
    half = replace(copies[1], width=500, height=400, keypoints=standing() / 2)
    assert fold([copies[0], half, copies[2]], 5) == [[0, 1, 2]]


def test_the_best_leads_and_groups_keep_their_order() -> None:
    other = ~PRINT & (2**64 - 1)
    mixed = [
        candidate("a"),
        candidate("x", other),
        candidate("b", bits(3)),
        candidate("y", other),
        candidate("z", 0),
    ]
    assert fold(mixed, 10) == [[0, 2], [1, 3], [4]]
    assert fold(mixed[::-1], 10) == [[0], [1, 3], [2, 4]]


@pytest.mark.parametrize(("changed", "one"), [(0, True), (SAME, True), (SAME + 1, False), (64, False)])
def test_fingerprints(changed: int, one: bool) -> None:
    assert len(fold([candidate("a"), candidate("b", bits(changed))], 5)) == (1 if one else 2)


def test_without_a_fingerprint_nothing_folds() -> None:
    unknown = [candidate(name, None) for name in "abc"]
    assert fold(unknown, 5) == [[0], [1], [2]]
    assert fold([candidate("a"), *unknown, candidate("d")], 5) == [[0, 4], [1], [2], [3]]
    assert fold([candidate("a", 0), candidate("b", None)], 5) == [[0], [1]], "0 is a fingerprint like any other"


def test_two_people_of_one_picture_stay_apart() -> None:
    left, right = standing(200), standing(800)
    both = [candidate(content, keypoints=who) for content in "ab" for who in (left, right)]
    assert fold(both, 5) == [[0, 2], [1, 3]]
    twice = [candidate("a"), candidate("a"), candidate("b"), candidate("b")]
    assert fold(twice, 5) == [[0, 2], [1, 3]], "even where an estimator found the same person twice"


def raised() -> NDArray[np.float64]:
    """The person with elbow and wrist of an arm 150 higher: worked by hand, the mean of 17 joints goes up by 17.65,
    and they are then (15 x 17.65 + 2 x 132.35) / 17 = 31.1 away on average, .078 of 400."""
    moved = standing()
    moved[[7, 9]] += [0, -150]
    return moved


def test_a_burst_stays_apart_when_the_pose_changes() -> None:
    trembling = standing() + np.random.default_rng(1).normal(0, 4, (17, 2))
    for changed in range(COPY + 1, SAME + 1):
        assert fold([candidate("a"), candidate("b", bits(changed), raised())], 5) == [[0], [1]]
        assert fold([candidate("a"), candidate("b", bits(changed), trembling)], 5) == [[0, 1]]


def test_in_copies_the_estimator_may_err_a_little_more() -> None:
    assert POSE < 0.078 < POSE_IN_COPIES
    worse = standing()
    worse[[7, 9, 14, 16]] += [0, -150]
    for changed in range(COPY + 1):
        assert fold([candidate("a"), candidate("b", bits(changed), raised())], 5) == [[0, 1]]
        assert fold([candidate("a"), candidate("b", bits(changed), worse)], 5) == [[0], [1]]


def test_a_small_person_must_keep_the_pose_too() -> None:
    """A tenth of the picture tall: what moves is little of the picture, but much of the person."""
    small, moved = standing(height=80), standing(height=80)
    moved[[7, 9]] += [0, -30]
    assert fold([candidate("a", keypoints=small), candidate("b", bits(3), moved)], 5) == [[0], [1]]


def test_the_limits() -> None:
    """Worked by hand: 1000 x 800 has a diagonal of 1280.6; the person is 400 tall."""
    one = candidate("a")
    diagonal = np.hypot(1000, 800)
    for part, same in ((0.95, True), (1.05, False)):
        assert (
            same_person(one, candidate("b", keypoints=standing() + np.array([PLACE * diagonal * part, 0]))) is same
        )
        narrow = round(1000 * (1 - ASPECT * part))
        assert same_person(one, candidate("b", keypoints=standing() * [narrow / 1000, 1], width=narrow)) is same
        pushed = standing()
        signs = np.where(np.arange(16) % 2, 1, -1)
        pushed[:16, 0] += signs * POSE * 400 * part * 17 / 16  # 16 of 17 joints, half to each side: the mean stays
        assert same_person(one, candidate("b", keypoints=pushed)) is same


def test_unseen_joints() -> None:
    few, half = standing(), standing()
    few[3:] = np.nan
    half[9:] = np.nan
    assert same_person(candidate(), candidate(keypoints=half))
    assert same_person(candidate(keypoints=half), candidate(keypoints=half))
    assert not same_person(candidate(keypoints=few), candidate(keypoints=few)), "three joints prove nothing"
    half[8:] = np.nan
    assert not same_person(candidate(), candidate(keypoints=half)), "8 of 17 are less than half"
    nothing = np.full((17, 2), np.nan)
    assert not same_person(candidate(keypoints=nothing), candidate(keypoints=nothing))
    assert not same_person(candidate(), candidate(width=0, height=0))


def test_members_do_not_draw_in_further_ones() -> None:
    steps = [candidate(name, bits(SAME * number)) for number, name in enumerate("abc")]
    assert fold(steps, 5) == [[0, 1], [2]]


def test_it_stops_and_looks_on_a_little() -> None:
    taken = 0

    def endless() -> Iterator[Candidate]:
        nonlocal taken
        random = np.random.default_rng(5)
        while True:
            taken += 1
            again = taken in (3 + window(3), 4 + window(3))
            yield candidate(f"{taken}", PRINT if taken == 1 or again else int(random.integers(2**63)))

    assert fold(endless(), 3) == [[0, 2 + window(3)], [1], [2]]
    assert taken == 3 + window(3)


def test_endless_copies_end() -> None:
    found = fold((candidate(f"{number}") for number in count()), 2)
    assert found == [list(range(LONGEST * window(2)))]


@pytest.mark.parametrize("top", [0, 1, 2, 7, 3000])
def test_as_many_groups_as_asked(top: int) -> None:
    random = np.random.default_rng(2)
    strangers = [candidate(f"{number}", int(random.integers(2**63))) for number in range(2500)]
    assert fold(strangers, top) == [[number] for number in range(min(top, 2500))]
    assert fold([], top) == []


def test_against_a_plain_loop() -> None:
    random = np.random.default_rng(11)
    people = []
    for number in range(400):
        shot = int(random.integers(30))
        jitter = random.normal(0, random.choice([1, 30]), (17, 2))
        points = standing(x=300 + 10 * (shot % 7)) + jitter
        prints = None if shot == 0 else PRINT ^ int(np.random.default_rng(shot).integers(2**62)) ^ (number % 4)
        people.append(candidate(f"{number % 350}", prints, points))
    expected: list[list[int]] = []
    near, far = 0.10, 0.06
    for place, one in enumerate(people):
        for group in expected:
            leader = people[group[0]]
            if (
                one.fingerprint is not None
                and leader.fingerprint is not None
                and (one.fingerprint ^ leader.fingerprint).bit_count() <= SAME
                and one.content not in {people[member].content for member in group}
                and same_person(
                    leader, one, near if (one.fingerprint ^ leader.fingerprint).bit_count() < 2 else far
                )
            ):
                group.append(place)
                break
        else:
            expected.append([place])
    assert 30 < len(expected) < 390
    assert fold(people, 400) == expected
    for top in (1, 5, 20):
        last = expected[top - 1][0]
        seen = last + 1 + window(top)
        assert fold(people, top) == [[at for at in group if at < seen] for group in expected[:top]]


class OnePerson:
    """An estimator that sees the same person, in the middle of whatever picture it is given."""

    name = "movenet"
    accurate = False

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        height, width = image.shape[:2]
        points = standing() / [1000, 800] * [width, height]
        return [Person(Box.around(points), 0.9, Pose(points))]


def test_real_copies_through_a_library(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        image = scene(seed)
        Image.fromarray(image).save(folder / f"{seed}.png")
        for name, copy in copies(image).items():
            Image.fromarray(copy).save(folder / f"{seed} {name}.png")
        Image.fromarray(image[:, ::-1]).save(folder / f"{seed} mirrored.png")
    library = Library(tmp_path / "test.library", estimator=OnePerson())
    library.index(folder, workers=1)
    media = library.media()
    found = [
        Candidate(item.content, item.fingerprint, item.width, item.height, person.pose.keypoints)
        for item in media
        for person in library.people(item.path)
    ]
    groups = [{media[place].path.stem for place in group} for group in fold(found, 100)]
    expected = [{str(seed), *(f"{seed} {name}" for name in copies(scene(seed)))} for seed in range(3)]
    assert sorted(map(sorted, groups)) == sorted(
        map(sorted, [*expected, *({f"{seed} mirrored"} for seed in range(3))])
    )
