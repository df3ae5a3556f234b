"""`contrapposto index`: report, exit status, what goes where."""

from __future__ import annotations

import os
from pathlib import Path

import filelock
import pytest

from tests.cli.conftest import Program
from tests.drawn import draw, draw_failing
from tests.filmed import write_film


def test_done(program: Program, photos: Path) -> None:
    draw(photos / "a.png", people=2)
    draw(photos / "b.png", people=1)
    first = program("index", photos)
    assert (first.status, first.out) == (0, "")
    assert "Files: 2 new. 3 people found in new and changed photos, 0 paths skipped;" in first.err
    (photos / "b.png").unlink()
    again = program("index")
    assert again.status == 0
    assert "Files: 1 removed, 1 unchanged. 0 people found" in again.err


def test_json_is_all_of_stdout(program: Program, photos: Path) -> None:
    draw(photos / "a.png", people=2)
    (photos / "b.jpg").write_text("no picture")
    (photos / "c.mp4").touch()
    outcome = program("index", photos, "--json")
    assert outcome.status == 1
    report = outcome.json
    assert (report["new"], report["people"], report["removed"]) == (1, 2, 0)
    assert [(row["path"], row["reason"][:10]) for row in report["skipped"]] == [
        (str(photos / "b.jpg"), "not a JPEG"),
        (str(photos / "c.mp4"), "not a film"),
    ]
    assert report["films"] == 0


def test_skipped_files_are_listed_and_give_1(program: Program, photos: Path) -> None:
    draw(photos / "a.png")
    draw_failing(photos / "b.png")
    (photos / "c.jxl").touch()
    for _ in range(2):
        outcome = program("index", photos)
        assert outcome.status == 1
        assert f"skipped: {photos / 'b.png'}: looking for people failed" in outcome.err
        assert f"skipped: {photos / 'c.jxl'}: JXL pictures are not read yet" in outcome.err
        assert "2 paths skipped" in outcome.err


def test_films_alone(program: Program, photos: Path) -> None:
    write_film(photos / "a.mp4", [(1, 0, 0)] * 20)
    outcome = program("index", photos)
    assert outcome.status == 0
    assert "Films: 1 film of 0:00:02.0 worked through, 1 shot, 1 distinct pose of people." in outcome.err


def test_odd_names_print(program: Program, photos: Path) -> None:
    for name in ("new\nline.jpg", "esc\x1b[31m.jpg", "Ärger 日本.jpg"):
        (photos / name).write_text("no")
    raw = os.fsdecode(os.fsencode(photos) + b"/caf\xe9.jpg")
    Path(raw).write_text("no")
    outcome = program("index", photos, "--json")
    assert outcome.status == 1
    assert [row["path"].removeprefix(f"{photos}/") for row in outcome.json["skipped"]] == [
        "caf\\xe9.jpg",
        "esc\\x1b[31m.jpg",
        "new\\nline.jpg",
        "Ärger 日本.jpg",
    ]
    lines = [line for line in outcome.err.splitlines() if line.startswith("skipped: ")]
    assert len(lines) == 4
    assert "\x1b" not in outcome.err
    assert any("Ärger 日本.jpg" in line for line in lines)
    assert any("caf\\xe9.jpg" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["index", "--wrkers", "2", "."], "No such option"),
        (["index", "--workers", "0", "."], "not in the range"),
        (["index", "--workers", "two", "."], "not a valid integer"),
        (["index"], "nothing to index; name a folder"),
        (["index", "nowhere"], "nowhere: no such file or folder"),
        (["index", "--library", "/dev/null", "."], "is a file, not a library"),
        (["index", "--library", "/dev/null/x", "."], "cannot be made"),
        (["indx"], "No such command 'indx'"),
    ],
)
def test_wrong_use_gives_2_and_says_why(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = program(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_a_message_is_one_line_whatever_the_path_holds(program: Program, tmp_path: Path) -> None:
    outcome = program("index", tmp_path / "new\nline")
    assert outcome.status == 2
    assert outcome.err == f"contrapposto: {tmp_path}/new\\nline: no such file or folder; give an existing one\n"


def test_another_setting_is_refused_with_the_command_that_rebuilds(program: Program, photos: Path) -> None:
    draw(photos / "a.png")
    program("index", photos)
    refused = program("index", photos, "--accurate")
    assert refused.status == 2
    assert "contrapposto index --rebuild --accurate --library" in refused.err
    assert program("index", "--rebuild", "--accurate").status == 0
    assert program("index", photos).status == 0, "the library remembers its setting"


def test_a_busy_library(program: Program, photos: Path, tmp_path: Path) -> None:
    draw(photos / "a.png")
    program("index", photos)
    with filelock.FileLock(tmp_path / "cli.library/indexing.lock"):
        outcome = program("index", photos)
    assert outcome.status == 2
    assert "another process is indexing into it; wait for it (--wait does)" in outcome.err
    assert program("index", photos, "--wait", "--workers", "3").status == 0
