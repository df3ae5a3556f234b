"""Films in a library: shots, moments, what is done again and what is not, damage, and going on after a stop."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto import indexing
from contrapposto.indexing import IndexOptions
from contrapposto.indexing.films import FilmOptions, Networks, index_film
from contrapposto.library import Library
from contrapposto.poses import PoseEstimator
from contrapposto.poses.lifting import Lifter
from contrapposto.records import Box, Media, Person, Pose, Shot
from contrapposto.representations.segment_maker import SegmentMaker
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from contrapposto.store.exact import ExactStore
from contrapposto.store.rows import PeopleArrays, segments_of, shots_of
from tests.drawn import RED_STEP, DrawnPeople
from tests.filmed import Colour, ColourCuts, picture, write_film, write_sound

SCENES: list[Colour] = [(1, 0, 0), (2, 120, 40), (1, 250, 0), (3, 60, 200), (1, 120, 120), (2, 200, 250)]
"""One person or several in each, of colours that differ enough to be a cut."""


def scenes(lengths: list[int]) -> list[Colour]:
    return [SCENES[place % len(SCENES)] for place, length in enumerate(lengths) for _ in range(length)]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shots are found by colour: finding them is not what is tested here."""
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)


def networks(estimator: PoseEstimator) -> Networks:
    return Networks(estimator, Lifter(), segment_maker())


@cache
def segment_maker() -> SegmentMaker:
    return SegmentMaker()


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path, films: Path) -> Library:
    return Library(tmp_path / "films.library", estimator=DrawnPeople())


def shots(library: Library) -> dict[str, list[tuple[int, float, float, str]]]:
    """Of each film by name."""
    store = library._store_to_read()
    rows = store.read("shots")
    names = {media.content: media.path.name for media in library.media()}
    found: dict[str, list[tuple[int, float, float, str]]] = {}
    for content, shot in zip(rows["content"].to_pylist(), shots_of(rows), strict=True):
        row = (shot.number, round(shot.start, 3), round(shot.end, 3), shot.kind)
        found.setdefault(names[content], []).append(row)
    return {name: sorted(rows_of) for name, rows_of in found.items()}


def people(library: Library) -> PeopleArrays:
    return PeopleArrays.from_table(library._store_to_read().read("people", PeopleArrays.COLUMNS))


def test_shots_and_moments(library: Library, films: Path) -> None:
    write_film(films / "a.mp4", scenes([30, 20, 30]))
    report = library.index(films)
    assert (report.new, report.films, report.shots, report.skipped) == (1, 1, 3, [])
    assert shots(library)["a.mp4"] == [(1, 0, 3, "start"), (2, 3, 5, "cut"), (3, 5, 8, "cut")]
    (media,) = library.media()
    assert (media.people, media.shots, media.until, media.width, media.height) == (2, 3, None, 64, 48)
    assert media.duration == pytest.approx(8, abs=0.05)
    stored = people(library)
    assert media.rows == report.moments == len(stored)
    assert sorted(set(zip(stored.shots.tolist(), stored.tracks.tolist(), strict=True))) == [
        (1, 1),
        (2, 1),
        (2, 2),
        (3, 1),
    ]
    shown, start, end = stored.times.T
    assert ((start <= shown) & (shown <= end)).all()
    for number, low, high, _ in shots(library)["a.mp4"]:
        of = stored.shots == number
        assert start[of].min() == pytest.approx(low, abs=0.25)
        assert end[of].max() == pytest.approx(high, abs=0.25)
    assert np.isfinite(stored.keypoints3d).all()


def test_segments_cover_the_shots(library: Library, films: Path) -> None:
    """One for each shot, or for each piece of a long one; their key features are of their own frames."""
    write_film(films / "a.mp4", scenes([30, 20, 30]))
    library.index(films)
    store = library._store_to_read()
    found = sorted(segments_of(store.read("segments")), key=lambda segment: segment.number)
    assert [(one.number, one.shot, one.start, one.end) for one in found] == [
        (1, 1, 0, 3),
        (2, 2, 3, 5),
        (3, 3, 5, pytest.approx(8)),
    ]
    for one in found:
        assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-3)
        alive = one.features.alive()
        assert (alive <= one.end - one.start).all()
    assert library.media()[0].segments == 3


def test_a_whole_film_is_one_look(library: Library, films: Path) -> None:
    """Unchanged, moved and copied films are not decoded again; deleted ones go."""
    write_film(films / "a.mp4", scenes([20, 20]))
    library.index(films)
    before, found = shots(library)["a.mp4"], len(people(library))
    estimator: Any = library._estimator
    calls = estimator.calls
    (films / "a.mp4").rename(films / "b.mp4")
    shutil.copy(films / "b.mp4", films / "c.mp4")
    report = library.index(films)
    assert (report.moved, report.new, report.removed) == (1, 1, 0)
    assert shots(library)["b.mp4" if "b.mp4" in shots(library) else "c.mp4"] == before
    assert library.index(films).unchanged == 2
    assert (estimator.calls, len(people(library))) == (calls, found)
    (hit,) = library.search(words="left elbow straight", top=5, unfold=False)[:1]
    assert {hit.path.name, *(copy.name for copy in hit.copies)} == {"b.mp4", "c.mp4"}
    (films / "b.mp4").unlink()
    (films / "c.mp4").unlink()
    assert library.index(films).removed == 2
    store = library._store_to_read()
    assert [store.count(table) for table in ("people", "shots", "segments", "media")] == [0, 0, 0, 0]


def test_frames_that_do_not_change_are_looked_at_once_a_second(library: Library, films: Path) -> None:
    write_film(films / "a.mp4", [(1, 0, 0)] * 100)
    library.index(films)
    estimator: Any = library._estimator
    assert 8 <= estimator.calls <= 11


def test_what_cannot_be_shown_is_said_once_and_again(library: Library, films: Path) -> None:
    write_sound(films / "song.mp4")
    (films / "text.mov").write_text("no film")
    write_film(films / "good.mp4", [(1, 0, 0)] * 10)
    for _ in range(2):
        report = library.index(films)
        assert {skipped.path.name: skipped.reason.split(",")[0].split(":")[0] for skipped in report.skipped} == {
            "song.mp4": "shows nothing",
            "text.mov": "not a film that can be read",
        }
    assert library.index(films).unchanged == 1


def test_a_film_that_is_cut_short_is_indexed_as_far_as_it_goes(library: Library, films: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 30, (80, 48, 64, 3), np.uint8)
    frames = [np.clip(picture((1, 0, 0)).astype(int) + one - 15, 0, 255).astype(np.uint8) for one in noise]
    path = write_film(films / "a.mkv", [], frames=frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (skipped,) = library.index(films).skipped
    assert "damaged or cut short" in skipped.reason
    (media,) = library.media()
    assert media.rows > 0
    assert library.search(words="left elbow straight or left elbow bent")[0].time is not None


def test_an_estimator_that_fails_does_not_end_the_run(library: Library, films: Path) -> None:
    write_film(
        films / "a.mp4",
        [(255 // RED_STEP + 1, 1, 2)] * 10,
        frames=[np.full((48, 64, 3), (255, 1, 2), np.uint8)] * 10,
    )
    write_film(films / "b.mp4", [(1, 0, 0)] * 10)
    report = library.index(films)
    assert [(skipped.path.name, skipped.reason[:25]) for skipped in report.skipped] == [
        ("a.mp4", "looking for people failed")
    ]
    assert [media.path.name for media in library.media() if media.until is None] == ["b.mp4"]


def test_a_long_shot_is_worked_on_in_pieces(films: Path) -> None:
    """Tracks go on over the pieces, and the shot stays one."""
    path = write_film(films / "a.mp4", [(2, number, 0) for number in range(200)])
    found = {}
    for piece in (3.0, 100.0):
        store = ExactStore()
        media = index_film(store, _media(path), networks(DrawnPeople()), FilmOptions(piece=piece, still=0.0))
        rows = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
        segments = store.read("segments").sort_by("number")
        spans = list(zip(segments["start"].to_pylist(), segments["end"].to_pylist(), strict=True))
        found[piece] = (shots_of(store.read("shots")), sorted(set(rows.tracks.tolist())), rows, spans)
        assert media.until is None
    assert found[3.0][0] == found[100.0][0] == [Shot(1, 0.0, pytest.approx(20.0), "start")]
    assert found[3.0][1] == found[100.0][1] == [1, 2]
    assert found[3.0][3] == [(start, start + 3) for start in range(0, 18, 3)] + [(18, pytest.approx(20))]
    assert found[100.0][3] == [(0, pytest.approx(20))]
    assert abs(len(found[3.0][2]) - len(found[100.0][2])) <= 6


class Stopped(BaseException):
    """As Ctrl-C, or a kill, where nothing is caught."""


def _media(path: Path) -> Media:
    return Media(path, path.parent, "content", path.stat().st_size, path.stat().st_mtime_ns)


def _all(store: ExactStore) -> tuple[list[Shot], list[tuple[int, int, float, float]], list[Any], list[Any]]:
    rows = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
    order = np.lexsort((rows.tracks, rows.times[:, 1], rows.shots))
    moments = [
        (int(rows.shots[row]), int(rows.tracks[row]), *(round(float(x), 3) for x in rows.times[row, 1:]))
        for row in order
    ]
    found = sorted(shots_of(store.read("shots")), key=lambda shot: shot.number)
    segments = store.read("segments").sort_by("number").to_pylist()
    return found, moments, store.read("media").to_pylist(), segments


@pytest.mark.parametrize(
    ("table", "after"),
    [
        ("people", False),
        ("media", True),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (("people", True), ("shots", False), ("shots", True), ("segments", True), ("media", False))
        ),
    ],
)
def test_killed_at_any_commit(films: Path, monkeypatch: pytest.MonkeyPatch, table: str, after: bool) -> None:
    """Killed before or after each commit of a table: no shot is lost or doubled, no moment doubled."""
    path = write_film(films / "a.mp4", scenes([15, 25, 12, 30, 18]))
    options = FilmOptions(piece=2.0, commit_seconds=0.0)
    whole = ExactStore()
    index_film(whole, _media(path), networks(DrawnPeople()), options)
    wanted = _all(whole)
    kills = 0
    for number in range(1, 30):
        store = ExactStore()
        upsert, seen = store.upsert, 0

        def kill(name: Any, rows: Any, upsert: Callable[..., None] = upsert, number: int = number) -> None:
            nonlocal seen, kills
            seen += name == table
            if seen > number or (seen == number and not after):
                kills += seen == number
                raise Stopped
            upsert(name, rows)
            if seen == number and name == table:
                kills += 1
                seen += 1
                raise Stopped

        monkeypatch.setattr(store, "upsert", kill)
        try:
            index_film(store, _media(path), networks(DrawnPeople()), options)
        except Stopped:
            monkeypatch.setattr(store, "upsert", upsert)
        else:
            break
        rows = store.read("media").to_pylist()
        row = {**rows[0], "path": path, "root": path.parent} if rows else None
        index_film(store, Media(**row) if row else _media(path), networks(DrawnPeople()), options)
        found = _all(store)
        assert found[0] == wanted[0], number
        assert found[1] == wanted[1], number
        assert found[2][0]["until"] is None
        assert found[2][0]["rows"] == len(found[1])
        assert found[2][0]["segments"] == len(found[3])
        assert found[3] == wanted[3], number
    assert kills >= 4


def test_a_stopped_run_keeps_what_it_has_and_goes_on(tmp_path: Path, films: Path) -> None:
    path = write_film(films / "a.mp4", scenes([20] * 10))
    calls = 0

    class Stopping(DrawnPeople):
        def __call__(self, image: Any) -> list[Person]:
            nonlocal calls
            calls += 1
            if calls == 15:
                raise Stopped
            return super().__call__(image)

    folder = tmp_path / "films.library"
    with pytest.raises(Stopped):
        Library(folder, estimator=Stopping()).index(films)
    library = Library(folder, estimator=DrawnPeople())
    (media,) = library.media()
    assert media.until is not None
    assert 2 <= media.until < 20
    assert library.search(words="left elbow straight or left elbow bent")[0].path == path
    again = DrawnPeople()
    library = Library(folder, estimator=again)
    report = library.index()
    assert (report.films, report.shots) == (1, 10)
    assert len(shots(library)["a.mp4"]) == 10
    whole = DrawnPeople()
    other = Library(tmp_path / "other.library", estimator=whole)
    other.index(films)
    assert shots(other) == shots(library)
    assert again.calls < whole.calls


def test_progress_goes_up_to_the_end(library: Library, films: Path) -> None:
    path = write_film(films / "a.mp4", scenes([20, 20]))
    said: list[tuple[Path, float, float | None]] = []
    library.index(films, film_progress=lambda *told: said.append(told))
    assert {one[0] for one in said} == {path}
    done = [one[1] for one in said]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(4.0, abs=0.01)


def test_lost_shots_are_found_again(library: Library, films: Path) -> None:
    write_film(films / "a.mp4", scenes([20, 20]))
    library.index(films)
    before = shots(library)
    store = library._open_store(to_write=True)
    store.delete("shots", store.read("shots", ["id"])["id"].to_pylist()[:1])
    fresh = Library(library.folder, estimator=DrawnPeople())
    assert indexing.lost_people(fresh._store_to_read(), fresh.media())
    fresh.index()
    assert shots(fresh) == before


def test_every_is_kept_and_a_change_refused(tmp_path: Path, films: Path) -> None:
    from contrapposto.errors import LibraryError

    write_film(films / "a.mp4", [(1, 2 * number, 0) for number in range(50)])
    counts = {}
    for every in (0.1, 0.5):
        estimator = DrawnPeople()
        library = Library(tmp_path / f"{every}.library", estimator=estimator)
        library.index(films, every=every)
        counts[every] = estimator.calls
        library.index(films)
        with pytest.raises(LibraryError, match=r"every .*, now 1.0.*--every 1 "):
            library.index(films, every=1.0)
    assert counts[0.1] > 3 * counts[0.5]


def test_options_are_the_librarys(tmp_path: Path) -> None:
    assert IndexOptions().every == FilmOptions().every == 0.2


def test_people_of_large_frames_are_in_their_pixels(films: Path) -> None:
    class Corner(DrawnPeople):
        def __call__(self, image: Any) -> list[Person]:
            height, width = image.shape[:2]
            assert (width, height) == (1280, 720)
            return [Person(Box(0, 0, width, height), 0.9, Pose(np.linspace((0, 0), (width, height), 17)))]

    path = write_film(films / "a.mp4", [(1, 0, 0)] * 3, size=(1920, 1080))
    store = ExactStore()
    index_film(store, _media(path), networks(Corner()), FilmOptions())
    rows = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
    np.testing.assert_allclose(rows.keypoints[0, -1], [1920, 1080], atol=1)
