"""Checkpoints are read as PyTorch reads them, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto.weights.checkpoint import read_state_dict
from tests.weights.checkpoints import checkpoint


def state() -> dict[str, Any]:
    rng = np.random.default_rng(3)
    return {
        "one.weight": rng.normal(size=(4, 3, 2)).astype(np.float32),
        "half": rng.normal(size=5).astype(np.float16),
        "batches": np.array(7, np.int64),
        "none": np.zeros((0, 3), np.float32),
    }


def test_arrays_come_back(tmp_path: Path) -> None:
    path = tmp_path / "state.pth"
    path.write_bytes(checkpoint(state()))
    found = read_state_dict(path)
    assert list(found) == list(state())
    for name, wanted in state().items():
        assert found[name].dtype == wanted.dtype
        np.testing.assert_array_equal(found[name], wanted)


def test_pytorch_reads_the_same(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    tensors = {name: torch.from_numpy(array) for name, array in state().items() if array.ndim}
    tensors["turned"] = torch.arange(6, dtype=torch.float32).reshape(2, 3).T
    tensors["part"] = torch.arange(10, dtype=torch.float32)[3:7]
    torch.save(tensors, tmp_path / "torch.pth", _use_new_zipfile_serialization=False)
    found = read_state_dict(tmp_path / "torch.pth")
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "state.pth"
    path.write_bytes(checkpoint(state())[:kept])
    with pytest.raises((ValueError, EOFError, pickle.UnpicklingError)):
        read_state_dict(path)


class Harmful:
    def __reduce__(self) -> Any:
        return (os.system, ("true",))


def test_code_of_the_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "state.pth"
    path.write_bytes(b"".join(pickle.dumps(fact, 2) for fact in (0x1950A86A20F9469CFC6C, 1001, {}, Harmful())))
    with pytest.raises(pickle.UnpicklingError, match="no part of a state dict"):
        read_state_dict(path)
