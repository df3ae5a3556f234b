"""The program, called in this process with drawn people, and its outcome."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contrapposto import cli
from tests.drawn import DrawnPeople


@dataclass(frozen=True)
class Outcome:
    """Exit status, standard output and standard error of one call."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.out)


Program = Callable[..., Outcome]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """`contrapposto ARGUMENTS`; its people are `DrawnPeople`, its library is tmp_path/cli.library."""

    def make(*_: object, accurate: bool = False, **__: object) -> DrawnPeople:
        return DrawnPeople(accurate=accurate)

    for module, name in (
        ("evaluation.keypoints", "make_estimator"),
        ("evaluation.retrieval_methods", "make_embedding_estimator"),
        ("representations.pose_embedder", "make_embedding_estimator"),
    ):
        __import__(f"contrapposto.{module}")
        monkeypatch.setattr(f"contrapposto.{module}.{name}", make)
    monkeypatch.setenv("CONTRAPPOSTO_LIBRARY", str(tmp_path / "cli.library"))

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["contrapposto", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        caught = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Outcome(stopped.value.code, caught.out, caught.err)

    return call
