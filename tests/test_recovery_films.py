"""Indexing of films is killed at random moments, over and over: no shot is lost or doubled."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto import manifest
from contrapposto.library import Library
from contrapposto.store.rows import PeopleArrays, shots_of
from tests.drawn import DrawnPeople
from tests.filmed import Colour, write_film
from tests.indexing_process import start

SCENES: list[Colour] = [(1, 200, 60), (2, 80, 200), (3, 220, 220), (2, 120, 40), (1, 90, 240)]
FILMS = 3


def check_whole(library: Library) -> bool:
    """Opens the library as a new process would; whether all films are there and worked through."""
    if manifest.read(library.folder) is None:
        return False
    store = Library(library.folder, estimator=DrawnPeople())._store_to_read()
    media = store.read("media").to_pylist()
    rows = store.read("shots")
    people = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
    assert max(Counter(rows["id"].to_pylist()).values(), default=1) == 1
    assert max(Counter(people.ids.to_pylist()).values(), default=1) == 1
    for film in media:
        shots = sorted(
            (shot for shot, content in zip(shots_of(rows), rows["content"].to_pylist(), strict=True)
             if content == film["content"]),
            key=lambda shot: shot.number,
        )  # fmt: skip
        stated = shots[: film["shots"]]
        assert [shot.number for shot in stated] == list(range(1, film["shots"] + 1))
        for one, two in itertools.pairwise(stated):
            assert one.end == pytest.approx(two.start)
        numbers = [
            number for number, content in zip(people.numbers, people.contents.to_pylist(), strict=True)
            if content == film["content"]
        ]  # fmt: skip
        assert set(range(1, film["rows"] + 1)) <= set(numbers)
    return len(media) == FILMS and all(film["until"] is None for film in media)


def contents(library: Library) -> tuple[Any, ...]:
    """Shots exactly; of people how many a shot has at least, as taken-over frames may differ after a stop."""
    store = library._store_to_read()
    rows = store.read("shots").to_pylist()
    people = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
    seen = {(content, int(shot), int(track)) for content, shot, track in zip(
        people.contents.to_pylist(), people.shots, people.tracks, strict=True)}  # fmt: skip
    media = [(row["content"], row["shots"], row["people"]) for row in store.read("media").to_pylist()]
    return rows, seen, media


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, kills: int) -> None:
    random = np.random.default_rng(kills)
    films = tmp_path / "films"
    for number in range(FILMS):
        lengths = random.integers(6, 30, 8)
        colours = [
            SCENES[(place + number) % len(SCENES)] for place, count in enumerate(lengths) for _ in range(count)
        ]
        write_film(films / f"{number}.mp4", colours)
    quiet = Library(tmp_path / "quiet.library", estimator=DrawnPeople())
    quiet.index(films)
    wanted = contents(quiet)
    assert len(wanted[0]) >= 4 * FILMS
    killed, in_the_middle, libraries = 0, 0, 0
    library = Library(tmp_path / "0.library", estimator=DrawnPeople())
    while killed < kills:
        process = start(library.folder, films, delay=0.004)
        time.sleep(float(random.uniform(0, 0.7)))
        in_the_middle += process.is_alive()
        process.kill()
        process.join()
        killed += 1
        if check_whole(library):
            assert contents(library) == wanted
            libraries += 1
            library = Library(tmp_path / f"{libraries}.library", estimator=DrawnPeople())
    assert in_the_middle >= kills // 2, "most kills must hit"
    process = start(library.folder, films)
    process.join()
    assert process.exitcode == 0
    assert check_whole(library)
    assert contents(library) == wanted
