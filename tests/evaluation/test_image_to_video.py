"""The protocol of photos of a screen: its measures by hand, its films and queries, and a small run."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.errors import DataError
from contrapposto.evaluation import still_films, still_library, still_queries
from contrapposto.evaluation.image_to_video import evaluate_image_to_video
from contrapposto.evaluation.image_to_video_metrics import (
    TOP,
    Answer,
    Answers,
    average_precision,
    measures,
    recall,
    right,
)
from contrapposto.evaluation.still_films import Film, known_films, photo_files, render_distractors
from contrapposto.evaluation.still_library import Held
from contrapposto.evaluation.still_methods import ranked
from contrapposto.evaluation.still_proposals import NOISE, VECTOR_BYTES, grown, nbytes
from contrapposto.features.key_features import KeyFeatures
from contrapposto.media.videos import Video
from contrapposto.records import Shot
from contrapposto.search.still_scoring import Segments
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from contrapposto.training.pans import PanOptions
from tests.filmed import ColourCuts, write_film

FILMS = [Film(Path("a.mp4"), 10.0, (0.0, 4.0)), Film(Path("b.mp4"), 6.0)]


def answers(*rows: list[tuple[int, float, float, float]]) -> Answers:
    """Of queries, each a list of film, second, start and end of the shot."""
    found = Answers.empty(len(rows))
    for query, row in enumerate(rows):
        for rank, (film, time, start, end) in enumerate(row):
            found.put(query, rank, Answer(film, time, start, end, 1.0 - rank / 10))
    return found


def test_measures_by_hand() -> None:
    """Five queries: right at once; the right shot second; the right film, another shot; nothing; a distractor
    first, the right shot sixth."""
    given = answers(
        [(0, 1.5, 0, 4), (1, 2.0, 0, 6)],
        [(1, 2.0, 0, 6), (0, 5.5, 4, 10)],
        [(0, 1.0, 0, 4), (0, 5.0, 4, 7)],
        [],
        [(7, 0.0, 0, 1), (8, 0, 0, 1), (7, 1, 1, 2), (7, 2, 2, 3), (7, 3, 3, 4), (1, 5.0, 0, 6)],
    )
    film = np.array([0, 0, 0, 1, 1])
    time = np.array([1.0, 5.0, 8.0, 3.0, 1.0])
    found = right(given, film, time, FILMS)
    assert found.film[:, :2].tolist() == [[True, False], [False, True], [True, True], [False] * 2, [False] * 2]
    assert found.shot[:, :2].tolist() == [[True, False], [False, True], [False] * 2, [False] * 2, [False] * 2]
    assert found.true_shot[2, :2].tolist() == [False, True], "the library cut the true shot from 4 s in two at 7 s"
    assert found.shot[4].nonzero()[0].tolist() == [5]
    values = measures(given, film, time, FILMS)
    assert (values["recall@1"], values["recall@5"]) == (1 / 5, 2 / 5)
    assert (values["true_recall@1"], values["true_recall@5"]) == (1 / 5, 3 / 5)
    assert (values["film_recall@1"], values["film_recall@5"]) == (2 / 5, 3 / 5)
    assert values["map"] == pytest.approx((1 + 1 / 2 + 0 + 0 + 1 / 6) / 5)
    assert (values["time_error"], values["time_error_mean"]) == (0.5, 0.5)
    assert (values["film_time_error"], values["film_time_error_mean"]) == ((0.5 + 7) / 2, (0.5 + 7) / 2)


def test_the_end_of_a_shot_belongs_to_the_next_one() -> None:
    given = answers([(0, 3.0, 0, 4)], [(0, 4.0, 4, 10)])
    found = right(given, np.array([0, 0]), np.array([4.0, 4.0]), FILMS)
    assert found.shot[:, 0].tolist() == [False, True]
    assert found.true_shot[:, 0].tolist() == [False, True]


def test_ranks() -> None:
    ranked = np.zeros((3, TOP), bool)
    ranked[0, [2, 4]] = True
    ranked[1, TOP - 1] = True
    assert average_precision(ranked).tolist() == [1 / 3, 1 / TOP, 0]
    assert [recall(ranked, k) for k in (1, 3, TOP)] == [0, 1 / 3, 2 / 3]


def test_no_answer_is_wrong() -> None:
    values = measures(Answers.empty(3), np.array([0, 0, 1]), np.array([0.0, 1.0, 2.0]), FILMS)
    assert values["recall@5"] == values["film_recall@5"] == values["map"] == 0
    assert "time_error" not in values
    assert "film_time_error" not in values


def test_true_shots() -> None:
    assert [FILMS[0].true_shot(time) for time in (0.0, 3.9, 4.0, 9.0)] == [0, 0, 1, 1]
    assert FILMS[1].true_shot(3.0) is None


def test_known_films(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    write_film(folder / "one.mp4", [(1, 0, 0)] * 20, rate=10)
    write_film(folder / "two.mp4", [(1, 0, 0)] * 5, rate=10)
    (plain,) = (film for film in known_films([folder]) if film.path.name == "one.mp4")
    assert plain.duration == pytest.approx(2.0, abs=0.01)
    assert plain.starts is None
    (folder / "shots.csv").write_text("file,shot,first_frame,last_frame,starts_with\none.mp4,1,15,19,cut\n")
    with_table = {film.path.name: film.starts for film in known_films([folder])}
    assert with_table["one.mp4"] == (0.0, pytest.approx(1.5, abs=0.01))
    assert with_table["two.mp4"] == (0.0,)
    built_in = known_films([Path("demo")])
    assert [film.path.name for film in built_in] == ["dance.mp4", "exercises.mp4", "street.mp4"]
    assert all(film.starts is not None and len(film.starts) == 4 for film in built_in)
    other = tmp_path / "other"
    write_film(other / "one.mp4", [(1, 0, 0)] * 3)
    with pytest.raises(DataError, match="two films are named"):
        known_films([folder, other])
    with pytest.raises(DataError, match="no films"):
        known_films([tmp_path / "nowhere"])


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        noise = np.random.default_rng(number).integers(0, 256, (12, 18, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((180, 120)).save(folder / f"{number}.png")
    return folder


SMALL = PanOptions(shortest=1.0, longest=1.5, width=96, height=54)


def test_distractors_are_rendered_once(photo_folder: Path, tmp_path: Path) -> None:
    files = photo_files([photo_folder])
    assert [path.name for path in files] == [f"{number}.png" for number in range(5)]
    (tmp_path / "out").mkdir()
    done: list[tuple[int, int]] = []

    def render(seed: int = 0) -> list[Path]:
        return render_distractors(
            files, tmp_path / "out", 23, seed, SMALL, lambda at, total: done.append((at, total))
        )

    films = render()
    assert len(films) == 2
    assert done == [(1, 2), (2, 2)]
    with Video(films[0]) as video:
        frames = list(video.frames())
        assert (video.width, video.height) == (96, 54)
    assert 20 * 12 <= len(frames) <= 20 * 19
    assert frames[1].time == pytest.approx(0.08)
    written = [path.stat().st_mtime_ns for path in films]
    assert render() == films
    assert [path.stat().st_mtime_ns for path in films] == written, "those that are there are kept"
    render(seed=1)
    assert [path.stat().st_mtime_ns for path in films] != written
    assert not list((tmp_path / "out").glob(".*.mp4"))


def test_photos_that_cannot_be_read(photo_folder: Path, tmp_path: Path) -> None:
    for path in photo_folder.iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of 2 photos can be read"):
        render_distractors(photo_files([photo_folder]), tmp_path / "out", 2, 0, SMALL)
    assert not list((tmp_path / "out").glob("*.mp4"))
    with pytest.raises(DataError, match="no photos"):
        photo_files([tmp_path / "out"])


def test_moments_are_spread_over_all_seconds_and_show_something(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    black = np.zeros_like(noise)
    write_film(tmp_path / "long.mp4", [], frames=[*[noise] * 60, *[black] * 20], rate=10)
    write_film(tmp_path / "short.mp4", [], frames=[noise] * 20, rate=10)
    films = known_films([tmp_path])
    found = list(still_queries.moments(films, 60, seed=3))
    assert len(found) == 60
    share = np.mean([moment.film == 0 for moment in found])
    assert 0.6 < share < 0.9, "6 of the 8 seconds that show something"
    for moment in found:
        assert 0 <= moment.time < (6.0 if moment.film == 0 else 2.0)
        with Video(films[moment.film].path) as video:
            np.testing.assert_array_equal(video.at(moment.time + 1e-4).image(), moment.picture)
    in_turn = [moment.film for moment in still_queries.moments(films, 5, seed=3, by_film=True)]
    assert in_turn == [0, 1, 0, 1, 0]
    again = [(moment.film, moment.time) for moment in still_queries.moments(films, 60, seed=3)]
    assert again == [(moment.film, moment.time) for moment in found]


def test_a_level_takes_its_own_photo() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    moment = still_queries.Moment(0, 1.0, picture)
    mild, strong, again, other = (
        still_queries.captured(moment, number, level, 0)
        for number, level in ((1, "mild"), (1, "strong"), (1, "mild"), (2, "mild"))
    )
    np.testing.assert_array_equal(mild.image, again.image)
    assert not np.allclose(mild.homography, other.homography)
    assert mild.lost < strong.lost


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)


def drawn(seed: int) -> NDArray[np.uint8]:
    """A picture full of corners: rectangles of any colour over one that says which picture it is."""
    rng = np.random.default_rng(seed)
    picture = np.full((180, 320, 3), rng.integers(0, 256, 3), np.uint8)
    for _ in range(60):
        left, top = rng.integers(0, 300), rng.integers(0, 165)
        picture[top : top + rng.integers(5, 40), left : left + rng.integers(5, 60)] = rng.integers(0, 256, 3)
    return picture


@pytest.fixture
def screened(tmp_path: Path) -> Path:
    """Two films of two shots of 1 s each, in each of which a square moves."""
    for film in range(2):
        frames = []
        for shot in range(2):
            for step in range(10):
                frame = drawn(10 * film + shot)
                frame[80:100, 10 + 30 * step : 30 + 30 * step] = (250, 250, 250)
                frames.append(frame)
        write_film(tmp_path / f"screened/{film}.mp4", [], frames=frames, rate=10)
    return tmp_path / "screened"


@pytest.mark.slow
@pytest.mark.usefixtures("_quick")
def test_a_small_run(screened: Path, photo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "run"
    chosen = ("fused", "nearest", "exhaustive")

    def evaluate(**more: Any) -> dict[str, Any]:
        return evaluate_image_to_video(
            [screened], distractors=[photo_folder], shots=3, queries=4, methods=chosen, hours=0.01, out=out, **more
        )

    summary = evaluate()
    assert (summary["task"], summary["data"], summary["n"]) == ("image-to-video", "screened", 4)
    rows = summary["measures"]
    assert list(rows) == ["indexing", *chosen]
    assert (rows["indexing"]["films"], rows["indexing"]["hours"]) == (3, pytest.approx(10 / 3600, rel=0.6))
    assert rows["indexing"]["shots"] == 5, "cuts between photos of noise are not seen by the mean colour"
    assert rows["indexing"]["indexing"] > rows["indexing"]["shots_alone"] > 0
    for name in chosen:
        row = rows[name]
        assert row["recall@1/mild"] == row["film_recall@1/mild"] == row["map/mild"] == 1, name
        assert row["recall@5/strong"] >= 0.5, name
        assert row["seconds/mild"] > 0
        assert row["bytes/grown"] == pytest.approx(row["bytes"] * 36 / (3600 * rows["indexing"]["hours"]), rel=0.3)
        assert row["ratio"] == pytest.approx(rows["exhaustive"]["bytes_all_frames"] / row["bytes"])
    assert rows["fused"]["time_error_mean/mild"] < 0.35
    assert rows["fused"]["bytes"] < rows["exhaustive"]["bytes"] < rows["exhaustive"]["bytes_all_frames"]
    with (out / "fused" / "per_query.csv").open() as stream:
        table = list(csv.DictReader(stream))
    assert [row["level"] for row in table] == ["mild"] * 4 + ["strong"] * 4
    assert np.mean([float(row["recall@1"]) for row in table[:4]]) == 1
    with monkeypatch.context() as patch:
        patch.setattr(still_library, "index_films", lambda *_: pytest.fail("stored predictions are scored"))
        patch.setattr(still_films, "render_distractors", lambda *_: pytest.fail("nothing is rendered"))
        assert evaluate() == summary


def test_an_answer_is_the_best_of_its_shot() -> None:
    shots = (Shot(1, 0.0, 2.0, "start"), Shot(2, 2.0, 5.0, "cut"))
    held = Held((shots, shots[:1]), (), np.zeros(0, np.intp))
    found = ranked([(0, 0.5, 10.0), (1, 0.5, 30.0), (0, 1.5, 20.0), (0, 2.0, 20.0), (0, 9.0, 25.0)], held)
    assert [(one.film, one.time, one.start, one.end, one.match) for one in found] == [
        (1, 0.5, 0.0, 2.0, 30.0),
        (0, 9.0, 2.0, 5.0, 25.0),
        (0, 1.5, 0.0, 2.0, 20.0),
    ]
    assert held.seconds == 7.0


def test_what_has_grown() -> None:
    rng = np.random.default_rng(0)
    features = [
        KeyFeatures(
            rng.integers(0, 256, (count, 32), dtype=np.uint8),
            np.ones((count, 3), np.uint16),
            np.ones(count, np.uint16),
        )
        for count in (200, 300)
    ]
    vectors = rng.normal(size=(2, 16))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    segments = Segments.of(features, vectors)
    more = grown(segments, seconds=10.0, hours=25 / 3600, seed=0)
    assert [len(one) for one in more.features] == [200, 300, 200, 300, 200], "five halves of ten seconds"
    assert more.owners.tolist() == [0] * 200 + [1] * 300 + [2] * 200 + [3] * 300 + [4] * 200
    np.testing.assert_array_equal(more.descriptors[:500], segments.descriptors)
    flipped = np.unpackbits(more.descriptors[500:1000] ^ segments.descriptors).mean()
    assert flipped == pytest.approx(1 / 8, abs=0.005)
    np.testing.assert_allclose(np.linalg.norm(more.vectors, axis=1), 1, rtol=1e-6)
    assert (more.vectors[2] @ vectors[0]) == pytest.approx(1 / np.sqrt(1 + NOISE**2), abs=0.15)
    assert nbytes("local", more) == 1200 * (32 + 6 + 2)
    assert nbytes("global", more) == 5 * VECTOR_BYTES


def test_wrong_names(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unknown method 'fusd'; fused\?"):
        evaluate_image_to_video([Path("demo")], methods=["fusd"])
    with pytest.raises(DataError, match="unknown level 'hard'; there are mild, strong"):
        evaluate_image_to_video([Path("demo")], levels=["hard"])
    with pytest.raises(DataError, match="no films"):
        evaluate_image_to_video([tmp_path])
