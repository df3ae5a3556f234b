"""The protocol of tracks: identities by hand, the yardstick, scenes, and runs on films."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import demo
from contrapposto.errors import DataError
from contrapposto.evaluation import film_samples
from contrapposto.evaluation.crossings import HEIGHT, Scenes, scenes
from contrapposto.evaluation.tracks import PERSON_BYTES, evaluate_tracks
from contrapposto.evaluation.tracks_metrics import (
    Identities,
    TruePerson,
    TrueShot,
    by_iou,
    identities,
    pairs_of,
)
from contrapposto.people.tracks import Sample, Track, join
from contrapposto.records import Person
from contrapposto.weights import Progress
from tests.people.figures import figure, person

WIDE = 200.0


def shot(*numbers: tuple[int, ...]) -> TrueShot:
    """A shot whose true people stand WIDE apart by number, each found exactly."""
    samples, truth = [], []
    for row, inside in enumerate(numbers):
        people = tuple(person(figure(WIDE * number)) for number in inside)
        samples.append(Sample(row * 0.2, people))
        truth.append(tuple(TruePerson(n, figure(WIDE * n), 8000.0) for n in inside))
    return TrueShot(tuple(samples), tuple(truth))


def track(number: int, of: TrueShot, *places: tuple[int, int]) -> Track:
    """Of (sample, position among its people)."""
    rows = [row for row, _ in places]
    return Track(number, np.array(rows) * 0.2, tuple(of.samples[row].people[k] for row, k in places))


def test_all_kept() -> None:
    two = shot((1, 2), (1, 2), (2,))
    tracks = [track(1, two, (0, 0), (1, 0)), track(2, two, (0, 1), (1, 1), (2, 0))]
    total = identities(two, tracks)
    assert total == Identities(pairs=5, kept=5, switches=0, tracks=2, people=2, true=5, found=5)
    assert total.idf1 == 1


def test_a_swap_by_hand() -> None:
    """Four samples of two people; from the third on the numbers are swapped: 2 switches, half of 8 are kept."""
    two = shot((1, 2), (1, 2), (1, 2), (1, 2))
    tracks = [
        track(1, two, (0, 0), (1, 0), (2, 1), (3, 1)),
        track(2, two, (0, 1), (1, 1), (2, 0), (3, 0)),
    ]
    total = identities(two, tracks)
    assert (total.switches, total.kept, total.pairs) == (2, 4, 8)
    assert total.idf1 == pytest.approx(0.5)


def test_a_broken_track_a_ghost_and_somebody_missed_by_hand() -> None:
    """Person 1 in 5 samples: tracks of 3 and 2. Person 2 in 1 sample: in no track. 3 kept of 6 true, 5 found."""
    one = shot((1,), (1,), (1, 2), (1,), (1,))
    tracks = [track(1, one, (0, 0), (1, 0), (2, 0)), track(2, one, (3, 0), (4, 0))]
    total = identities(one, tracks)
    assert (total.switches, total.kept, total.true, total.found) == (1, 3, 6, 5)
    assert total.idf1 == pytest.approx(2 * 3 / 11)
    assert (total + total).kept == 6


def test_nobody_is_perfect() -> None:
    assert identities(TrueShot((), ()), []).idf1 == 1
    nobody = identities(shot((1,), (1,)), [])
    assert (nobody.idf1, nobody.people, nobody.true) == (0, 1, 2)


def test_people_far_off_are_no_pairs() -> None:
    one = shot((1,))
    far = TrueShot((Sample(0.0, (person(figure(WIDE + 60)),)),), one.truth)
    assert pairs_of(far) == []
    assert len(pairs_of(one)) == 1


def test_the_yardstick_follows_boxes() -> None:
    slow = [Sample(row * 0.2, (person(figure(5.0 * row)),)) for row in range(6)]
    fast = [Sample(row * 0.2, (person(figure(60.0 * row)),)) for row in range(6)]
    assert [len(t.people) for t in by_iou(slow)] == [6]
    assert len(by_iou(fast)) == 6
    assert [len(t.people) for t in join(fast)] == [6]


def test_scenes_hide_whoever_is_behind() -> None:
    people = tuple(person(figure(k % 3)) for k in range(12))
    actors = [Track(number, np.arange(12) * 0.25, people) for number in (1, 2)]
    for turn_back in (False, True):
        made = scenes(actors, turn_back, Scenes(count=20))
        assert len(made) == 20
        for scene, pairs in made:
            counts = [len(sample.people) for sample in scene.samples]
            assert set(counts) <= {1, 2}
            assert len(pairs) == sum(counts)
            assert identities(scene, join(scene.samples), pairs).true == len(pairs)
            sides = [max(p.box.width, p.box.height) for sample in scene.samples for p in sample.people]
            assert HEIGHT * 0.8 < min(sides) < max(sides) < HEIGHT * 1.2
        assert any(1 in [len(sample.people) for sample in scene.samples] for scene, _ in made)
    assert scenes(actors[:1], False) == []


class Stub:
    """Finds one standing person in every picture."""

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        assert image.ndim == 3
        return [person(figure(100, 50))]


def stubbed(name: str, *, progress: Progress | None) -> Stub:
    return Stub()


@pytest.fixture
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(film_samples, "make_estimator", stubbed)
    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(demo.films() / "exercises.mp4", folder)
    return folder


def test_clips_are_counted(films: Path, tmp_path: Path) -> None:
    """11 s at 12 frames a second; one person who stands still: a moment in 4 s at most."""
    summary = evaluate_tracks(films, every=0.5, out=tmp_path / "out")
    assert (summary["task"], summary["data"], summary["n"]) == ("tracks", "clips", 22)
    for row in summary["measures"].values():
        assert (row["tracks"], row["followed"]) == (1, 22)
        assert row["stored_a_minute/samples"] == pytest.approx(120, rel=0.01)
        assert row["stored_a_minute/moments"] == pytest.approx(3 / 11 * 60, rel=0.01)
        assert row["kilobytes_a_minute/samples"] == pytest.approx(120 * PERSON_BYTES / 1000, rel=0.01)
        assert "idf1" not in row
    with (tmp_path / "out/joined/per_query.csv").open() as table:
        (line,) = csv.DictReader(table)
    assert (line["film"], line["track"], line["samples"], line["moments"]) == ("exercises.mp4", "1", "22", "3")


def test_stored_people_are_scored_again(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = evaluate_tracks(films, every=1.0, out=tmp_path / "out")
    monkeypatch.setattr(film_samples, "make_estimator", None)
    assert evaluate_tracks(films, every=1.0, out=tmp_path / "out") == first
    with pytest.raises(DataError, match="another configuration"):
        evaluate_tracks(films, every=2.0, out=tmp_path / "out")


def test_demo_films_are_cut_by_their_true_shots(films: Path) -> None:
    frames = film_samples.sampled(Path("demo"), 1.0)
    shots = film_samples.shots_of(Path("demo"), frames, 1.0)
    assert len(shots) == sum(len(film.shots) for film in demo.truth().films.values())
    assert all(len(truth) == len(found) for truth, found in ((s.shot.truth, s.shot.samples) for s in shots))
    first = next(frame for frame in frames if frame.shot == 1)
    assert first.frame == demo.truth().films[first.film].shots[1].start
    again = film_samples.restored(film_samples.stored(frames))
    for one, other in zip(frames, again, strict=True):
        assert (one.film, one.frame, one.time, one.shot) == (other.film, other.frame, other.time, other.shot)
        assert [p.box for p in one.people] == [p.box for p in other.people]
        assert one.people[0].pose.keypoints == pytest.approx(other.people[0].pose.keypoints)


def test_wrong_use(films: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no films"):
        evaluate_tracks(tmp_path / "nothing")
    with pytest.raises(DataError, match="no splits"):
        evaluate_tracks(films, "test")
    with pytest.raises(DataError, match="more than 0"):
        evaluate_tracks(films, every=0)
    (films / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"broken\.mp4"):
        evaluate_tracks(films, every=1.0)
