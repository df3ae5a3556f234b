import csv
import dataclasses
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.evaluation import runs
from contrapposto.evaluation.runs import Run, RunConfig, commit, summary_object


def config(**changes: Any) -> RunConfig:
    values: dict[str, Any] = {
        "task": "keypoints",
        "data": "lspe",
        "split": "test",
        "method": "fast",
        "settings": {"side": 256, "stages": (1, 2), "crop": {"margin": 1.2}},
        "weights": {"multipose": "1982"},
        "version": "0.1",
        "commit": "abc",
    }
    return RunConfig(**(values | changes))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_new_run_writes_its_configuration(tmp_path: Path) -> None:
    run = Run.open(tmp_path / "deep" / "run", config())
    assert not run.has_predictions
    stored = json.loads((run.folder / "config.json").read_text())
    assert stored == {
        "task": "keypoints",
        "data": "lspe",
        "split": "test",
        "method": "fast",
        "settings": {"side": 256, "stages": [1, 2], "crop": {"margin": 1.2}},
        "weights": {"multipose": "1982"},
        "version": "0.1",
        "commit": "abc",
    }
    assert names(run.folder) == {"config.json"}  # no temporary file is left


def test_predictions_survive_and_are_used_again(tmp_path: Path) -> None:
    keypoints = np.array([[1.5, np.nan], [3, 4]])
    Run.open(tmp_path, config()).save_predictions(keypoints=keypoints, files=["a.jpg", "b.jpg"])
    again = Run.open(tmp_path, config())
    assert again.has_predictions
    loaded = again.load_predictions()
    assert loaded.keys() == {"keypoints", "files"}
    np.testing.assert_array_equal(loaded["keypoints"], keypoints)
    assert loaded["files"].tolist() == ["a.jpg", "b.jpg"]
    assert names(tmp_path) == {"config.json", "predictions.npz"}


def test_another_configuration_is_refused_with_both_values(tmp_path: Path) -> None:
    Run.open(tmp_path, config()).save_predictions(x=[1])
    other = config(split=None, settings={"side": 192, "crop": {"margin": 1.3}, "flip": None, "stages": [1, 2]})
    with pytest.raises(DataError) as caught:
        Run.open(tmp_path, other)
    message = str(caught.value)
    assert "split: 'test' there, None asked for" in message
    assert "settings.side: 256 there, 192 asked for" in message
    assert "settings.crop.margin: 1.2 there, 1.3 asked for" in message
    assert "settings.flip: not set there, None asked for" in message
    assert "overwrite" in message
    assert "stages" not in message
    assert "\n" not in message
    assert Run.open(tmp_path, config()).has_predictions  # nothing was lost


@pytest.mark.parametrize("key", [field.name for field in dataclasses.fields(RunConfig)])
def test_each_key_of_the_configuration_counts(tmp_path: Path, key: str) -> None:
    Run.open(tmp_path, config())
    changed: Any = {"new": "1"} if key in {"settings", "weights"} else "other"
    with pytest.raises(DataError, match=key):
        Run.open(tmp_path, config(**{key: changed}))


def test_overwriting_starts_anew(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    run.save_predictions(x=[1])
    run.save_results([{"file": "a"}], {"oks": 1.0})
    (tmp_path / "notes.txt").write_text("kept")
    Run.open(tmp_path, config(method="slow"), overwrite=True)
    assert names(tmp_path) == {"config.json", "notes.txt"}
    assert json.loads((tmp_path / "config.json").read_text())["method"] == "slow"


def test_predictions_of_another_run_are_noticed(tmp_path: Path) -> None:
    Run.open(tmp_path / "a", config()).save_predictions(x=[1])
    other = Run.open(tmp_path / "b", config(method="slow"))
    (tmp_path / "a" / "predictions.npz").rename(tmp_path / "b" / "predictions.npz")
    with pytest.raises(DataError, match="another configuration"):
        other.load_predictions()
    (tmp_path / "b" / "config.json").unlink()
    with pytest.raises(DataError, match=r"predictions.npz but no config.json"):
        Run.open(tmp_path / "b", config())


def test_absent_and_damaged_files_are_data_errors(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    with pytest.raises(DataError, match="no stored predictions"):
        run.load_predictions()
    with pytest.raises(DataError, match="no stored predictions"):
        run.save_results([], {})
    for content in (b"", b"damaged"):
        (tmp_path / "predictions.npz").write_bytes(content)
        with pytest.raises(DataError, match="cannot read"):
            run.load_predictions()
    for text in ("{", "[]"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(DataError, match="config"):
            Run.open(tmp_path, config())
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot make the run folder"):
        Run.open(tmp_path / "file", config())


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    with pytest.raises(ValueError, match="numbers or text"):
        run.save_predictions(x=[object()])
    with pytest.raises(ValueError, match="another name"):
        run.save_predictions(config_sha256=[1])
    with pytest.raises(ValueError, match="JSON"):
        config(settings={"folder": Path("x")}).as_json()
    with pytest.raises(ValueError, match="JSON"):
        config(settings={"bound": math.nan}).as_json()


def test_files_are_replaced_not_written_over(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    run.save_predictions(x=[1, 2])
    before = (tmp_path / "predictions.npz").read_bytes()
    with (tmp_path / "predictions.npz").open("rb") as reader:  # somebody who is in the middle of reading
        run.save_predictions(x=[3])
        assert reader.read() == before


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.open(tmp_path, config())
    run.save_predictions(x=[1, 2])

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as stream:
            stream.write(content[:10])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space"):
        run.save_predictions(x=[3])
    monkeypatch.undo()
    assert run.load_predictions()["x"].tolist() == [1, 2]
    assert names(tmp_path) == {"config.json", "predictions.npz"}


def test_results_are_rows_and_a_summary(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    run.save_predictions(x=[1])
    rows = [
        {"file": "a, b.jpg", "oks": np.float64(0.1), "prediction": 0},
        {"file": "c.jpg", "oks": math.nan, "prediction": None},
    ]
    summary = run.save_results(rows, {"oks": np.float64(0.1)})
    assert summary == {
        "task": "keypoints",
        "data": "lspe",
        "split": "test",
        "n": 2,
        "commit": "abc",
        "measures": {"fast": {"oks": 0.1}},
    }
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    with (tmp_path / "per_query.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == [
            {"file": "a, b.jpg", "oks": "0.1", "prediction": "0"},
            {"file": "c.jpg", "oks": "", "prediction": ""},
        ]
    assert run.save_results([], {}, n=40)["n"] == 40
    with pytest.raises(ValueError, match="same keys"):
        run.save_results([{"a": 1}, {"b": 1}], {})


def test_new_predictions_remove_old_results(tmp_path: Path) -> None:
    run = Run.open(tmp_path, config())
    run.save_predictions(x=[1])
    run.save_results([{"file": "a"}], {"oks": 1.0})
    run.save_predictions(x=[2])
    assert names(tmp_path) == {"config.json", "predictions.npz"}


def test_summary_holds_plain_finite_numbers() -> None:
    summary = summary_object("retrieval", "lspe", None, np.int64(3), None, {"m": {"distance@1": np.float32(0.5)}})
    assert json.loads(json.dumps(summary)) == summary
    with pytest.raises(ValueError, match="oks of m is nan"):
        summary_object("keypoints", "coco", None, 0, None, {"m": {"oks": math.nan}})


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commit_of_a_source_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    package = tmp_path / "package"
    package.mkdir()
    assert commit(package) is None  # no repository
    git(tmp_path, "init", "-q")
    (package / "code.py").write_text("1")
    assert commit(package) is None  # not tracked
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit(package) == head
    (tmp_path / "notes.md").write_text("outside the package")
    assert commit(package) == head
    (package / "code.py").write_text("2")
    assert commit(package) == f"{head}-dirty"
    git(tmp_path, "commit", "-qam", "second")
    (package / "new.py").write_text("3")
    assert commit(package) == f"{git(tmp_path, 'rev-parse', 'HEAD')}-dirty"
    # Variables of a git hook do not lead it astray.
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert str(commit(package)).endswith("-dirty")


def test_commit_without_git_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit() is None


def test_configuration_fills_in_version_and_commit() -> None:
    filled = RunConfig("keypoints", "lspe", None, "fast")
    assert filled.version == runs.package_version() != "unknown"
    assert filled.commit == commit()
