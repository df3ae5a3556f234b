"""When answers are right, by hand; what is asked of the demo films; and a run whose estimator knows the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto import demo
from contrapposto.errors import DataError
from contrapposto.evaluation import moments
from contrapposto.evaluation.moments import TOLERANCE, _away, _chance, _error, evaluate_moments
from contrapposto.evaluation.moments_queries import Right, clip_queries, demo_queries
from contrapposto.library import Library
from contrapposto.records import Box, Person, Pose
from contrapposto.search.sequence_part import SequencePart
from tests.drawn import DrawnPeople
from tests.filmed import write_film


def test_how_far_an_answer_is() -> None:
    one = Right("a", 1.0, 2.0)
    assert [_away(one, second, second) for second in (0.4, 1.0, 1.5, 2.0, 2.25)] == [0.6, 0, 0, 0, 0.25]
    two = Right("a", 1.0, 2.0, 3.0, 4.0)
    assert _away(two, 1.5, 3.5) == 0
    assert _away(two, 1.5, 4.5) == 0.5
    assert _away(two, 0.0, 4.5) == 1.0
    assert _error([one, Right("b", 5.0, 6.0)], "b", 5.5, 5.5) == 0
    assert _error([one], "b", 1.5, 1.5) == np.inf


def test_chance_is_the_share_of_seconds() -> None:
    right = [Right("a", 2.0, 3.0), Right("a", 2.5, 3.0)]
    assert _chance(right, ["a", "b"], [10.0, 10.0]) == pytest.approx((1 + 2 * TOLERANCE) / 20, abs=0.01)


def test_what_is_asked_of_the_demo_films() -> None:
    queries = demo_queries()
    kinds = [query.kind for query in queries]
    assert {"skeleton", "words", "sequence"} == set(kinds)
    assert min(kinds.count(kind) for kind in set(kinds)) >= 50
    assert [query.name for query in demo_queries()] == [query.name for query in queries]
    films = demo.truth().films
    for query in queries:
        assert query.right
        assert (query.kind == "sequence") == isinstance(query.part, SequencePart)
        for right in query.right:
            assert 0 <= right.start < films[right.film].frames / films[right.film].rate
            assert (right.then_start is None) == (query.kind != "sequence")
            assert right.then_start is None or 0 < right.then_start - right.start <= 2


def test_the_moments_of_clips() -> None:
    films = [f"gesture_{name}.mkv" for name in ("book", "hungry", "learn", "school", "walk", "want")]
    queries = clip_queries(films)
    assert {right.film for query in queries for right in query.right} == set(films)
    assert any(query.kind == "sequence" for query in queries)
    assert clip_queries([]) == []


def test_a_folder_of_which_nothing_is_known(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", [(1, 0, 0)] * 5)
    with pytest.raises(DataError, match="no film of which it is known"):
        evaluate_moments(tmp_path)
    with pytest.raises(DataError, match="no splits"):
        evaluate_moments(Path("demo"), "test")


class Knowing:
    """An estimator that looks up the true people of a demo frame by what the frame looks like."""

    name = "movenet"
    accurate = False

    def __init__(self) -> None:
        from contrapposto.media.videos import Video

        self._frames: dict[bytes, tuple[str, int]] = {}
        for path in demo.films().iterdir():
            with Video(path) as video:
                for number, frame in enumerate(video.frames()):
                    self._frames[frame.image().tobytes()] = (path.name, number)

    def __call__(self, image: Any) -> list[Person]:
        film, number = self._frames[image.tobytes()]
        return [
            Person(Box.around(one.keypoints), 0.9, Pose(one.keypoints, np.full(17, 0.9), one.keypoints3d))
            for one in demo.truth().at(film, number)
        ]


@pytest.mark.slow
def test_who_knows_the_truth_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    knowing = Knowing()
    monkeypatch.setattr(moments, "Library", lambda folder, progress: Library(folder, estimator=knowing))
    out = tmp_path / "run"
    summary = evaluate_moments(Path("demo"), out=out)
    measures = summary["measures"]["default"]
    assert measures["recall@1/skeleton"] >= 0.98
    assert measures["recall@1/words"] >= 0.8
    assert measures["recall@5/sequence"] >= 0.7
    assert measures["recall@1/words"] > 3 * measures["chance@1/words"]
    assert (out / "per_query.csv").read_text().count("\n") == summary["n"] + 1
    monkeypatch.setattr(moments, "Library", lambda *_, **__: pytest.fail("stored predictions are scored"))
    assert evaluate_moments(Path("demo"), out=out)["measures"] == summary["measures"]


@pytest.mark.slow
def test_who_knows_nothing_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "Library", lambda folder, progress: Library(folder, estimator=DrawnPeople()))
    measures = evaluate_moments(Path("demo"))["measures"]["default"]
    assert measures["recall@1/skeleton"] < 0.6
    assert measures["recall@1/sequence"] < 0.4
