"""The picture of how films match over time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from contrapposto.records import Box, Hit, Shot
from contrapposto.search.timeline import Timeline, spans_of
from contrapposto.web.timeline import timeline_svg
from tests.search.people import STANDING, pose

SVG = "{http://www.w3.org/2000/svg}"


def line(name: str = "a & b.mp4", duration: float = 10.0) -> Timeline:
    shots = (Shot(1, 0.0, 4.0, "start"), Shot(2, 4.0, duration, "fade"))
    return Timeline(
        Path("/films") / name, duration, shots, np.array([[0.0, 2.0, 0.5], [1.0, 3.0, 0.9], [9.0, 10.0, 0.2]])
    )


def hit(path: Path, time: float) -> Hit:
    assert STANDING
    return Hit(path, 1, Box(0, 0, 1, 1), pose(), 0.9, (), time=time, start=time, end=time)


def test_the_best_match_over_time() -> None:
    np.testing.assert_allclose(line().over_time(10), [0.5, 0.9, 0.9, 0, 0, 0, 0, 0, 0, 0.2])
    assert Timeline(Path("a"), 0.0, (), np.zeros((0, 3))).over_time(3).tolist() == [0, 0, 0]
    brief = Timeline(Path("a"), 10.0, (), np.array([[5.0, 5.0, 0.7]]))
    assert brief.over_time(10).tolist() == [0, 0, 0, 0, 0, 0.7, 0, 0, 0, 0]


def test_spans_of_a_sequence_last_until_its_end() -> None:
    times = np.array([[2.5, 2.0, 3.0], [0.5, 0.0, 1.0]])
    later = np.array([[6.5, 6.0, 7.0], [4.5, 4.0, 5.0]])
    assert spans_of(times, np.array([0.5, 0.25])).tolist() == [[0.0, 1.0, 0.25], [2.0, 3.0, 0.5]]
    assert spans_of(times, np.array([0.5, 0.25]), [times, later]).tolist() == [[0.0, 5.0, 0.25], [2.0, 7.0, 0.5]]


def test_the_picture() -> None:
    root = ElementTree.fromstring(timeline_svg([line(), line("c.mp4")], [hit(line().path, 5.0)]))
    texts = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert "/films/a & b.mp4" in texts
    assert texts.count("0:00:10.0") == 2
    titles = [node.text or "" for node in root.iter(f"{SVG}title")]
    assert "shot 2 (fade), 0:00:04.0 to 0:00:10.0" in titles
    assert [title for title in titles if title.startswith("answer")] == ["answer 1, match 0.90, at 0:00:05.0"]
    polygons = list(root.iter(f"{SVG}polygon"))
    assert len(polygons) == 2
    heights = [float(y) for _, y in re.findall(r"([\d.]+),([\d.]+)", polygons[0].attrib["points"])]
    low, high = max(heights), min(heights)
    assert (low - high) == pytest.approx(0.9 * (130 - 24 - 30), abs=0.2)


def test_no_film() -> None:
    assert "No film is among the answers" in timeline_svg([], [])
