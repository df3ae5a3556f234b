"""Real processes that are killed while they fetch or convert, and processes that fetch at the same time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contrapposto import weights
from tests.weights import tiny
from tests.weights.conftest import World

ROOT = Path(__file__).parents[2]

CHILD = """
import sys, time
from contrapposto import weights
from contrapposto.weights import cache
from tests.weights import tiny
tiny.install()
stop = sys.argv[1]
def reached(stage):
    print(stage, flush=True)
    if stage == stop:
        time.sleep(600)
def progress(done, total, text):
    reached(text.split()[0] + (" in part" if done else ""))
write_whole = cache.write_whole
def slow_write(path, data):
    reached("before " + path.suffix)
    write_whole(path, data)
    reached("after " + path.suffix)
cache.write_whole = slow_write
print("path", weights.path("tiny-double", progress=progress), flush=True)
"""


def start(stop: str = "never") -> subprocess.Popen[str]:
    """A process that asks for tiny-double and stands still at a stage."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, stop], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("stage", "mode", "ready"),
    [
        ("fetching", "copy", False),
        ("fetching in part", "hang", False),
        ("unpacking in part", "copy", False),
        ("converting", "copy", False),
        ("before .onnx", "copy", False),
        ("after .onnx", "copy", False),
        ("before .json", "copy", False),
        ("after .json", "copy", True),
    ],
)
def test_killed_at_a_stage(world: World, stage: str, mode: str, ready: bool) -> None:
    world.npm(mode)
    child = start(stop=stage)
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == stage:
            break
    else:
        pytest.fail(f"never came to {stage}: {child.communicate()[1]}")
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert weights.status()[0].cached is ready
    world.npm("fail" if ready else "copy")
    assert tiny.factor(weights.path("tiny-double")) == 2
    if not ready:
        assert world.leftovers() == []


def test_a_half_written_file_is_removed_and_never_used(world: World) -> None:
    """What a kill in the middle of a write leaves behind, put there by hand."""
    world.cache.mkdir(parents=True)
    (world.cache / ".unfinished-abc").write_bytes(b"half")
    (world.cache / ".unfinished-def").mkdir()
    (world.cache / ".unfinished-def" / "archive").write_bytes(b"half")
    (world.cache / "tiny-double.onnx").write_bytes(b"half")
    assert tiny.factor(weights.path("tiny-double")) == 2
    assert world.leftovers() == []


@pytest.mark.slow
def test_killed_at_any_moment(world: World) -> None:
    """Kills after 0.2, 0.3 … s, which falls into every stage on some machine; the cache must never be wrong."""
    for tenths in range(2, 14):
        child = start()
        time.sleep(tenths / 10)
        child.kill()
        child.communicate()
        for onnx, row in zip([world.cache / "tiny-double.onnx"], weights.status(), strict=False):
            assert not row.cached or tiny.factor(onnx) == 2
    assert tiny.factor(weights.path("tiny-double")) == 2
    assert world.leftovers() == []


def test_two_processes_fetch_once(world: World) -> None:
    world.npm("copy", delay=1.0)
    children = [start(), start()]
    told = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], told
    assert [out.splitlines()[-1] for out, _ in told] == [f"path {world.cache / 'tiny-double.onnx'}"] * 2
    assert len(world.calls()) == 1
    assert sum("waiting" in out for out, _ in told) == 1
    assert sum("converting" in out for out, _ in told) == 1
    assert world.leftovers() == []
