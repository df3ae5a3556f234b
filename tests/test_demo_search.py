"""From end to end with the real networks: the built-in collection is indexed and asked, and what must come back is
known from geometry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from contrapposto import demo
from contrapposto.demo import DemoPerson
from contrapposto.distances import pose_distances
from contrapposto.geometry import oks
from contrapposto.library import Library
from contrapposto.records import Hit, Person, Pose

pytestmark = pytest.mark.slow

FOUND_OKS = 0.5


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """All photos of the built-in collection."""
    made = Library(tmp_path_factory.mktemp("demo") / "demo.library")
    report = made.index(demo.photos())
    assert (report.new, report.skipped) == (260, [])
    return made


def nearest(people: Sequence[Person], true: DemoPerson) -> Person | None:
    """Of the people found in a photo the one who is a true person, None when nobody is."""
    area = 0.53 * true.box.area
    similar = [oks(person.pose.keypoints, true.seen_keypoints, area) for person in people]
    best = int(np.argmax(similar)) if similar else 0
    return people[best] if similar and similar[best] >= FOUND_OKS else None


def who(hit: Hit) -> DemoPerson | None:
    """The true person behind an answer."""
    true = demo.truth().of(hit.path.name)
    area = [0.53 * person.box.area for person in true]
    similar = [oks(hit.pose.keypoints, one.seen_keypoints, size) for one, size in zip(true, area, strict=True)]
    return true[int(np.argmax(similar))] if max(similar) >= FOUND_OKS else None


def asked(library: Library, every: int) -> list[tuple[DemoPerson, Pose]]:
    """Every so manieth person who is alone in the picture, and the pose that the library holds."""
    alone = [true for true in demo.truth().people if len(demo.truth().of(true.file)) == 1]
    found = [(true, nearest(library.people(demo.photos() / true.file), true)) for true in alone[::every]]
    return [(true, person.pose) for true, person in found if person is not None]


def test_the_people_are_found(library: Library) -> None:
    """Measured: 97.5 %."""
    people = demo.truth().people
    found = [nearest(library.people(demo.photos() / true.file), true) is not None for true in people]
    assert len(people) > 350
    assert np.mean(found) > 0.95


def test_3d_keypoints_are_near_the_truth(library: Library) -> None:
    errors = []
    for true, pose in asked(library, every=2):
        whole = true.visible & pose.visible
        errors.append(pose_distances("np-procrustes", pose.keypoints3d, true.keypoints3d[None], whole * 1.0)[0])
    assert len(errors) > 80
    assert np.median(errors) < 0.2


@pytest.mark.parametrize(
    ("metric", "points"), [("2d", "keypoints"), ("3d", "keypoints3d"), ("procrustes", "keypoints3d")]
)
def test_answers_are_truly_near(library: Library, metric: str, points: str) -> None:
    """The first answer beside the photo itself is, by its true joints, one of the nearest of the collection."""
    people = demo.truth().people
    poses = np.stack([getattr(true, points) for true in people])
    places = {(true.file, true.number): row for row, true in enumerate(people)}
    ranks = []
    for true, pose in asked(library, every=3):
        hits = library.search(pose=pose, metric=metric, top=2)
        assert hits[0].path.name == true.file
        answer = who(hits[1])
        if answer is not None:
            distances = pose_distances(metric, getattr(true, points), poses)
            ranks.append((distances < distances[places[answer.file, answer.number]]).mean())
    assert len(ranks) > 45
    assert np.median(ranks) < 0.03
    assert np.mean(np.array(ranks) < 0.1) > 0.8


def test_a_turned_person_is_found_by_procrustes(library: Library) -> None:
    """The same named pose from other sides: the first answer beside the photo itself has the same name."""
    share = {}
    for metric in ("2d", "procrustes"):
        same = []
        for true, pose in asked(library, every=3):
            if true.pose == demo.GENERATED:
                continue
            answers = [who(hit) for hit in library.search(pose=pose, metric=metric, top=4)[1:]]
            same.append(any(answer is not None and answer.pose == true.pose for answer in answers))
        share[metric] = np.mean(same)
    assert share["procrustes"] > share["2d"] + 0.1
    assert share["procrustes"] > 0.5


def test_left_is_the_persons_own(library: Library) -> None:
    """A raised left arm does not find a raised right arm, from no side; with `mirror` it does."""
    for side, other in (("left", "right"), ("right", "left")):
        found = mirrored = 0
        for true in demo.truth().people:
            person = nearest(library.people(demo.photos() / true.file), true)
            if true.pose != f"{side} arm raised" or person is None:
                continue
            hits = library.search(pose=person.pose, metric="procrustes", top=4)
            names = [answer.pose for answer in map(who, hits) if answer is not None]
            assert f"{other} arm raised" not in names
            found += names.count(f"{side} arm raised")
            hits = library.search(pose=person.pose, metric="procrustes", mirror=True, top=8)
            other_side = [hit for hit in hits if (answer := who(hit)) and answer.pose == f"{other} arm raised"]
            assert all(hit.why[0].mirrored for hit in other_side)
            mirrored += len(other_side)
        assert found > 4
        assert mirrored > 2


def test_a_photo_asks_like_the_people_in_it(library: Library, tmp_path: Path) -> None:
    photo = demo.photos() / "photo_100.jpg"
    by_photo = library.search(image=photo, metric="procrustes", top=5)
    by_pose = library.search(pose=library.people(photo)[0].pose, metric="procrustes", top=5)
    assert [(hit.path, hit.number) for hit in by_photo] == [(hit.path, hit.number) for hit in by_pose]
    assert by_photo[0].path == photo
