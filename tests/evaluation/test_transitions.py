"""Rendered films: their truth is what their frames show."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrapposto.errors import DataError
from contrapposto.evaluation.transitions import (
    GRADUAL,
    PURE,
    RenderedFilm,
    Transition,
    rendered_films,
)
from contrapposto.evaluation.transitions_shots import SIZE, Clip, Photo, Shot
from contrapposto.shots import KINDS
from tests.filmed import write_film
from tests.shots.drawn import place, shot


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    return [write_film(folder / f"{name}.avi", (), frames=shot(n, 30)) for n, name in enumerate(("a_1", "b_1"))]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    paths = [folder / f"{number}.png" for number in range(6)]
    for number, path in enumerate(paths):
        Image.fromarray(place(10 + number)).save(path)
    return paths


def level_film(kind: str, out: int, still: int, into: int, photos: list[Path]) -> RenderedFilm:
    """Two shots of six frames each, of two photographs."""
    transition = Transition(kind, out, still, into)
    old = Shot(Photo(photos[0]), 0, 6, out, photos[2], (1, 0))
    new = Shot(Photo(photos[1]), out if kind == "dissolve" else into, 6, 0, photos[2], (1, 1))
    return RenderedFilm("film", 25.0, (old, new), (transition,), ())


def test_a_cut(photos: list[Path]) -> None:
    film = level_film("cut", 0, 0, 0, photos)
    pictures = [frame.picture for frame in film.frames()]
    assert len(pictures) == 12
    assert np.array_equal(pictures[5], list(film.shots[0].pictures(25.0))[5])
    assert np.array_equal(pictures[6], next(film.shots[1].pictures(25.0)))


def test_a_dissolve_shows_both_by_their_shares(photos: list[Path]) -> None:
    film = level_film("dissolve", 3, 0, 0, photos)
    pictures = [frame.picture.astype(float) for frame in film.frames()]
    old, new = (list(shot_.pictures(25.0)) for shot_ in film.shots)
    assert len(pictures) == 15
    assert len(old) == len(new) == 9
    for step, share in enumerate((0.25, 0.5, 0.75)):
        assert np.allclose(pictures[6 + step], (1 - share) * old[6 + step] + share * new[step], atol=0.51)
    assert film.transitions[0].middle == 1


def test_a_fade_is_black_in_its_middle(photos: list[Path]) -> None:
    film = level_film("fade", 3, 3, 3, photos)
    levels = [float(frame.picture.mean()) for frame in film.frames()]
    assert len(levels) == 21
    assert levels[9:12] == [0, 0, 0]
    assert min(levels[:9] + levels[12:]) > 0
    assert film.transitions[0].middle == 4


def test_films_of_a_seed(clips: list[Path], photos: list[Path]) -> None:
    films = rendered_films(clips, photos, seed=5, transitions=30)
    assert rendered_films(clips, photos, seed=5, transitions=30) == films
    assert rendered_films(clips, photos, seed=7, transitions=30) != films
    kinds = [border.kind for film in films for border in film.borders]
    assert [kinds.count(kind) for kind in KINDS] == [10, 10, 10]
    for film in films:
        times = [border.time for border in film.borders]
        assert times == sorted(times)
        assert np.diff(times).min() > PURE[0] - 0.1
        for transition in film.transitions:
            if transition.kind != "cut":
                assert GRADUAL[0] - 0.1 < transition.frames / film.rate < GRADUAL[1] + 0.1
        scenes = [shot_.source.scene for shot_ in film.shots]
        assert all(one != other for one, other in pairwise(scenes))


@pytest.mark.slow
def test_the_frames_of_a_film(clips: list[Path], photos: list[Path]) -> None:
    film = rendered_films(clips, photos, seed=2, transitions=10)[0]
    frames = list(film.frames())
    count = sum(shot_.pure for shot_ in film.shots) + sum(transition.frames for transition in film.transitions)
    assert len(frames) == count
    assert [frame.time for frame in frames] == [number / film.rate for number in range(count)]
    assert {frame.image().shape for frame in frames} == {(*SIZE, 3)}
    assert {frame.small().shape for frame in frames} == {(54, 96, 3)}
    again = list(film.frames())
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(frames, again, strict=True))
    for border, transition in zip(film.borders, film.transitions, strict=True):
        at = round(border.time * film.rate)
        if transition.kind == "fade":
            assert len(np.unique(frames[at].picture)) == 1
        if transition.kind == "cut":
            before, after = frames[at - 1].picture.astype(float), frames[at].picture.astype(float)
            assert np.abs(before - after).mean() > 10


def test_seeds_share_no_photos(clips: list[Path], photos: list[Path]) -> None:
    used = []
    for seed in (0, 1):
        films = rendered_films(clips, photos, seed=seed, transitions=30)
        sources = [shot_.source for film in films for shot_ in film.shots]
        used.append({source.path for source in sources if isinstance(source, Photo)})
    assert used[0]
    assert used[1]
    assert not used[0] & used[1]


def test_a_clip_is_played_to_and_fro(clips: list[Path]) -> None:
    pictures = list(Clip(clips[0]).pictures(70, 25.0, np.random.default_rng(0)))
    assert len(pictures) == 70
    assert np.array_equal(pictures[0], pictures[58])
    assert not np.array_equal(pictures[0], pictures[29])
    assert all(np.abs(a.astype(float) - b).mean() < 40 for a, b in pairwise(pictures))


def test_too_few_files(clips: list[Path], photos: list[Path]) -> None:
    with pytest.raises(DataError, match="clips of two places"):
        rendered_films(clips[:1], photos)
    with pytest.raises(DataError, match="four photos"):
        rendered_films(clips, photos[:3])
