"""Reads PyTorch checkpoints of the format before 1.6 without PyTorch: a state dict of arrays, and nothing else.

The file is a row of pickles (a magic number, a version, facts of the machine, the state dict, the keys of the
storages), then of each storage its number of values, 8 bytes, and the values, little-endian. Only the few names
that a state dict needs are resolved, so that no code of the file is run.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001

KINDS = {"FloatStorage": np.dtype("<f4"), "HalfStorage": np.dtype("<f2"), "LongStorage": np.dtype("<i8")}
"""Of the values of a storage, by its name in the module torch."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Part of a storage: its key, and where in it the values are, counted in values."""

    key: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Pickles(pickle.Unpickler):
    """Knows ordered dicts, storages and tensors; notes the kind and length of each storage that is spoken of."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, tuple[np.dtype[Any], int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Raises UnpicklingError for anything that is no part of a state dict."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a state dict")

    def persistent_load(self, stated: Any) -> str:
        """The key of a storage."""
        what, kind, key, _, length, view = stated
        if what != "storage" or view is not None:
            raise pickle.UnpicklingError(f"{what} is no storage of its own")
        self.storages[key] = (kind, int(length))
        return str(key)


def _tensor(key: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> _Tensor:
    return _Tensor(key, offset, tuple(shape), tuple(strides))


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays by name, in the order of the file. Raises OSError, EOFError, and ValueError or UnpicklingError when
    the file is something else."""
    with path.open("rb") as file:
        if [pickle.Unpickler(file).load(), pickle.Unpickler(file).load()] != [MAGIC, VERSION]:
            raise ValueError("it does not begin as a checkpoint does")
        _Pickles(file).load()  # facts of the machine
        pickles = _Pickles(file)
        state, storages = pickles.load(), pickles.storages
        if not isinstance(state, Mapping):
            raise ValueError("it holds no state dict")
        values = {key: _values(file, *storages[key]) for key in _Pickles(file).load()}
    return {name: _view(values, tensor) for name, tensor in state.items() if isinstance(tensor, _Tensor)}


def _values(file: BinaryIO, kind: np.dtype[Any], length: int) -> NDArray[Any]:
    stated = int.from_bytes(file.read(8), "little")
    data = file.read(length * kind.itemsize)
    if stated != length or len(data) != length * kind.itemsize:
        raise ValueError("it is cut short")
    return np.frombuffer(data, kind)


def _view(values: Mapping[str, NDArray[Any]], tensor: _Tensor) -> NDArray[Any]:
    stored = values[tensor.key]
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if min(tensor.offset, *tensor.strides, 0) < 0 or (0 not in tensor.shape and last >= len(stored)):
        raise ValueError("a tensor reaches beyond its storage")
    steps = [step * stored.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(stored[tensor.offset :], tensor.shape, steps, writeable=False).copy()
