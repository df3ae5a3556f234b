"""`contrapposto train` without PyTorch."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contrapposto.cli import commands
from contrapposto.errors import ContrappostoError


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = importlib.util.find_spec

    def no_torch(name: str, *rest: Any) -> Any:
        return None if name == "torch" else real(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", no_torch)
    done = CliRunner().invoke(
        commands, ["train", "lifting", "--data", str(tmp_path), "--out", str(tmp_path / "out")]
    )
    assert isinstance(done.exception, ContrappostoError)
    assert "contrapposto[training]" in str(done.exception)
    assert not (tmp_path / "out").exists()
