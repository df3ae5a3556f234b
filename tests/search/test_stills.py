"""Photos of screens: the film, the shot and the frame that they show, in libraries of drawn films."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.errors import QueryError, UnreadableMedia
from contrapposto.library import Library
from contrapposto.records import Person
from contrapposto.search.still_photo import look, moment_in_film
from contrapposto.search.stills import Agreement, match_of, search_stills, take_index
from tests.filmed import write_film

RATE = 10
SIZE = (320, 192)


class Nobody:
    name = "movenet"
    accurate = False

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        return []


def texture(seed: int) -> NDArray[np.uint8]:
    """Patches of grey of several sizes: corners everywhere, elsewhere in each."""
    rng = np.random.default_rng(seed)
    width, height = SIZE
    scene = np.zeros((height, width), np.float32)
    for cell, strength in ((48, 60), (16, 50), (6, 40)):
        coarse = rng.normal(0, strength, (height // cell + 2, width // cell + 2)).astype(np.float32)
        scene += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.repeat(np.clip(scene + 128, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def moving(seed: int, count: int) -> list[NDArray[np.uint8]]:
    """A scene in which a bright square goes across, 6 pixels a frame."""
    frames = []
    for number in range(count):
        frame = texture(seed)
        frame[80:120, 6 * number : 6 * number + 40] = (250, 200, 40)
        frames.append(frame)
    return frames


TURNED = np.array([[0.9, 0.15, 14.0], [-0.1, 0.85, 40.0], [2e-4, 1e-4, 1.0]])
"""From pixels of a frame to pixels of a photo of 400 x 300."""


def photographed(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.warpPerspective(frame, TURNED, (400, 300)), np.uint8)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of three shots, and one of a single shot."""
    folder = tmp_path_factory.mktemp("films")
    three = [frame for seed in (1, 2, 3) for frame in moving(seed, 25)]
    write_film(folder / "three.mp4", [], frames=three, rate=RATE)
    write_film(folder / "one.mp4", [], frames=moving(4, 25), rate=RATE)
    return folder


@pytest.fixture(scope="module")
def library(films: Path) -> Library:
    made = Library(films.parent / f"{films.name}.library", estimator=Nobody())
    made.index(films)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fused", "local"])
def test_a_photo_finds_film_shot_and_frame(library: Library, films: Path, method: str) -> None:
    for seed, name, start in ((2, "three.mp4", 2.5), (4, "one.mp4", 0.0)):
        first, *others = library.search_still(photographed(moving(seed, 25)[12]), method=method)  # type: ignore[arg-type]
        assert (first.path, first.shot.start) == (films / name, pytest.approx(start))
        assert first.time == pytest.approx(start + 1.2, abs=0.06)
        assert first.match > 0.5
        assert all(other.match < first.match / 2 for other in others)
        assert len({(other.path, other.shot.number) for other in (first, *others)}) == 1 + len(others)
        mapped = np.column_stack([first.matched[:, 1], np.ones(first.inliers)]) @ TURNED.T
        off = np.linalg.norm(mapped[:, :2] / mapped[:, 2:] - first.matched[:, 0], axis=1)
        assert np.median(off) < 2
        assert first.outline is not None
        corners = np.array([[0, 0, 1], [320, 0, 1], [320, 192, 1], [0, 192, 1]]) @ TURNED.T
        np.testing.assert_allclose(first.outline, corners[:, :2] / corners[:, 2:], atol=6)


@pytest.mark.slow
def test_looks_alone_find_the_shot(library: Library, films: Path) -> None:
    hits = library.search_still(moving(3, 25)[5], method="global")
    assert (hits[0].path, hits[0].shot.start) == (films / "three.mp4", pytest.approx(5.0))
    assert {hit.inliers for hit in hits} == {0}
    assert {hit.outline for hit in hits} == {None}


@pytest.mark.slow
def test_points_are_pixels_of_the_whole_photo(library: Library, tmp_path: Path) -> None:
    """Large photos are reduced before they are looked at."""
    photo = photographed(moving(2, 25)[12])
    large = tmp_path / "large.png"
    Image.fromarray(photo).resize((4000, 3000)).save(large)
    (as_file,) = library.search_still(large, top=1)
    (as_array,) = library.search_still(photo, top=1)
    assert as_file.shot == as_array.shot
    assert as_file.outline is not None
    assert as_array.outline is not None
    np.testing.assert_allclose(as_file.outline, 10 * as_array.outline, atol=60)
    assert as_file.matched[:, 0].max() > 2000


@pytest.mark.slow
def test_conditions_and_limits(library: Library) -> None:
    photo = photographed(moving(2, 25)[12])
    assert library.search_still(photo, where='path ~ "three"')[0].shot.number == 2
    assert {hit.path.name for hit in library.search_still(photo, where='path ~ "one"')} == {"one.mp4"}
    assert library.search_still(photo, where='path ~ "nowhere"') == []
    every = library.search_still(photo)
    assert len(every) > 2
    assert [hit.shot for hit in library.search_still(photo, top=2)] == [hit.shot for hit in every[:2]]
    for least in sorted(hit.match for hit in every):
        kept = [hit.shot for hit in every if hit.match >= least]
        assert [hit.shot for hit in library.search_still(photo, min_match=least)] == kept
    with pytest.raises(QueryError):
        library.search_still(photo, where="colour = red")
    with pytest.raises(UnreadableMedia, match="is named as a film"):
        library.search_still("other.mp4")


@pytest.mark.slow
def test_a_film_that_is_not_there_is_found_by_what_is_stored(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    film = write_film(folder / "a.mp4", [], frames=moving(5, 25), rate=RATE)
    library = Library(tmp_path / "a.library", estimator=Nobody())
    library.index(folder)
    film.unlink()
    (hit,) = library.search_still(photographed(moving(5, 25)[12]))
    assert hit.path == film
    assert 0 <= hit.time <= 2.5


class Told:
    """Says how well each film agrees; None: it cannot be opened."""

    def __init__(self, **agreements: float | None) -> None:
        self.agreements = agreements

    def __call__(self, path: Path, homography: NDArray[np.float64], start: float, end: float) -> Agreement | None:
        agreement = self.agreements[path.stem]
        return None if agreement is None else Agreement(start + 0.5, agreement)


@pytest.mark.slow
def test_of_like_shots_the_film_decides(tmp_path: Path) -> None:
    """Two films show one scene; what is low after the comparison is left out by min_match."""
    for name, seed in (("a", 6), ("b", 6)):
        frames = [np.roll(frame, 2 * (name == "b"), axis=2) for frame in moving(seed, 15)]
        write_film(tmp_path / f"films/{name}.mp4", [], frames=frames, rate=RATE)
    library = Library(tmp_path / "a.library", estimator=Nobody())
    library.index(tmp_path / "films")
    store, snapshot = library._store_to_read(), library._current_snapshot()
    index = take_index(store, snapshot)
    asked = look(photographed(moving(6, 15)[7]), library._load_segment_maker())
    for told, first in ((Told(a=0.9, b=0.3), "a"), (Told(a=0.3, b=0.9), "b")):
        best, other = search_stills(snapshot, index, asked, told, top=5)
        assert (best.path.stem, best.time) == (first, 0.5)
        assert other.match < best.match / 5
        (alone,) = search_stills(snapshot, index, asked, told, top=5, min_match=0.5)
        assert alone.path == best.path
    unknown = search_stills(snapshot, index, asked, Told(a=None, b=0.9), top=5)
    assert min(hit.match for hit in unknown) > 0.5


@pytest.mark.slow
def test_segments_of_no_film_are_not_answers(tmp_path: Path) -> None:
    """As a run that was killed before its first commit of a film leaves them."""
    write_film(tmp_path / "films/a.mp4", [], frames=moving(5, 15), rate=RATE)
    library = Library(tmp_path / "a.library", estimator=Nobody())
    library.index(tmp_path / "films")
    store = library._store_to_read()
    photo = photographed(moving(5, 15)[7])
    assert library.search_still(photo)
    store.delete("media", store.read("media", ["path"])["path"].to_pylist())
    assert library.search_still(photo) == []
    shots = store.read("shots")
    store.delete("shots", shots["id"].to_pylist())
    assert library.search_still(photo) == []


def test_matches_rise_with_keypoints_and_likeness() -> None:
    matches = np.array([[match_of(inliers, alike) for inliers in (0, 5, 50, 500)] for alike in (-1, 0, 0.5, 1)])
    assert (np.diff(matches, axis=1) > 0).all()
    assert (np.diff(matches[1:], axis=0) > 0).all()
    assert (matches[0] == matches[1]).all()
    assert (matches[0, 0], match_of(15, 0.0)) == (0.0, 0.5)
    assert matches.max() < 1


def test_the_frame_that_agrees(films: Path) -> None:
    """To the frame, under a view that is known but for a few pixels."""
    width = np.diag([1 / 400, 1 / 400, 1.0])
    inexact = np.linalg.inv(TURNED) + np.array([[0, 0, 1.5], [0, 0, -1.5], [0, 0, 0]])
    homography = np.diag([1 / 320, 1 / 320, 1.0]) @ inexact @ np.linalg.inv(width)
    for number in (0, 7, 24):
        found = moment_in_film(films / "one.mp4", photographed(moving(4, 25)[number]), homography, 0.0, 2.5)
        assert found is not None
        assert found.time == pytest.approx(number / RATE, abs=0.01)
        assert found.agreement > 0.7
    other = moment_in_film(films / "three.mp4", photographed(moving(4, 25)[7]), homography, 0.0, 2.5)
    assert other is not None
    assert other.agreement < 0.4


def test_no_frame_where_the_photo_covers_nothing(films: Path) -> None:
    photo = photographed(moving(4, 25)[0])
    beside = np.array([[1.0, 0, 3], [0, 1, 3], [0, 0, 1]])
    assert moment_in_film(films / "one.mp4", photo, beside, 0.0, 2.5) is None
    assert moment_in_film(films / "one.mp4", photo, np.eye(3), 90.0, 95.0) is None
