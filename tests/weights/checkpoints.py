"""Writes checkpoints as PyTorch before 1.6 did, without PyTorch."""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {"<f4": "FloatStorage", "<f2": "HalfStorage", "<i8": "LongStorage"}


def _named(module: str, name: str) -> Any:
    """A function that pickles as module.name."""

    def stand_in(*_: Any) -> None:
        raise AssertionError("only its name is written")

    stand_in.__module__, stand_in.__qualname__, stand_in.__name__ = module, name, name
    return stand_in


class _Storage:
    def __init__(self, key: str, values: NDArray[Any]) -> None:
        self.key, self.values = key, values


class _Reduced:
    """Pickles as the call of a function."""

    def __init__(self, function: Any, given: tuple[Any, ...]) -> None:
        self.given = (function, given)

    def __reduce__(self) -> Any:
        return self.given


class _Pickler(pickle.Pickler):
    kinds: Mapping[str, Any] = {}

    def persistent_id(self, thing: Any) -> Any:
        if isinstance(thing, _Storage):
            kind = self.kinds[KINDS[thing.values.dtype.str]]
            return ("storage", kind, thing.key, "cpu", len(thing.values), None)
        return None


def checkpoint(state: Mapping[str, NDArray[Any]]) -> bytes:
    """A state dict as a file: each array in a storage of its own, one value into it where there is room."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    rebuild = _named("torch._utils", "_rebuild_tensor_v2")
    kinds = {name: _named("torch", name) for name in KINDS.values()}
    utils._rebuild_tensor_v2 = rebuild  # type: ignore[attr-defined]
    for name, kind in kinds.items():
        setattr(torch, name, kind)
    storages, tensors = [], OrderedDict()
    for number, (name, array) in enumerate(state.items()):
        flat = np.concatenate([np.zeros(1, array.dtype), array.ravel()])
        storages.append(_Storage(str(number), flat))
        strides = tuple(step // array.itemsize for step in array.strides)
        given = (storages[-1], 1, array.shape, strides, False, OrderedDict())
        tensors[name] = _Reduced(rebuild, given)
    before = {name: sys.modules.get(name) for name in ("torch", "torch._utils")}
    sys.modules.update({"torch": torch, "torch._utils": utils})
    try:
        file = io.BytesIO()
        for fact in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(fact, file, 2)
        pickler = _Pickler(file, 2)
        pickler.kinds = kinds
        pickler.dump(tensors)
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
    pickle.dump([storage.key for storage in storages], file, 2)
    for storage in storages:
        file.write(len(storage.values).to_bytes(8, "little") + storage.values.tobytes())
    return file.getvalue()
