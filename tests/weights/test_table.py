"""The table: exact hashes, identities, and what importing it costs."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from contrapposto import weights
from contrapposto.weights import table

PREFIXES = {
    "movenet-thunder": "a2925747fccaf737",
    "movenet-multipose": "19828492d4a69c2e",
    "movenet-lightning": "bf97bc10d9c8a112",
    "blazepose-full": "5dd67d57f4886a2d",
    "blazepose-heavy": "a83494537a0d4229",
    "nanodet": "5d0e4f8c4eded666",
}
"""SHA-256 of the binary weights, as they were noted down when the networks were first measured."""


def test_names() -> None:
    assert weights.names() == [
        "movenet-thunder",
        "movenet-multipose",
        "movenet-lightning",
        "nanodet",
        "blazepose-detector",
        "blazepose-lite",
        "blazepose-full",
        "blazepose-heavy",
        "efficientnet-lite0",
        "efficientnet-lite2",
        "lifter",
        "pose-network",
        "view-invariant",
        "language-stream",
        "partial-queries",
        "rmac-whitening",
        "shot-encoder",
    ]


@pytest.mark.parametrize("name", PREFIXES)
def test_hashes_are_those_that_were_measured(name: str) -> None:
    assert table.find(name).files[1].sha256.startswith(PREFIXES[name])


def test_every_row_is_pinned_and_licensed() -> None:
    hashes = [file.sha256 for row in table.TABLE for file in row.files]
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in hashes)
    assert len(set(hashes)) == len(hashes)
    for row in table.TABLE:
        assert re.fullmatch(r"\d+\.\d+\.\d+", row.package.version)
        assert "Apache-2.0" in row.licence
        assert row.note


def test_identity_stands_for_sources_and_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    row = table.find("nanodet")
    identities = {weights.identity(name) for name in weights.names()}
    assert len(identities) == len(weights.names())
    assert re.fullmatch("[0-9a-f]{16}", row.identity)
    assert dataclasses.replace(row, note="other", licence="other").identity == row.identity
    changed = dataclasses.replace(row.files[1], sha256="0" * 64)
    assert dataclasses.replace(row, files=(row.files[0], changed)).identity != row.identity
    before = row.identity
    monkeypatch.setattr(table, "CONVERTER_VERSIONS", {"tfjs": 1000})
    assert row.identity != before


def test_importing_is_cheap() -> None:
    code = (
        "import sys, contrapposto.weights as w; w.identity('nanodet');"
        "print([m for m in ('onnx', 'onnxruntime', 'torch', 'filelock', 'numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
