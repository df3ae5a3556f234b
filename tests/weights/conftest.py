"""What the tests of fetching share: the tiny table, a stand-in for npm, and an empty cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from contrapposto.weights import table
from tests.weights import tiny


@dataclass(frozen=True)
class World:
    """Folders of one test, and the means to change how its npm behaves."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    @property
    def cache(self) -> Path:
        return self.folder / "cache" / "weights"

    @property
    def archive(self) -> Path:
        return self.folder / "tiny.tgz"

    def npm(self, mode: str, delay: float = 0) -> None:
        self.monkeypatch.setenv("TINY_MODE", mode)
        self.monkeypatch.setenv("TINY_DELAY", str(delay))

    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def leftovers(self) -> list[Path]:
        return list(self.cache.glob(".unfinished-*")) if self.cache.exists() else []


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An empty cache, a working npm that is first on PATH, and the tiny table."""
    monkeypatch.setattr(table, "TABLE", tiny.rows())
    tiny.write_npm(tmp_path / "bin")
    tiny.archive(tmp_path / "tiny.tgz")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    monkeypatch.setenv("TINY_ARCHIVE", str(tmp_path / "tiny.tgz"))
    monkeypatch.setenv("TINY_CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CONTRAPPOSTO_WEIGHTS", raising=False)
    return World(tmp_path, monkeypatch)
