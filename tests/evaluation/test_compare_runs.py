"""docs/compare_runs.py: differences of measures, and their intervals."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.test_docs import script

compare_runs = script("compare_runs")


def rows(right: list[int], asked: list[int]) -> list[dict[str, str]]:
    return [
        {"pck_right": str(r), "pck_joints": str(a), "oks/side-blind": str(r / 100)}
        for r, a in zip(right, asked, strict=True)
    ]


def test_shares_are_of_sums_and_means_of_columns() -> None:
    mine, theirs = rows([6, 0, 9], [12, 0, 10]), rows([9, 0, 10], [12, 0, 10])
    apart, low, high = compare_runs.compared(mine, theirs, ["a", "b", "c"], "pck_right/pck_joints")
    assert apart == pytest.approx(4 / 22)
    assert low == pytest.approx(0.1)  # the last photo alone
    assert high == pytest.approx(0.25)  # the first alone
    assert compare_runs.compared(mine, theirs, ["a", "b", "c"], "oks/side-blind")[0] == pytest.approx(0.04 / 3)


def test_people_of_one_photo_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    gain = np.repeat(rng.integers(0, 2, 40), 5)  # five people a photo, all of them better or none
    mine, theirs = rows([0] * 200, [1] * 200), rows([int(g) for g in gain], [1] * 200)
    apart, low, high = compare_runs.compared(
        mine, theirs, [str(n // 5) for n in range(200)], "pck_right/pck_joints"
    )
    assert apart == pytest.approx(gain.mean())
    assert high - low == pytest.approx(2 * 1.96 * gain.std() / 40**0.5, rel=0.1)
    alone = compare_runs.compared(mine, theirs, [str(n) for n in range(200)], "pck_right/pck_joints")
    assert alone[2] - alone[1] < 0.6 * (high - low)


def test_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for run, oks in (("one", (0.5, 0.25)), ("two", (0.75, 0.5)), ("other", (1, 1))):
        (tmp_path / run).mkdir()
        photos = ("a.jpg", "c.jpg" if run == "other" else "b.jpg")
        lines = ["file,oks", *(f"{photo},{value}" for photo, value in zip(photos, oks, strict=True))]
        (tmp_path / run / "per_query.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(sys, "argv", ["compare_runs.py", str(tmp_path / "one"), str(tmp_path / "two"), "oks"])
    compare_runs.main()
    assert capsys.readouterr().out == "oks: +0.250 [+0.250, +0.250]\n"
    monkeypatch.setattr(sys, "argv", ["compare_runs.py", str(tmp_path / "one"), str(tmp_path / "other"), "oks"])
    with pytest.raises(SystemExit, match="other queries"):
        compare_runs.main()
