"""`contrapposto doctor`: what it finds, what it repairs, its exit status."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from contrapposto import weights
from contrapposto.cli import checks
from contrapposto.store import SCHEMAS
from contrapposto.weights import cache, table
from tests.cli.conftest import Outcome, Program
from tests.drawn import draw


@pytest.fixture(autouse=True)
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, so that what is fetched on this computer does not matter."""
    monkeypatch.delenv("CONTRAPPOSTO_WEIGHTS", raising=False)
    monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(tmp_path / "cache"))
    folder = weights.cache_folder()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def folder(program: Program, photos: Path, tmp_path: Path) -> Path:
    """The library of the program, with three photos of one person each in as many commits."""
    for number in range(3):
        draw(photos / f"{number}.png", 1, (number * 50, 0))
        assert program("index", photos).status == 0
    return tmp_path / "cli.library"


def found(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """Name of a check to its status and text, from the lines."""
    rows = {}
    for line in outcome.out.splitlines():
        rows[line[9:25].strip()] = (line[:9].strip(), line[26:])
    return rows


def problems(outcome: Outcome) -> list[str]:
    return [name for name, (status, _) in found(outcome).items() if status == "problem"]


def version_files(folder: Path, name: str) -> list[Path]:
    return sorted((folder / "tables" / f"{name}.lance" / "_versions").glob("*.manifest"))


def picture(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_without_a_library_the_program_is_checked(program: Program, tmp_path: Path) -> None:
    outcome = program("doctor")
    assert (outcome.status, outcome.err) == (0, "")
    rows = found(outcome)
    assert rows["packages"][0] == "ok"
    assert "onnxruntime" in rows["packages"][1]
    assert rows["weights"][0] == "note"
    assert "contrapposto models fetch" in rows["weights"][1]
    assert rows["library"][0] == "note"
    assert "contrapposto index FOLDER" in rows["library"][1]
    assert program("doctor", "--repair").status == 0
    assert not (tmp_path / "cli.library").exists()


def test_a_good_library(program: Program, folder: Path) -> None:
    before = picture(folder)
    outcome = program("doctor")
    assert (outcome.status, outcome.err) == (0, "")
    rows = found(outcome)
    assert {status for status, _ in rows.values()} == {"ok", "note"}
    assert [name for name, (status, _) in rows.items() if status == "note"] == ["weights"]
    assert rows["files"] == ("ok", "3, all as indexed")
    assert rows["people rows"] == ("ok", "3 rows read, every column")
    assert rows["manifest"] == ("ok", "movenet, 1 watched folder")
    assert picture(folder) == before


def test_json(program: Program, folder: Path) -> None:
    data = program("doctor", "--json").json
    assert (data["library"], data["ok"]) == (str(folder), True)
    rows = {row["name"]: row for row in data["checks"]}
    assert rows["media rows"] == {"name": "media rows", "status": "ok", "text": "3 rows read, every column"}
    version_files(folder, "media")[0].write_bytes(b"")
    outcome = program("doctor", "--json")
    assert outcome.status == 1
    assert outcome.json["ok"] is False


def test_a_damaged_commit_is_reported_and_repaired(program: Program, folder: Path, photos: Path) -> None:
    for path in version_files(folder, "people")[:3]:
        path.write_bytes(b"")
    before = picture(folder)
    outcome = program("doctor")
    assert outcome.status == 1
    rows = found(outcome)
    assert problems(outcome) == ["people commits", "agreement"]
    assert "the version file is empty" in rows["people commits"][1]
    assert "contrapposto doctor --repair" in rows["people commits"][1]
    lost = 3 - int(rows["people rows"][1].split()[0])
    assert lost > 0
    assert rows["agreement"][1].startswith(f"{lost} file")
    assert picture(folder) == before

    searched = program("search", "--image", photos / "0.png", "--json")
    assert searched.status == 0
    assert len(searched.json["hits"]) == 3 - lost
    (line,) = searched.err.splitlines()
    assert line.startswith(f"contrapposto: The library {folder}")
    assert line.endswith("`contrapposto index` restores what is missing")

    repaired = program("doctor", "--repair")
    assert repaired.status == 1, "index must fill the rest"
    assert problems(repaired) == ["agreement"]
    assert found(repaired)["repair"] == (
        "ok", "the last good rows are the newest now; contrapposto index finds again what was lost"
    )  # fmt: skip
    indexed = program("index", "--json")
    assert indexed.json["people"] == lost
    assert program("doctor").status == 0
    assert found(program("doctor", "--repair"))["repair"] == ("ok", "nothing was damaged")
    assert len(program("search", "--image", photos / "0.png", "--json").json["hits"]) == 3


def test_index_says_what_it_repaired_once(program: Program, folder: Path) -> None:
    version_files(folder, "media")[0].write_bytes(b"\0" * 900)
    indexed = program("index")
    assert indexed.status == 0
    warned = [line for line in indexed.err.splitlines() if "damaged" in line]
    assert len(warned) == 1
    assert "the table media" in warned[0]
    assert program("doctor").status == 0
    assert "damaged" not in program("index").err


def test_a_badly_damaged_library(program: Program, folder: Path) -> None:
    """No manifest, no copy, no good commit, data cut: every check still answers."""
    for path in [*(folder / "tables").rglob("*.manifest"), *(folder / "tables").rglob("*.lance")]:
        if path.is_file():
            path.write_bytes(path.read_bytes()[:50])
    for path in folder.rglob("library.json"):
        path.write_text("{")
    outcome = program("doctor")
    assert outcome.status == 1
    assert problems(outcome) == ["manifest", *(f"{table} commits" for table in SCHEMAS), "rows"]
    assert all(len(line) < 1000 for line in outcome.out.splitlines())
    assert program("doctor", "--repair").status == 1
    assert program("index").status == 2
    again = program("index", "--rebuild", folder.parent / "photos", "--json")
    assert again.json["new"] == 3
    assert program("doctor").status == 0


def test_photos_that_changed_and_went(program: Program, folder: Path, photos: Path) -> None:
    (photos / "0.png").unlink()
    os.utime(photos / "1.png", ns=(1, 1))
    outcome = program("doctor")
    assert outcome.status == 0, "a library that is behind is not damaged"
    status, text = found(outcome)["files"]
    assert status == "note"
    assert text.startswith("1 gone or out of reach, 1 changed since, 1 as indexed;")


def test_manifests(program: Program, folder: Path) -> None:
    path, copy = folder / "library.json", folder / "tables" / "library.json"
    good = path.read_text()
    copy.unlink()
    assert found(program("doctor"))["manifest"][0] == "note"
    assert found(program("doctor", "--repair"))["manifest"][0] == "ok"
    path.unlink()
    outcome = program("doctor")
    assert problems(outcome) == ["manifest"]
    assert "lost; its copy is used" in found(outcome)["manifest"][1]
    program("doctor", "--repair")
    assert path.read_text() == good
    stated = json.loads(good)
    stated["weights"]["movenet-multipose"] = "0" * 16
    path.write_text(json.dumps(stated))
    outcome = program("doctor")
    assert problems(outcome) == ["manifest"]
    assert "weights movenet-multipose" in found(outcome)["manifest"][1]


def test_people_without_photos_and_rows_twice(program: Program, folder: Path) -> None:
    import lance

    media, people = (folder / "tables" / f"{name}.lance" for name in ("media", "people"))
    rows = lance.dataset(people).to_table()
    lance.dataset(media).delete("path like '%1.png'")
    outcome = program("doctor")
    assert outcome.status == 0, "no search shows them"
    assert found(outcome)["orphans"][0] == "note"
    assert found(outcome)["orphans"][1].startswith("1 person without a file")
    lance.write_dataset(rows.slice(0, 1), people, mode="append")
    outcome = program("doctor")
    assert outcome.status == 1
    assert "1 person stored twice" in found(outcome)["people"][1]


def test_weights(program: Program, weights_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = table.find("movenet-multipose"), table.find("movenet-thunder")
    cache.keep(weights_folder, one, b"good")
    cache.keep(weights_folder, two, b"will be damaged")
    outcome = program("doctor", "--json")
    assert outcome.status == 0
    assert [row["status"] for row in outcome.json["checks"] if row["name"] == "weights"] == ["note", "ok"]
    cache.onnx_file(weights_folder, two).write_bytes(b"was damaged....")
    outcome = program("doctor", "--json")
    assert outcome.status == 1
    rows = [row for row in outcome.json["checks"] if row["name"] == "weights"]
    assert [row["status"] for row in rows] == ["problem", "note", "ok"]
    assert "contrapposto models fetch movenet-thunder" in rows[0]["text"]
    assert rows[2]["text"].startswith("movenet-multipose: ")
    monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(weights_folder / "none"))
    assert problems(program("doctor")) == ["weights"]


def test_own_weights(program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert found(program("doctor"))["own weights"][0] == "ok"
    row = SimpleNamespace(
        name="mine", shipped=True, files=[SimpleNamespace(path=tmp_path / "mine.onnx", sha256="0")]
    )
    monkeypatch.setattr(table, "TABLE", (row,))
    outcome = program("doctor")
    assert problems(outcome) == ["own weights"]
    assert "install contrapposto again" in found(outcome)["own weights"][1]


def test_little_space(program: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=40_000_000))
    outcome = program("doctor")
    assert problems(outcome) == ["cache", "space"]
    assert "40 MB free" in found(outcome)["space"][1]


def test_a_missing_package(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PACKAGES", ("numpy", "onnxruntime-of-nowhere"))
    outcome = program("doctor")
    assert problems(outcome) == ["packages"]
    assert "onnxruntime-of-nowhere" in found(outcome)["packages"][1]


def test_another_process_is_indexing(program: Program, folder: Path) -> None:
    import filelock

    with filelock.FileLock(folder / "indexing.lock"):
        assert program("doctor").status == 0
        outcome = program("doctor", "--repair")
    assert problems(outcome) == ["repair"]
    assert "another process is indexing" in found(outcome)["repair"][1]


def each(found: Iterator[checks.Check]) -> list[str]:
    return [check.status for check in found]


def test_checks_alone(tmp_path: Path) -> None:
    assert each(checks.library(tmp_path / "none")) == ["note"]
    (tmp_path / "empty").mkdir()
    assert each(checks.library(tmp_path / "empty")) == ["note"]
    (tmp_path / "empty" / "library.json").touch()
    assert each(checks.library(tmp_path / "empty")) == ["ok", "problem", "note"]
